"""How far the figures of a report can be trusted, in a sentence: the first thing that a reader should know of them."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import NOISY_SPREAD, Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.records import Band, BandSource, Summary
from resnet_bench.report.document import Health, Severity
from resnet_bench.words import counted

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
            "A case whose samples spread, or whose launches differ, by more than "
            f"{units.percent_short(NOISY_SPREAD)} of its latency."
        ),
    ),
    (
        "frontier",
        "The models that are worth choosing by two measures: nothing else is better in one and as good in the other.",
    ),
    ("not separable", "These launches cannot tell which of the two is better; more of them may."),
)
_SHARP = 0.02
_ROUGH = 0.10


def trust(results: Sequence[Result], bands: Sequence[Band] = ()) -> Health | None:
    """Return the verdict, None where nothing was measured; `bands` say what separate runs differ by here."""
    summaries = [it.throughput for it in results if it.throughput]
    if not summaries:
        return None
    fewest = min(it.launches for it in summaries)
    if fewest < MIN_LAUNCHES:
        return Health(
            severity=Severity.NOTICE,
            text=f"Differences are not proven: {counted(fewest, 'launch', 'launches')} a case give no interval.",
        )
    widths = [_half_width(it) for it in summaries]
    middle, widest = statistics.median(widths), max(widths)
    severity = Severity.GOOD if middle <= _SHARP else Severity.NOTICE if middle <= _ROUGH else Severity.BAD
    word = {Severity.GOOD: "Steady", Severity.NOTICE: "Usable", Severity.BAD: "Rough"}[severity]
    worst = f", the least sure {_within(widest)}" if len(widths) > 1 else ""
    return Health(
        severity=severity,
        text=f"{word}: throughput is known {_within(middle)}{' in the median' if worst else ''}{worst} "
        f"({CONFIDENCE_TEXT}, within this run){_between_runs(bands)}.",
    )


def _between_runs(bands: Sequence[Band]) -> str:
    known = [it.width for it in bands if it.metric == THROUGHPUT.name and it.source is not BandSource.DEFAULT]
    return f"; figures of separate runs differ by up to {units.percent_short(known[0])} here" if known else ""


def _half_width(summary: Summary) -> float:
    interval = summary.interval
    if interval is None or not summary.median:
        return 0.0
    return max(interval.high - summary.median, summary.median - interval.low) / summary.median


def _within(share: float) -> str:
    said = units.interval_percent(share)
    return f"within {said}" if said.startswith("±") else "not at all"
