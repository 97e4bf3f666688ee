"""The ratio of two noisy metrics from the launch medians of both sides: estimate, interval, evidence, reach.

Trimmed means of logarithms (`analysis.location`), so that one slow launch hides nothing, swapping the sides inverts
everything and units cancel. A claim is made against a noise band: the null hypothesis is "the true ratio lies within
the band", not "the true ratio is exactly 1".

Trimming costs degrees of freedom, and in a table of 160 rows that is dear: with six launches a change of 10 % at 1 %
noise would be found in 53 of 100, without it in 99. So the plain means, which prove it where no launch is wild, have
a part of the error rate: a p value is the smaller of 1.2 times the robust one and 4 times the plain one. The two agree
so often that the rate is kept (simulated at the band's edge, 6 to 20 launches, down to a rate of 6e-5). The interval is
the robust one, and nothing is claimed that it does not prove by itself: 10 % there are found in 95 of 100.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.location import Location, Shift, doubted, robust, robust_cut, shift, trimmed
from resnet_bench.analysis.stats import exponential, t_quantile
from resnet_bench.records import Interval

POWER = 0.95
ROBUST_FACTOR = 1.2
PLAIN_FACTOR = 4.0
_NORMAL_POWER = float(special.ndtri(POWER))
_MOST_LAUNCHES = 200


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """Logarithm of contender / baseline.

    `center` is of the medians that tables show, `robust` and `plain` are of means with and without trimming, equal
    where there are too few launches to trim. `variances` are of one launch of each side, as the robust means see it;
    `doubt` is a standard deviation that launches do not show.
    """

    center: float
    robust: Shift
    plain: Shift
    launches: tuple[int, int]
    variances: tuple[float, float]
    doubt: float = 0.0

    @property
    def ratio(self) -> float:
        """Ratio of the two medians of launch medians."""
        return exponential(self.center)

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return the two-sided interval of the ratio, widened to hold the ratio of medians."""
        half = t_quantile(self.robust.degrees, confidence) * self.robust.error
        low, high = min(self.robust.difference - half, self.center), max(self.robust.difference + half, self.center)
        return Interval(low=exponential(low), high=exponential(high), confidence=confidence)

    def interval_between_runs(self, band: float, confidence: float = CONFIDENCE) -> Interval:
        """Return the interval that also covers what two runs of one revision differ by, of which `band` is the bound.

        Distances from the estimate add by their squares, as those of independent errors do: Zou and Donner,
        "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008).
        """
        launches = self.interval(confidence)
        low, high = (
            math.hypot(self.center - math.log(bound), math.log1p(band)) for bound in (launches.low, launches.high)
        )
        return Interval(low=exponential(self.center - low), high=exponential(self.center + high), confidence=confidence)

    def p_beyond(self, band: float) -> float:
        """Return the two-sided p value of "the ratio lies within the band"; 1 where means or medians do."""
        edge = math.log1p(band)
        if abs(self.center) <= edge or self.robust.difference * self.center < 0:
            return 1.0
        alone = _p_beyond(self.robust, edge)
        if self.plain == self.robust or alone > 1 - CONFIDENCE:
            return alone
        return min(1.0, alone * ROBUST_FACTOR, _p_beyond(self.plain, edge) * PLAIN_FACTOR)

    def detectable(self, band: float, *, family: int = 1) -> float:
        """Return the relative change that is found with probability `POWER` in a table of `family` rows.

        The error of other launches will be another: the normal approximation of the non-central t (Johnson and Welch,
        "Applications of the non-central t-distribution", Biometrika 31 (1940)).
        """
        alpha = (1 - CONFIDENCE) / family
        needed = t_quantile(self.robust.degrees, 1 - alpha) * self.robust.error
        if self.plain != self.robust:
            by_robust = t_quantile(self.robust.degrees, 1 - alpha / ROBUST_FACTOR) * self.robust.error
            by_plain = t_quantile(self.plain.degrees, 1 - alpha / PLAIN_FACTOR) * self.plain.error
            alone = t_quantile(self.robust.degrees, CONFIDENCE) * self.robust.error
            needed = max(alone, min(by_robust, by_plain))
        power = _NORMAL_POWER * math.sqrt(self.robust.error**2 + needed**2 / (2 * self.robust.degrees))
        return exponential(math.log1p(band) + needed + power) - 1

    def launches_for(self, limit: float, band: float) -> int | None:
        """Return how many launches a side let identical code keep a limit in 95 of 100 runs, or None beyond 200.

        More than the side with fewer of them has: for those that are there the limit is out of reach already.

        Args:
            limit: relative change.
            band: what separate runs may differ by, relative.
        """
        for count in range(min(self.launches) + 1, _MOST_LAUNCHES + 1):
            planned = self._of_launches(count)
            half = math.hypot(t_quantile(planned.degrees, CONFIDENCE) * planned.error, math.log1p(band))
            if half + _NORMAL_POWER * planned.error < math.log1p(limit):
                return count
        return None

    def _of_launches(self, count: int) -> Shift:
        """Return how sure the difference would be of so many launches a side, or of more where a side has them."""
        left, right = (
            Location(mean=0.0, variance=variance / size, degrees=size - 2 * robust_cut(size) - 1)
            for variance, size in zip(self.variances, (max(count, have) for have in self.launches), strict=True)
        )
        return doubted(shift(left, right), self.doubt)


def log_ratio(baseline: Sequence[float], contender: Sequence[float], *, doubt: float = 0.0) -> LogRatio | None:
    """Compare launch medians (same unit, positive); None where a side has fewer than two or a value is not positive.

    `doubt` is a standard deviation of the logarithm that launches do not show; it adds to the errors.
    """
    if min(len(baseline), len(contender)) < 2 or min(*baseline, *contender) <= 0:  # noqa: PLR2004 - no spread of one
        return None
    logs = [np.log(side) for side in (baseline, contender)]
    left, right = (robust(side) for side in logs)
    return LogRatio(
        center=float(np.log(np.median(contender)) - np.log(np.median(baseline))),
        robust=doubted(shift(left, right), doubt),
        plain=doubted(shift(*(trimmed(side, 0) for side in logs)), doubt),
        launches=(len(baseline), len(contender)),
        variances=(left.variance * len(baseline), right.variance * len(contender)),
        doubt=doubt,
    )


def degrees(launches: int) -> int:
    """Return the degrees of freedom of two sides with so many launches each."""
    return 2 * (launches - 2 * robust_cut(launches) - 1)


def holm(p_values: Sequence[float], alpha: float = 1 - CONFIDENCE) -> tuple[bool, ...]:
    """Return which hypotheses Holm's step-down procedure rejects at family-wise error rate `alpha`."""
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        rejected[index] = True
    return tuple(rejected)


def _p_beyond(found: Shift, edge: float) -> float:
    distance = abs(found.difference) - edge
    if distance <= 0:
        return 1.0
    return min(1.0, 2 * float(special.stdtr(found.degrees, -distance / found.error))) if found.error else 0.0
