"""Where launches lie: a mean that one or two wild ones cannot move, with its variance and degrees of freedom.

Of every dozen launches on a shared machine one may be slow by a fifth. A mean over logarithms without the lowest and
the highest fifth, with the variance of the winsorised values, has honest intervals there; below six launches there is
nothing to leave out, and the mean is the plain one.

Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location", Sankhya A 25 (1963);
Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61 (1974).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TRIMMED_SHARE = 0.2
FEWEST_TRIMMED = 6
Values = Sequence[float] | NDArray[np.float64]


class Location(NamedTuple):
    """A mean, the variance of that mean, and its degrees of freedom."""

    mean: float
    variance: float
    degrees: int

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return math.sqrt(self.variance)


class Shift(NamedTuple):
    """The difference of two means, its standard error, and Satterthwaite's degrees of freedom."""

    difference: float
    error: float
    degrees: float


def robust(values: Values) -> Location:
    """Return the trimmed mean of at least two values; below six of them the plain mean."""
    return trimmed(values, robust_cut(len(values)))


def robust_cut(count: int) -> int:
    """Return how many of so many values are left out at each end."""
    return max(1, int(TRIMMED_SHARE * count)) if count >= FEWEST_TRIMMED else 0


def trimmed(values: Values, cut: int) -> Location:
    """Return the mean without `cut` values at each end; two or more must be left."""
    ordered = np.sort(np.asarray(values, dtype=float))
    count, kept = len(ordered), len(ordered) - 2 * cut
    winsorised = np.clip(ordered, ordered[cut], ordered[count - cut - 1])
    variance = (count - 1) / (kept * (kept - 1)) * float(winsorised.var(ddof=1))
    return Location(mean=float(ordered[cut : count - cut].mean()), variance=variance, degrees=kept - 1)


def shift(left: Location, right: Location) -> Shift:
    """Return right - left. Shares of the variance are squared, and not variances: those underflow."""
    total = left.variance + right.variance
    inverse = sum(((it.variance / total) ** 2 if total else 0.0) / it.degrees for it in (left, right))
    return Shift(
        difference=right.mean - left.mean,
        error=math.sqrt(total),
        degrees=1 / inverse if inverse > 0 else float(left.degrees + right.degrees),
    )


def doubted(found: Shift, doubt: float) -> Shift:
    """Return a shift whose error also holds a doubt of its own, a standard deviation."""
    return found if not doubt else found._replace(error=math.hypot(found.error, doubt))
