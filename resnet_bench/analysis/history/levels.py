"""A level of a series: its centre, its noise, and the interval of the ratio of two levels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.stats import exponential, normal_deviation, t_quantile

Array = NDArray[np.floating[Any]]

CUT = 3.0  # noise units: beyond them every outlier counts the same
# By how many squared noise units a place may fit worse than the best and still be the one: Hansen 2000, Econometrica
# 68, eq. 12.
POSITION_QUANTILE = -2 * math.log(1 - math.sqrt(CONFIDENCE))
_COMMON_WEIGHT = 4
_OWN_SPREAD = 3
FLOOR = 5e-4  # of log values: what moves by less than 0.05 % has no level of its own


def center(values: Sequence[float] | Array) -> float:
    """Return the level of points between two change points: their median."""
    return float(np.median(values))


def ratio_interval(
    before: Sequence[float] | Array, after: Sequence[float] | Array, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the ratio of two levels of positive values: Welch's t on logarithms.

    Few points do not tell their own spread, and those of both sides seldom differ: each side's variance is drawn to the
    common one, which weighs as four points (Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3, eq. 3), and is the common one
    where a side has less than three. Residuals are cut at three noise units first (Tukey's winsorised mean), and the
    interval holds the ratio of medians. Infinite where no side has two points.
    """
    ratio = center(after) / center(before)
    sides = [winsorised(np.log(np.asarray(side, dtype=float))) for side in (before, after)]
    sizes = [len(side) for side in sides]
    if sum(sizes) <= 2:  # noqa: PLR2004 - no side has a spread
        return 0.0, math.inf
    squares = [float(((side - side.mean()) ** 2).sum()) for side in sides]
    common = sum(squares) / (sum(sizes) - 2)
    if min(sizes) < _OWN_SPREAD:
        error, degrees = math.sqrt(common * (1 / sizes[0] + 1 / sizes[1])), float(sum(sizes) - 2)
    else:
        weights = [_COMMON_WEIGHT + size - 1 for size in sizes]
        parts = [
            (_COMMON_WEIGHT * common + own) / weight / size
            for own, weight, size in zip(squares, weights, sizes, strict=True)
        ]
        error = math.sqrt(sum(parts))
        shares = [(part / sum(parts)) ** 2 / weight for part, weight in zip(parts, weights, strict=True) if error]
        degrees = 1 / sum(shares) if error else 1.0
    half = t_quantile(degrees, confidence) * error
    difference = float(sides[1].mean() - sides[0].mean())
    if half == 0:
        return ratio, ratio
    return min(ratio, exponential(difference - half)), max(ratio, exponential(difference + half))


def scaled(values: Sequence[float]) -> Array:
    """Return the values as `comparable` has them, less their median and in units of noise."""
    points = comparable(values)
    if len(points) < 2:  # noqa: PLR2004 - nothing to scale by
        return points
    found: Array = (points - np.median(points)) / max(_noise(points), FLOOR)
    return found


def comparable(values: Sequence[float]) -> Array:
    """Return logarithms, or where there are none the values by the largest of them: noise below `FLOOR` is none."""
    points = np.asarray(values, dtype=float)
    positive = not len(points) or points.min() > 0
    found: Array = np.log(points) if positive else points / (float(np.abs(points).max()) or 1.0)
    return found


def winsorised(points: Array) -> Array:
    """Return the points cut at three noise units around their median."""
    middle = float(np.median(points))
    spread = normal_deviation(points - middle)
    return points if spread == 0 else points.clip(middle - CUT * spread, middle + CUT * spread)


def _noise(points: Array) -> float:
    """Return the standard deviation from the median difference of neighbours: steps hardly enter it."""
    return normal_deviation(np.diff(points)) / math.sqrt(2)
