"""When to stop measuring launch pairs: a group-sequential t test on log ratios, valid however often it looks.

The mean is trimmed by a tenth at each end from ten pairs on: of 2,615 recorded pairs one in a dozen lay beyond three
robust standard deviations, one in sixty beyond ten.
A claim of change needs significance (|t| beyond a boundary that all looks share) and effect (estimate beyond the
band). The t statistics of nested samples do not depend on the noise's size, so the boundary is a constant; a test
simulates that it keeps `FALSE_ALARM_RATE` over all looks. The first look waits for six pairs: four pairs of
two-state noise (a neighbour that is there or not) agree by chance too often, as recorded rounds showed.
"Unchanged" needs the plain 95 % interval within the band: it errs towards a missed change, never a false alarm.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from resnet_bench import units
from resnet_bench.analysis.location import trimmed
from resnet_bench.analysis.stats import exponential, t_quantile
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.analysis.verdicts.ratio import POWER
from resnet_bench.errors import IncompleteError
from resnet_bench.records import Interval, Verdict
from resnet_bench.records.live import Decision

LOOKS = (6, 8, 10, 13, 16, 20, 26, 32, 40)
FALSE_ALARM_RATE = 0.005
NOMINAL_SHARE = 0.11
TRIMMED_SHARE = 0.1
UNCHANGED_CONFIDENCE = 0.95


def decide(log_ratios: Sequence[float], *, band: float, family: int = 1, lower_is_better: bool = True) -> Decision:
    """Judge launch pairs of one case at the last look that they reach.

    Args:
        log_ratios: log(contender / baseline), one per pair of fresh launches, in time order.
        band: relative change that does not matter.
        family: number of cases that share the false alarm rate.
        lower_is_better: whether a ratio above 1 is worse.

    Raises:
        IncompleteError: a pair has no ratio.
    """
    if not np.isfinite(log_ratios).all():
        raise IncompleteError(
            "a turn of a launch pair took no time, so there is no ratio; compare again with a larger batch."
        )
    pairs = max((look for look in LOOKS if look <= len(log_ratios)), default=0)
    if pairs == 0:
        ratio = exponential(float(np.mean(log_ratios))) if len(log_ratios) else 1.0
        counted = f"{len(log_ratios)} launch pair{'' if len(log_ratios) == 1 else 's'}"
        reason = f"{counted}; the first look is after {LOOKS[0]}"
        return Decision(
            verdict=Verdict.INCONCLUSIVE, ratio=ratio, interval=None, detectable=None, pairs=0, reason=reason
        )
    mean, error = trimmed_mean(log_ratios[:pairs])
    nominal = FALSE_ALARM_RATE * NOMINAL_SHARE / family
    quantile = boundary(pairs, nominal)
    low, high = mean - quantile * error, mean + quantile * error
    edge = math.log1p(band)
    interval = Interval(low=exponential(low), high=exponential(high), confidence=1 - FALSE_ALARM_RATE / family)
    ratio = exponential(mean)
    text = f"interval {interval_words.of_pairs(ratio, interval, pairs)}"
    plain = abs(mean) + t_quantile(_degrees(pairs), UNCHANGED_CONFIDENCE) * error
    if (low > 0 or high < 0) and abs(mean) > edge:
        verdict = Verdict.REGRESSED if (mean > 0) is lower_is_better else Verdict.IMPROVED
        reason = f"{text} excludes 1 and the change is beyond {units.percent_short(band)}"
    elif plain < edge:
        verdict = Verdict.UNCHANGED
        reason = f"change within {units.percent_short(math.expm1(plain))} (95 %), inside {units.percent_short(band)}"
    else:
        verdict = Verdict.INCONCLUSIVE
        more = _more_pairs(mean, error * math.sqrt(pairs), pairs, edge=edge, nominal=nominal)
        enough = f" neither excludes 1 nor is narrow enough for the band of {units.percent_short(band)}:"
        reason = f"{text}{enough if interval_words.tells(ratio, interval) else ', and'} {more}"
    reach = max(quantile * error, edge) + t_quantile(_degrees(pairs), 2 * POWER - 1) * error
    return Decision(
        verdict=verdict,
        ratio=ratio,
        interval=interval,
        detectable=exponential(reach) - 1,
        pairs=pairs,
        reason=reason,
    )


def trimmed_mean(values: Sequence[float]) -> tuple[float, float]:
    """Return the trimmed mean and its standard error."""
    found = trimmed(values, _cut(len(values)))
    return found.mean, found.error


def boundary(pairs: int, nominal: float) -> float:
    """Return what |t| must exceed at a look for two-sided significance at the `nominal` level."""
    return float(special.stdtrit(_degrees(pairs), 1 - nominal / 2))


def _cut(count: int) -> int:
    return int(TRIMMED_SHARE * count)


def _degrees(count: int) -> int:
    return count - 2 * _cut(count) - 1


def _more_pairs(mean: float, spread: float, pairs: int, *, edge: float, nominal: float) -> str:
    """Say after how many more pairs there would be a decision if mean and spread stayed as they are."""
    for look in (look for look in LOOKS if look > pairs):
        error = spread / math.sqrt(look)
        claims = abs(mean) > max(edge, boundary(look, nominal) * error)
        if claims or abs(mean) + t_quantile(_degrees(look), UNCHANGED_CONFIDENCE) * error < edge:
            return f"about {look - pairs} more launch pairs would decide if mean and spread stay as they are"
    return (
        f"{LOOKS[-1]} launch pairs would not decide if they stay as they are; a steadier machine or a wider band would"
    )


def first_decision(log_ratios: Sequence[float], *, band: float) -> Decision:
    """Return the first decision on the way through the looks, or the last look's "inconclusive"."""
    decision = decide((), band=band)
    for pairs in (look for look in LOOKS if look <= len(log_ratios)):
        decision = decide(log_ratios[:pairs], band=band)
        if decision.verdict is not Verdict.INCONCLUSIVE:
            break
    return decision


def detectable_change(spread: float, pairs: int, *, band: float) -> float:
    """Return the change found in 95 of 100 after `pairs` launch pairs whose log ratios spread by `spread`."""
    quantile = boundary(pairs, FALSE_ALARM_RATE * NOMINAL_SHARE)
    error = spread / math.sqrt(pairs)
    power = t_quantile(_degrees(pairs), 2 * POWER - 1) * error
    return exponential(max(quantile * error, math.log1p(band)) + power) - 1
