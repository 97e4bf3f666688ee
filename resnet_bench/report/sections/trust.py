"""How far the figures of a report can be trusted, in a sentence: the first thing that a reader should know of them."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import NOISY_SPREAD, Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.records import Band, BandSource, Figures, Summary
from resnet_bench.report.document import Health, Severity
from resnet_bench.report.labels import Labels
from resnet_bench.words import counted

_SHARP = 0.02
_ROUGH = 0.10
GLOSSARY = (
    (
        "interval, ±",
        (
            f"Where the figure lies in {CONFIDENCE_TEXT} of such runs, judged by how launches (fresh processes) "
            "differ. What separate runs differ by, on another day, is not in it: resnet-bench calibrate measures that."
        ),
    ),
    (
        "noisy",
        (
            f"A case whose launches differ by more than {units.percent_short(NOISY_SPREAD)} of its latency, corrected "
            "for drift where a reference stood beside it; without one also a case whose samples spread by so much."
        ),
    ),
    (
        "frontier",
        "The models that are worth choosing by two measures: nothing else is better in one and as good in the other.",
    ),
    (
        "steady, usable, rough",
        (
            f"How well half of the cases' throughputs are known: within ±{units.percent_short(_SHARP)}, within "
            f"±{units.percent_short(_ROUGH)}, or less well. Only differences larger than that are seen."
        ),
    ),
    ("not separable", "These launches cannot tell which of the two is better; more of them may."),
)


def trust(results: Sequence[Result], labels: Labels, bands: Sequence[Band] = ()) -> Health | None:
    """Return the verdict, None where nothing was measured; `bands` say what separate runs differ by here."""
    measured = [(it, it.throughput) for it in results if it.throughput]
    if not measured:
        return None
    fewest = min(of.launches for _, of in measured)
    if fewest < MIN_LAUNCHES:
        return Health(
            severity=Severity.NOTICE,
            text=f"Differences are not proven: {counted(fewest, 'launch', 'launches')} a case give no interval.",
        )
    widths = [_half_width(of) for _, of in measured]
    middle, widest = statistics.median(widths), max(widths)
    severity = Severity.GOOD if middle <= _SHARP else Severity.NOTICE if middle <= _ROUGH else Severity.BAD
    word = {Severity.GOOD: "Steady", Severity.NOTICE: "Usable", Severity.BAD: "Rough"}[severity]
    least = measured[widths.index(widest)][0]
    said = (
        f"the throughput of half of the cases is known {_within(middle)}, that of the least sure one, "
        f"{labels.series(least.case, run=least.run)} at batch size {least.case.batch_size}, {_within(widest)}"
        if len(widths) > 1
        else f"throughput is known {_within(middle)}"
    )
    return Health(severity=severity, text=f"{word}: {said} ({CONFIDENCE_TEXT}, within this run){_between_runs(bands)}.")


def _between_runs(bands: Sequence[Band]) -> str:
    # The intervals of the sentence are of figures as they were measured.
    of_raw = (it for it in bands if it.metric == THROUGHPUT.name and it.figures is Figures.RAW)
    known = [it.width for it in of_raw if it.source is not BandSource.DEFAULT]
    return f"; figures of separate runs differ by up to {units.percent_short(known[0])} here" if known else ""


def _half_width(summary: Summary) -> float:
    interval = summary.interval
    if interval is None or not summary.median:
        return 0.0
    return max(interval.high - summary.median, summary.median - interval.low) / summary.median


def _within(share: float) -> str:
    said = units.interval_percent(share)
    return f"within {said}" if said.startswith("±") else "not at all"
