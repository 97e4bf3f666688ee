"""Pairs of cases to rows with verdicts: exact metrics at once, noisy ones together.

A noisy row is changed only where Holm's procedure over the whole table rejects "the ratio lies within the noise
band"; it is unchanged only where its interval lies within the band. Everything between is inconclusive and says what
would decide. The band covers what separate runs of one revision may differ by: no statistic over the launches of two
runs can see that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.metric import ComputedMetric, Direction, ExactMetric, Metric, Source
from resnet_bench.analysis.metrics import EXACT_METRICS, NOISY_METRICS, TIMINGS, find_metric
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.analysis.verdicts.comparability import allowing
from resnet_bench.analysis.verdicts.figures import chosen
from resnet_bench.analysis.verdicts.forecast import COUNTS, Forecast, more_launches
from resnet_bench.analysis.verdicts.matching import Pair
from resnet_bench.analysis.verdicts.ratio import LogRatio, holm, log_ratio
from resnet_bench.records import Band, BandSource, Comparison, Figures, Interval, Summary, Verdict
from resnet_bench.words import counted

MEASURE_ENOUGH = "measure at least 6"
_NAMED = 2


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A noisy row whose verdict waits for the family-wise decision."""

    row: Comparison
    estimate: LogRatio
    band: Band


def judge(
    pairs: Sequence[Pair], bands: Mapping[tuple[str, Figures], Band], *, figures: Figures = Figures.CORRECTED
) -> list[Comparison]:
    """Return a row for every metric of every pair.

    Args:
        pairs: cases that stand against each other.
        bands: the noise band of each noisy metric, by its name and by which figures are compared.
        figures: RAW compares what was measured, CORRECTED what is corrected for drift where both sides have it.
    """
    rows: list[Comparison] = []
    candidates: list[_Candidate] = []
    for pair in pairs:
        rows += [row for metric in EXACT_METRICS if (row := _exact_row(pair, metric)) is not None]
        for metric in NOISY_METRICS:
            judged = _noisy_row(pair, metric, bands, figures)
            if isinstance(judged, _Candidate):
                candidates.append(judged)
            elif judged is not None:
                rows.append(judged)
    significant = holm([candidate.estimate.p_beyond(candidate.band.width) for candidate in candidates])
    return rows + [
        _decided(candidate, significant=claim, family=len(candidates))
        for candidate, claim in zip(candidates, significant, strict=True)
    ]


def changed_verdict(metric: Metric, ratio_above_one: bool) -> Verdict:  # noqa: FBT001 - one plain fact
    """Return improved or regressed by the metric's direction."""
    worse = ratio_above_one is (metric.direction is Direction.LOWER)
    return Verdict.REGRESSED if worse else Verdict.IMPROVED


def _exact_row(pair: Pair, metric: ExactMetric) -> Comparison | None:
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


def _noisy_row(
    pair: Pair, metric: Metric, bands: Mapping[tuple[str, Figures], Band], figures: Figures
) -> Comparison | _Candidate | None:
    left = next((it for it in pair.baseline.summaries if it.metric == metric.name), None)
    right = next((it for it in pair.contender.summaries if it.metric == metric.name), None)
    if left is None and right is None:
        return None
    blank = _blank(pair, metric, left.median if left else None, right.median if right else None)
    band = bands[metric.name, Figures.RAW]
    blank = msgspec.structs.replace(blank, baseline_summary=left, contender_summary=right, band=band.width)
    if left is None or right is None:
        return msgspec.structs.replace(blank, reason=_missing_value(left))
    if pair.refused:
        return msgspec.structs.replace(blank, ratio=None, reason=_refusal(pair))
    sides = chosen(metric, left, right, same_machine=pair.same_machine, wanted=figures)
    estimate = log_ratio(sides.baseline.launch_medians, sides.contender.launch_medians, doubt=sides.doubt)
    if estimate is None and isinstance(metric, ComputedMetric) and min(left.median, right.median) > 0:
        return _computed_row(blank, metric, band.width)
    if estimate is None:
        return _without_spread(blank, left, right)
    corrected = sides.kind is Figures.CORRECTED
    band = bands[metric.name, sides.kind]
    row = msgspec.structs.replace(
        blank,
        band=band.width,
        baseline=sides.baseline.median,
        contender=sides.contender.median,
        figures=sides.kind,
        raw_ratio=right.median / left.median if corrected and left.median else None,
    )
    return _Candidate(row=row, estimate=estimate, band=band)


