"""Two digests to one table of verdicts: match cases, refuse what is not comparable, judge every metric."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from resnet_bench.analysis.metrics import NOISY_METRICS, POSITION, find_metric
from resnet_bench.analysis.verdicts import trend
from resnet_bench.analysis.verdicts.comparability import summarize_differences
from resnet_bench.analysis.verdicts.figures import chosen as by_figures
from resnet_bench.analysis.verdicts.judging import judge
from resnet_bench.analysis.verdicts.matching import Pair, match
from resnet_bench.analysis.verdicts.noise_bands import known_bands
from resnet_bench.machine.names import named_like
from resnet_bench.records import Band, BandSource, Comparison, Digest, Figures, GeometricMean, Verdict, VerdictTable
from resnet_bench.words import counted, listed

DEFAULT_BANDS = tuple(
    Band(metric=metric.name, width=metric.band, source=BandSource.DEFAULT) for metric in NOISY_METRICS
)


def compare(
    baseline: Digest,
    contender: Digest,
    *,
    across: Collection[str] = (),
    bands: Iterable[Band] = (),
    figures: Figures = Figures.CORRECTED,
) -> VerdictTable:
    """Judge every metric of every case of either side.

    Args:
        baseline: the side that ratios are relative to.
        contender: the other side.
        across: kinds of difference that are allowed, as `comparability.KINDS` names them.
        bands: noise bands of this machine; those that the baseline learnt are drawn towards them.
        figures: RAW compares what was measured, CORRECTED what is corrected for drift where both sides have it.
    """
    baseline = named_like(baseline, contender)
    chosen = {(band.metric, band.figures): band for band in (*DEFAULT_BANDS, *known_bands(baseline.bands, bands))}
    for metric in NOISY_METRICS:
        chosen.setdefault((metric.name, Figures.CORRECTED), chosen[metric.name, Figures.RAW])
    pairs, alone = match(baseline, contender, across)
    rows = judge(pairs, chosen, figures=figures) + alone
    # Raw ones too: absolute limits are held against what was measured.
    kinds = {(row.metric, kind) for row in rows for kind in (Figures.RAW, row.figures)}
    used = [(metric.name, kind) for metric in NOISY_METRICS for kind in Figures if (metric.name, kind) in kinds]
    return VerdictTable(
        baseline=baseline.name,
        contender=contender.name,
        differences=summarize_differences([difference for pair in pairs for difference in pair.differences]),
        bands=tuple(dict.fromkeys(chosen[key] for key in used)),
        comparisons=tuple(sorted(rows, key=lambda row: POSITION[row.metric])),
        means=geometric_means(rows),
        counts={verdict.value: sum(row.verdict is verdict for row in rows) for verdict in Verdict},
        warnings=(
            *_why_raw(pairs, figures),
            *_shared_runs(baseline, contender),
            *_of_side(baseline),
            *_of_side(contender),
        ),
    )


def geometric_means(rows: Sequence[Comparison]) -> tuple[GeometricMean, ...]:
    """Return the geometric mean ratio of each noisy metric over its comparable cases."""
    means = []
    for metric in NOISY_METRICS:
        logs = [float(np.log(row.ratio)) for row in rows if row.metric == metric.name and row.ratio]
        if logs:
            means.append(GeometricMean(metric=metric.name, ratio=float(np.exp(np.mean(logs))), cases=len(logs)))
    return tuple(means)


def _why_raw(pairs: Iterable[Pair], figures: Figures) -> Iterator[str]:
    """Say why raw figures are compared where a side has corrected ones."""
    if figures is Figures.RAW:
        return
    reasons: dict[str, None] = {}
    for pair in pairs:
        if pair.refused:
            continue  # nothing measured of it is compared
        right = {it.metric: it for it in pair.contender.summaries}
        for left in pair.baseline.summaries:
            if left.metric in right:
                sides = by_figures(find_metric(left.metric), left, right[left.metric], same_machine=pair.same_machine)
                reasons[sides.why_raw] = None
    for why in filter(None, reasons):
        yield f"figures are compared as they were measured, not corrected for drift: {why}."


def _shared_runs(baseline: Digest, contender: Digest) -> Iterator[str]:
    """Say where figures are compared with themselves: what they cannot differ in is no evidence."""
    if contender.runs and set(baseline.runs) == set(contender.runs):
        yield f"{contender.name} is compared with itself: both sides are {listed(contender.runs)}."
        return
    there = {*baseline.runs, *baseline.merged}
    shared = [it for it in dict.fromkeys((*contender.runs, *contender.merged)) if it in there]
    if shared:
        both = f"{counted(len(shared), 'run')} {'stands' if len(shared) == 1 else 'stand'} on both sides"
        yield f"{both} ({listed(shared)}): the part that it has in {baseline.name} cannot differ from itself."


def _of_side(side: Digest) -> list[str]:
    missing = f"{side.name} is incomplete: {len(side.missing)} planned cases were not measured."
    return [*side.warnings, *([missing] if side.missing else []), *filter(None, [trend.note(side)])]
