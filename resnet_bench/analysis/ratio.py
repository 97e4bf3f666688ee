"""The ratio of two noisy metrics from the launch medians of both sides: estimate, interval, evidence, reach.

Welch's t on logarithms, so that swapping the sides inverts everything and units cancel. A claim is made against a
noise band: the null hypothesis is "the true ratio lies within the band", not "the true ratio is exactly 1".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.stats import exponential, t_quantile, welch
from resnet_bench.records import Interval

POWER = 0.95
_MOST_LAUNCHES = 200
_NORMAL_POWER = float(special.ndtri(POWER))


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """Logarithm of contender / baseline with the standard error of its mean and Welch's degrees of freedom."""

    center: float
    mean: float
    error: float
    degrees: float
    launches: tuple[int, int]
    variance: float

    @property
    def ratio(self) -> float:
        """Ratio of the two medians of launch medians."""
        return exponential(self.center)

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return the two-sided interval of the ratio, widened to hold the ratio of medians."""
        half = t_quantile(self.degrees, confidence) * self.error
        low, high = min(self.mean - half, self.center), max(self.mean + half, self.center)
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
        """Return the two-sided p value of "the ratio lies within the band"; 1 where mean or median does."""
        distance = abs(self.mean) - math.log1p(band)
        if distance <= 0 or abs(self.center) <= math.log1p(band) or self.mean * self.center < 0:
            return 1.0
        if self.error == 0:
            return 0.0
        return min(1.0, 2 * float(special.stdtr(self.degrees, -distance / self.error)))

    def detectable(self, band: float, *, family: int = 1) -> float:
        """Return the relative change that is found with probability `POWER` in a table of `family` rows."""
        quantiles = t_quantile(self.degrees, 1 - (1 - CONFIDENCE) / family) + t_quantile(self.degrees, 2 * POWER - 1)
        return exponential(math.log1p(band) + quantiles * self.error) - 1

    def launches_for(self, limit: float, band: float) -> int | None:
        """Return how many launches a side let identical code keep a limit in 95 of 100 runs, or None beyond 200.

        Args:
            limit: relative change.
            band: what separate runs may differ by, relative.
        """
        for count in range(2, _MOST_LAUNCHES + 1):
            error = math.sqrt(2 * self.variance / count)
            half = math.hypot(t_quantile(2 * count - 2, CONFIDENCE) * error, math.log1p(band))
            if half + _NORMAL_POWER * error < math.log1p(limit):
                return count
        return None

    def more_launches(self, band: float, *, family: int = 1) -> int | None:
        """Return how many more launches a side would decide if the estimate stays, or None beyond 200."""
        distance = abs(abs(self.center) - math.log1p(band))
        beyond = abs(self.center) > math.log1p(band)
        confidence = 1 - (1 - CONFIDENCE) / (family if beyond else 1)
        have = min(self.launches)
        for count in range(have + 1, have + _MOST_LAUNCHES + 1):
            if t_quantile(2 * count - 2, confidence) * math.sqrt(2 * self.variance / count) < distance:
                return count - have
        return None


def log_ratio(baseline: Sequence[float], contender: Sequence[float]) -> LogRatio | None:
    """Compare launch medians (same unit, positive); None where a side has fewer than two or a value is not positive."""
    if min(len(baseline), len(contender)) < 2 or min(*baseline, *contender) <= 0:  # noqa: PLR2004 - no spread of one
        return None
    found = welch(np.log(baseline), np.log(contender))
    return LogRatio(
        center=float(np.log(np.median(contender)) - np.log(np.median(baseline))),
        mean=found.difference,
        error=found.error,
        degrees=found.degrees,
        launches=(len(baseline), len(contender)),
        variance=float(np.mean(found.variances)),
    )


def holm(p_values: Sequence[float], alpha: float = 1 - CONFIDENCE) -> tuple[bool, ...]:
    """Return which hypotheses Holm's step-down procedure rejects at family-wise error rate `alpha`."""
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        rejected[index] = True
    return tuple(rejected)
