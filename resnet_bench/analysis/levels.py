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
FLOOR = 5e-4  # of log values: what moves by less than 0.05 % has no level of its own


def center(values: Sequence[float] | Array) -> float:
    """Return the level of points between two change points: their median."""
    return float(np.median(values))


def ratio_interval(
    before: Sequence[float] | Array, after: Sequence[float] | Array, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the ratio of two levels of positive values: Student's t on logarithms.

    The spread is pooled over both sides, as their points are exchangeable but for the level: a level of one to five
    points does not tell its own. Residuals are cut at three noise units first (Tukey's winsorised mean), and the
    interval holds the ratio of medians. Infinite where no side has two points.
    """
    ratio = center(after) / center(before)
    sides = [winsorised(np.log(np.asarray(side, dtype=float))) for side in (before, after)]
    sizes = [len(side) for side in sides]
    degrees = sum(sizes) - 2
    if degrees < 1:
        return 0.0, math.inf
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in sides)
    half = t_quantile(degrees, confidence) * math.sqrt(squares / degrees * (1 / sizes[0] + 1 / sizes[1]))
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