def _computed_row(blank: Comparison, metric: Metric, band: float) -> Comparison:
    """Judge by the values themselves: no noise of a machine is in them."""
    ratio = blank.ratio or 1.0
    within = 1 / (1 + band) <= ratio <= 1 + band
    interval = Interval(low=ratio, high=ratio, confidence=CONFIDENCE)
    return msgspec.structs.replace(
        blank,
        interval=interval,
        judged=interval,
        verdict=Verdict.UNCHANGED if within else changed_verdict(metric, ratio > 1),
        reason=f"computed, not timed: the ratio {units.ratio(ratio)} lies {'within' if within else 'beyond'} the band "
        f"of {units.percent_short(band)}",
    )


def _without_spread(blank: Comparison, left: Summary, right: Summary) -> Comparison:
    if min(left.launches, right.launches) < 2:  # noqa: PLR2004 - one launch has no spread
        side = "baseline" if left.launches < 2 else "contender"  # noqa: PLR2004
        reason = f"a single launch in the {side} says nothing about launch noise: {MEASURE_ENOUGH}"
        return msgspec.structs.replace(blank, verdict=Verdict.INCONCLUSIVE, reason=reason)
    if blank.metric in {metric.name for metric in TIMINGS}:
        side = "baseline" if min(left.launch_medians) <= 0 else "contender"
        return msgspec.structs.replace(
            blank, reason=f"a launch of the {side} took no time, which none can: measure it anew"
        )
    if left.launch_medians == right.launch_medians:
        return msgspec.structs.replace(blank, verdict=Verdict.UNCHANGED, reason="equal, and 0 in some launch")
    reason = "some launch measured 0, so there is no ratio"
    return msgspec.structs.replace(blank, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _decided(candidate: _Candidate, *, significant: bool, family: int) -> Comparison:
    estimate, band = candidate.estimate, candidate.band
    interval = estimate.interval()
    verdict = _verdict(candidate, interval, significant=significant)
    more = more_launches(estimate, band.width, family=family) if verdict is Verdict.INCONCLUSIVE else None
    return msgspec.structs.replace(
        candidate.row,
        ratio=estimate.ratio,
        interval=interval,
        judged=interval if band.source is BandSource.DEFAULT else estimate.interval_between_runs(band.width),
        detectable=estimate.detectable(band.width, family=family),
        more_launches=more.launches if more else None,
        more_probability=more.probability if more else None,
        verdict=verdict,
        reason=_reason(verdict, estimate, interval, band.width, family=family, more=more),
    )


def _verdict(candidate: _Candidate, interval: Interval, *, significant: bool) -> Verdict:
    width = candidate.band.width
    if significant:
        return changed_verdict(find_metric(candidate.row.metric), candidate.estimate.ratio > 1)
    within = 1 / (1 + width) <= interval.low and interval.high <= 1 + width
    return Verdict.UNCHANGED if within else Verdict.INCONCLUSIVE


def _reason(
    verdict: Verdict, estimate: LogRatio, interval: Interval, band: float, *, family: int, more: Forecast | None
) -> str:
    text, width = interval_words.bounds(interval), units.percent_short(band)
    if verdict is Verdict.UNCHANGED:
        return f"interval {text} lies within the noise band of {width}"
    if verdict is not Verdict.INCONCLUSIVE:
        return f"interval {text} lies beyond the noise band of {width}"
    if not interval_words.tells(estimate.ratio, interval):
        problem = f"interval {interval_words.unknown(estimate.launches)}"
        if min(estimate.launches) < MIN_LAUNCHES:
            return f"{problem} say next to nothing about launch noise: {MEASURE_ENOUGH}"
        return f"{problem}, and {_advice(more)}"
    if interval.low > 1 + band or interval.high < 1 / (1 + band):
        problem = (
            f"interval {text} lies beyond the noise band of {width}, but not surely enough for one row of {family}"
        )
    else:
        reaches = "is wider than the band" if interval.low < 1 < interval.high else "reaches over the edge of the band"
        problem = f"interval {units.change(interval.low)} to {units.change(interval.high)} {reaches} of {width}"
    return f"{problem}: {_advice(more)}"


def _advice(more: Forecast | None) -> str:
    if more is None:
        return f"{COUNTS[-1]} more launches would not surely decide"
    sure = units.percent_short(more.probability)
    return f"{counted(more.launches, 'more launch', 'more launches')} a side would decide with a probability of {sure}"


def _blank(pair: Pair, metric: Metric, left: float | None, right: float | None) -> Comparison:
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


def _refusal(pair: Pair) -> str:
    fields = [f"{it.field} ({it.baseline} and {it.contender})" for it in pair.refused[:_NAMED]]
    more = f" and {len(pair.refused) - _NAMED} more" if len(pair.refused) > _NAMED else ""
    return f"sides differ in {', '.join(fields)}{more}; --across {allowing(pair.refused)} allows that"
