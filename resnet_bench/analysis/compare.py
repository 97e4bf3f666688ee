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
from resnet_bench.analysis.metric import Direction, ExactMetric, Metric, Source
from resnet_bench.analysis.metrics import EXACT_METRICS, NOISY_METRICS, POSITION, find_metric
from resnet_bench.analysis.ratio import LogRatio, holm, log_ratio
from resnet_bench.machine.names import named_like
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
    baseline: Digest,
    contender: Digest,
    *,
    across: Collection[str] = (),
    bands: Iterable[Band] = (),
    warnings: Sequence[str] = (),
) -> VerdictTable:
    """Judge every metric of every case of either side.

    Args:
        baseline: the side that ratios are relative to.
        contender: the other side.
        across: kinds of difference that are allowed, as `comparability.KINDS` names them.
        bands: noise bands of this machine; they outrank the baseline's learnt ones and the defaults.
        warnings: what the table shall say below its rows.
    """
    baseline = named_like(baseline, contender)
    chosen = {band.metric: band for band in (*DEFAULT_BANDS, *baseline.bands, *bands)}
    pairs, alone = _match(baseline, contender, across)
    rows = _judge(pairs, chosen) + alone
    used = {row.metric for row in rows}
    return VerdictTable(
        baseline=baseline.name,
        contender=contender.name,
        differences=summarize_differences([difference for pair in pairs for difference in pair.differences]),
        bands=tuple(chosen[metric.name] for metric in NOISY_METRICS if metric.name in used),
        comparisons=tuple(sorted(rows, key=lambda row: POSITION[row.metric])),
        means=geometric_means(rows),
        counts={verdict.value: sum(row.verdict is verdict for row in rows) for verdict in Verdict},
        warnings=(*warnings, *_side_warnings(baseline), *_side_warnings(contender)),
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
    """Pair cases by identity, then by workload where only machine, device or threads differ; list those left alone."""
    partners = {it.case: it for it in contender.cases}
    by_workload: dict[Case, list[CaseDigest]] = {}
    shared = {it.case for it in baseline.cases} & partners.keys()
    for it in contender.cases:
        if it.case not in shared:
            by_workload.setdefault(_workload(it.case), []).append(it)
    pairs, alone = [], []
    for left in baseline.cases:
        candidates = by_workload.get(_workload(left.case), [])
        right = partners[left.case] if left.case in shared else candidates.pop(0) if candidates else None
        if right is None:
            alone += _alone(left, missing_in=contender, sides=("baseline", "contender"))
        else:
            found = differences(left, right, sides=(baseline, contender), across=across)
            pairs.append(_Pair(baseline=left, contender=right, differences=found))
    for left_over in by_workload.values():
        for it in left_over:
            alone += _alone(it, missing_in=baseline, sides=("contender", "baseline"))
    return pairs, alone


def _workload(case: Case) -> Case:
    return msgspec.structs.replace(case, device="", threads=0, machine="")


def _alone(subject: CaseDigest, *, missing_in: Digest, sides: tuple[str, str]) -> list[Comparison]:
    """Return a not comparable row for each metric of a case that the other side did not measure."""
    skip = next((skip for skip in missing_in.skips if skip.case == subject.case), None)
    why = f"skipped in the {sides[1]}: {skip.reason.value}" if skip else f"not measured in the {sides[1]}"
    summaries = {summary.metric: summary for summary in subject.summaries}
    values: dict[str, float] = {**subject.exact, **{name: summary.median for name, summary in summaries.items()}}
    return [
        Comparison(
            case=subject.case,
            contender_case=subject.case,
            metric=name,
            baseline=value if sides[0] == "baseline" else None,
            contender=value if sides[0] == "contender" else None,
            ratio=None,
            interval=None,
            baseline_summary=summaries.get(name) if sides[0] == "baseline" else None,
            contender_summary=summaries.get(name) if sides[0] == "contender" else None,
            verdict=Verdict.NOT_COMPARABLE,
            reason=why,
        )
        for name, value in values.items()
    ]


# --- judging one row ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A noisy row whose verdict waits for the family-wise decision."""

    row: Comparison
    estimate: LogRatio
    band: float


def _judge(pairs: Sequence[_Pair], bands: dict[str, Band]) -> list[Comparison]:
    """Judge exact metrics at once, and noisy ones together."""
    rows: list[Comparison] = []
    candidates: list[_Candidate] = []
    for pair in pairs:
        rows += [row for metric in EXACT_METRICS if (row := _exact_row(pair, metric)) is not None]
        for metric in NOISY_METRICS:
            judged = _noisy_row(pair, metric, bands[metric.name].width)
            if isinstance(judged, _Candidate):
                candidates.append(judged)
            elif judged is not None:
                rows.append(judged)
    significant = holm([candidate.estimate.p_beyond(candidate.band) for candidate in candidates])
    return rows + [
        _decided(candidate, significant=claim, family=len(candidates))
        for candidate, claim in zip(candidates, significant, strict=True)
    ]


def _exact_row(pair: _Pair, metric: ExactMetric) -> Comparison | None:
    left, right = pair.baseline.exact.get(metric.name), pair.contender.exact.get(metric.name)
    if left is None and right is None:
        return None
    blank = _blank(pair, metric, left, right)
    if left is None or right is None:
        return msgspec.structs.replace(blank, reason=_missing_value(left))
    if metric.source is Source.LAUNCH and pair.refused:
        return msgspec.structs.replace(blank, reason=_refusal(pair))
    if left == right:
        return msgspec.structs.replace(blank, verdict=Verdict.UNCHANGED, reason="exactly equal")
    return msgspec.structs.replace(
        blank,
        verdict=changed_verdict(metric, right > left),
        reason=f"an exact metric differs by {right - left:+,}",
    )


def _noisy_row(pair: _Pair, metric: Metric, band: float) -> Comparison | _Candidate | None:
    left = next((it for it in pair.baseline.summaries if it.metric == metric.name), None)
    right = next((it for it in pair.contender.summaries if it.metric == metric.name), None)
    if left is None and right is None:
        return None
    blank = _blank(pair, metric, left.median if left else None, right.median if right else None)
    blank = msgspec.structs.replace(blank, baseline_summary=left, contender_summary=right, band=band)
    if left is None or right is None:
        return msgspec.structs.replace(blank, reason=_missing_value(left))
    if pair.refused:
        return msgspec.structs.replace(blank, ratio=None, reason=_refusal(pair))
    estimate = log_ratio(left.launch_medians, right.launch_medians)
    if estimate is None:
        return _without_spread(blank, left, right)
    return _Candidate(row=blank, estimate=estimate, band=band)


def _without_spread(blank: Comparison, left: Summary, right: Summary) -> Comparison:
    if min(left.launches, right.launches) < 2:  # noqa: PLR2004 - one launch has no spread
        side = "baseline" if left.launches < 2 else "contender"  # noqa: PLR2004
        reason = f"a single launch in the {side} says nothing about launch noise: measure at least 6"
        return msgspec.structs.replace(blank, verdict=Verdict.INCONCLUSIVE, reason=reason)
    if left.launch_medians == right.launch_medians:
        return msgspec.structs.replace(blank, verdict=Verdict.UNCHANGED, reason="equal, and 0 in some launch")
    reason = "some launch measured 0, so there is no ratio"
    return msgspec.structs.replace(blank, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _decided(candidate: _Candidate, *, significant: bool, family: int) -> Comparison:
    estimate, band = candidate.estimate, candidate.band
    interval = estimate.interval()
    beyond = interval.low > 1 + band or interval.high < 1 / (1 + band)
    within = 1 / (1 + band) <= interval.low and interval.high <= 1 + band
    more = None
    text, width = interval_text(interval), units.percent_short(band)
    if significant:
        verdict = changed_verdict(find_metric(candidate.row.metric), estimate.ratio > 1)
        reason = f"interval {text} lies beyond the noise band of {width}"
    elif within:
        verdict = Verdict.UNCHANGED
        reason = f"interval {text} lies within the noise band of {width}"
    else:
        verdict = Verdict.INCONCLUSIVE
        more = estimate.more_launches(band, family=family)
        problem = (
            f"interval {text} lies beyond the noise band of {width}, but not surely enough for one row of {family}"
            if beyond
            else f"interval {_change(interval.low)} to {_change(interval.high)} "
            + ("is wider than the band" if interval.low < 1 < interval.high else "reaches over the edge of the band")
            + f" of {width}"
        )
        reason = f"{problem}: {_advice(more)}"
    return msgspec.structs.replace(
        candidate.row,
        ratio=estimate.ratio,
        interval=interval,
        detectable=estimate.detectable(band, family=family),
        more_launches=more,
        verdict=verdict,
        reason=reason,
    )


def _advice(more: int | None) -> str:
    if more is None:
        return "200 more launches would not decide"
    return f"{more} more launch{'' if more == 1 else 'es'} would decide"


def _change(ratio: float) -> str:
    return units.change(ratio)


def _blank(pair: _Pair, metric: Metric, left: float | None, right: float | None) -> Comparison:
    return Comparison(
        case=pair.baseline.case,
        contender_case=pair.contender.case,
        metric=metric.name,
        baseline=left,
        contender=right,
        ratio=right / left if left and right is not None else None,
        interval=None,
        verdict=Verdict.NOT_COMPARABLE,
        reason="",
    )


def _missing_value(left: object) -> str:
    return f"measured in the {'contender' if left is None else 'baseline'} alone"


def _refusal(pair: _Pair) -> str:
    fields = [
        f"{difference.field} ({difference.baseline} and {difference.contender})" for difference in pair.refused[:2]
    ]
    more = f" and {len(pair.refused) - 2} more" if len(pair.refused) > 2 else ""  # noqa: PLR2004 - two are named
    kinds = ",".join(dict.fromkeys(difference.kind for difference in pair.refused))
    return f"sides differ in {', '.join(fields)}{more}; --across {kinds} allows that"


def _side_warnings(side: Digest) -> list[str]:
    missing = f"{side.name} is incomplete: {len(side.missing)} planned cases were not measured."
    return [*side.warnings, *([missing] if side.missing else [])]
