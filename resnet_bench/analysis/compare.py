"""Two digests to one table of verdicts: match cases, refuse what is not comparable, judge every metric.

A noisy row is changed only where Holm's procedure over the whole table rejects "the ratio lies within the noise
band" and the medians agree; it is unchanged only where its 99 % interval lies within the band. Everything between
is inconclusive and says what would decide. The band covers what separate runs of one revision may differ by:
no statistic over the launches of two runs can see that.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from resnet_bench import units
from resnet_bench.analysis.comparability import differences, summarize_differences
from resnet_bench.analysis.metrics import EXACT_METRICS, METRICS, NOISY_METRICS, Direction, ExactMetric, Metric, Source
from resnet_bench.analysis.ratio import LogRatio, holm, log_ratio
from resnet_bench.analysis.stats import CONFIDENCE
from resnet_bench.records import (
    Band,
    BandSource,
    Case,
    CaseDigest,
    Comparison,
    Difference,
    Digest,
    GeometricMean,
    Interval,
    Summary,
    Verdict,
    VerdictTable,
)

DEFAULT_BANDS = tuple(
    Band(metric=metric.name, width=metric.band, source=BandSource.DEFAULT) for metric in NOISY_METRICS
)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    baseline: CaseDigest
    contender: CaseDigest
    differences: tuple[Difference, ...]

    @property
    def refused(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if not difference.allowed)


def compare(
    baseline: Digest, contender: Digest, *, across: Collection[str] = (), bands: Iterable[Band] = ()
) -> VerdictTable:
    """Judge every metric of every case of either side.

    Args:
        baseline: the side that ratios are relative to.
        contender: the other side.
        across: kinds of difference that are allowed, as `comparability.KINDS` names them.
        bands: noise bands of this machine; they outrank the baseline's learnt ones and the defaults.
    """
    chosen = {band.metric: band for band in (*DEFAULT_BANDS, *baseline.bands, *bands)}
    pairs, alone = _match(baseline, contender, across)
    rows = [row for pair in pairs for row in _rows(pair, chosen)]
    rows = _decide(rows) + alone
    used = {row.metric for row in rows}
    return VerdictTable(
        baseline=baseline.name,
        contender=contender.name,
        differences=summarize_differences([difference for pair in pairs for difference in pair.differences]),
        bands=tuple(chosen[metric.name] for metric in NOISY_METRICS if metric.name in used),
        comparisons=tuple(sorted(rows, key=lambda row: _metric_names().index(row.metric))),
        means=geometric_means(rows),
        counts={verdict.value: sum(row.verdict is verdict for row in rows) for verdict in Verdict},
        warnings=tuple(_side_warnings(baseline) + _side_warnings(contender)),
    )


def changed_verdict(metric: Metric, ratio_above_one: bool) -> Verdict:  # noqa: FBT001 - one plain fact
    """Return improved or regressed by the metric's direction."""
    worse = ratio_above_one is (metric.direction is Direction.LOWER)
    return Verdict.REGRESSED if worse else Verdict.IMPROVED


def geometric_means(rows: Sequence[Comparison]) -> tuple[GeometricMean, ...]:
    """Return the geometric mean ratio of each noisy metric over its comparable cases."""
    means = []
    for metric in NOISY_METRICS:
        logs = [float(np.log(row.ratio)) for row in rows if row.metric == metric.name and row.ratio]
        if logs:
            means.append(GeometricMean(metric=metric.name, ratio=float(np.exp(np.mean(logs))), cases=len(logs)))
    return tuple(means)


def interval_text(interval: Interval) -> str:
    """Return an interval of a ratio as the reason quotes it: 1.021 to 1.034."""
    return f"{units.ratio(interval.low)} to {units.ratio(interval.high)}"


# --- matching ---------------------------------------------------------------------------------------------


def _match(baseline: Digest, contender: Digest, across: Collection[str]) -> tuple[list[_Pair], list[Comparison]]:
    """Pair cases by identity, then by workload where only device or threads differ; list those left alone."""
    partners = {it.case.key: it for it in contender.cases}
    by_workload: dict[tuple[object, ...], list[CaseDigest]] = {}
    shared = {it.case.key for it in baseline.cases} & partners.keys()
    for it in contender.cases:
        if it.case.key not in shared:
            by_workload.setdefault(_workload(it.case), []).append(it)
    pairs, alone = [], []
    for left in baseline.cases:
        candidates = by_workload.get(_workload(left.case), [])
        right = partners[left.case.key] if left.case.key in shared else candidates.pop(0) if candidates else None
        if right is None:
            alone += _alone(left, missing_in=contender)
        else:
            found = differences(left, right, sides=(baseline, contender), across=across)
            pairs.append(_Pair(baseline=left, contender=right, differences=found))
    for left_over in by_workload.values():
        for it in left_over:
            alone += _alone(it, missing_in=baseline)
    return pairs, alone


def _workload(case: Case) -> tuple[object, ...]:
    return (
        case.model,
        case.mode,
        case.batch_size,
        case.image_size,
        case.precision,
        case.memory_format,
        case.executor,
    )


def _alone(subject: CaseDigest, *, missing_in: Digest) -> list[Comparison]:
    """Return a not comparable row for each metric of a case that the other side did not measure."""
    skip = next((skip for skip in missing_in.skips if skip.case.key == subject.case.key), None)
    why = f"skipped in {missing_in.name}: {skip.reason.value}" if skip else f"no such case in {missing_in.name}"
    values = dict(subject.exact) | {summary.metric: summary.median for summary in subject.summaries}
    summaries = {summary.metric: summary for summary in subject.summaries}
    return [
        _one_sided(subject.case, name, value, summaries.get(name), why, in_baseline=False)
        if missing_in.cases and any(it.case.key == subject.case.key for it in missing_in.cases)
        else _one_sided(subject.case, name, value, summaries.get(name), why, in_baseline=True)
        for name, value in values.items()
    ]
