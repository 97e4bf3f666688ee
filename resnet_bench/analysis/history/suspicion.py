"""The newest one or two points of a series: whether they left its level, before anybody can call that a change.

Each question is a t test of the newest points against the forty before them, so that on normal noise at most a share
`FALSE_ALARMS` of steady series is suspected. Real noise has outliers, so one point must also lie half as far again as
those of its level, two points farther than all but one; of a long level a share may lie farther. Each of two points
must make half of the jump.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resnet_bench.analysis.history.levels import CUT, FLOOR, POSITION_QUANTILE, Array, comparable, winsorised
from resnet_bench.analysis.stats import t_quantile

FALSE_ALARMS = 0.01
_LEVEL = FALSE_ALARMS * 0.4  # of each of two questions
_CLEAR = {1: 1.5, 2: 1.0}  # by how many newest points: how far off, by the farthest before them
_MIN_BASE = 4
_REACH = 40
_BACK = 5


class Suspect(NamedTuple):
    """The first point that left the level, the earliest and latest it could be, and where that level starts."""

    first: int
    earliest: int
    latest: int
    base: int


def find_suspect(values: Sequence[float], level_start: int) -> Suspect | None:
    """Return where the newest points left the level that starts at `level_start`, None where they did not."""
    points = comparable(values)
    for newest in sorted(_CLEAR, reverse=True):
        first = len(points) - newest
        level = points[level_start:first]
        if len(level) >= _MIN_BASE and _left(level, points[first:]):
            return _placed(points, max(level_start, first - _REACH), first)
    return None


def _left(level: Array, new: Array) -> bool:
    """Say whether the new points lie off the level of those before, and clear of its outliers."""
    base = level[-_REACH:]
    off = new - base.mean()
    jump = float(off.mean())
    nearest = float((off * math.copysign(1.0, jump)).min())
    as_far = int((np.abs(level - base.mean()) * _CLEAR[len(new)] >= nearest).sum())
    if nearest < abs(jump) / 2 or as_far > len(new) - 1 + _LEVEL * len(level):
        return False
    degrees = len(base) + len(new) - 2
    squares = float(((base - base.mean()) ** 2).sum() + ((new - new.mean()) ** 2).sum())
    deviation = max(math.sqrt(squares / degrees), FLOOR)
    return abs(jump) > t_quantile(degrees, 1 - _LEVEL) * deviation * math.sqrt(1 / len(base) + 1 / len(new))


def _placed(points: Array, start: int, first: int) -> Suspect:
    """Return the suspect with the points that could be its first: whose squared residuals are about as small."""
    base = winsorised(points[start:first])
    middle = float(base.mean())
    unit = max(float(base.std(ddof=1)), FLOOR)
    places = range(max(start + _MIN_BASE, len(points) - _BACK), len(points))
    costs = [_cost((points[start:] - middle) / unit, place - start) for place in places]
    best = min(costs)
    likely = [place for place, cost in zip(places, costs, strict=True) if cost <= best + POSITION_QUANTILE]
    return Suspect(places[costs.index(best)], min(likely), max(likely), start)


def _cost(off: Array, split: int) -> float:
    """Return the squared residuals of points in noise units around the old level, and those of a new one after it."""
    old, new = off[:split].clip(-CUT, CUT), off[split:]
    return float((old**2).sum() + ((new - new.mean()) ** 2).sum())
