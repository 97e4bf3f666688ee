"""One series judged: the commits where its level moved, and what its newest ones are suspected of."""

import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.history.changes import ChangePoint, find_change_points, jumps
from resnet_bench.analysis.history.levels import Array, center, ratio_interval
from resnet_bench.analysis.history.permutation import MIN_POINTS
from resnet_bench.analysis.history.suspicion import find_suspect
from resnet_bench.records import Change, ChangeOutcome, HistorySeries, Interval, Suspicion

MIN_CHANGE = 0.03
_SEEN = 3  # decimals of a ratio, as `units.ratio` writes it


def judged(series: HistorySeries, min_change: float = MIN_CHANGE, *, newest: bool = True) -> HistorySeries:
    """Return the series with its change points, and what its newest commits are suspected of.

    Args:
        series: finite values in commit order.
        min_change: smallest relative change of a noisy metric to report; of an exact one all are.
        newest: whether its last commit is the newest one measured; only that can be suspected of anything.
    """
    points = jumps(series.values) if series.exact else _supported(series.values, min_change)
    found = _changes(series, points, min_change)
    start = points[-1].first if points else 0
    suspected = _suspicion(series, start, min_change) if newest and not series.exact else None
    return msgspec.structs.replace(series, changes=found, suspected=suspected)


def _supported(values: Sequence[float], min_change: float) -> tuple[ChangePoint, ...]:
    """Return the change points that are large enough and whose interval excludes no change.

    Where some are not, the smallest goes first: the levels beside it become one, which changes those of its neighbours.
    """
    points = list(find_change_points(values))
    while points:
        sides = _sides(values, points)
        sizes = [_relative(center(before), center(new)) for before, new in itertools.pairwise(sides)]
        weak = [
            number
            for number, (before, new) in enumerate(itertools.pairwise(sides))
            if sizes[number] < min_change or not _excludes_one(_interval(before, new))
        ]
        if not weak:
            break
        del points[min(weak, key=sizes.__getitem__)]
    return tuple(points)


def _changes(series: HistorySeries, points: Sequence[ChangePoint], min_change: float) -> tuple[Change, ...]:
    sides = _sides(series.values, points)
    levels = [center(side) for side in sides]
    found = []
    for number, point in enumerate(points):
        before, new = levels[number], levels[number + 1]
        outcome = _outcome(series, before, new)
        worse = outcome is ChangeOutcome.REGRESSED
        found.append(
            Change(
                last_before=series.commits[point.first - 1],
                first_after=series.commits[point.first],
                after=series.commits[point.earliest - 1],
                by=series.commits[point.latest],
                before=before,
                new=new,
                ratio=new / before if before else None,
                interval=None if series.exact else _interval(sides[number], sides[number + 1]),
                outcome=outcome,
                repaired_by=_repaired(series, points, levels, number, min_change) if worse else None,
            )
        )
    return tuple(found)


def _suspicion(series: HistorySeries, start: int, min_change: float) -> Suspicion | None:
    suspect = find_suspect(series.values, start)
    if suspect is None:
        return None
    values = np.asarray(series.values)
    base, newest = values[suspect.base : suspect.first], values[suspect.first :]
    before, new = center(base), center(newest)
    interval = _interval(base, newest)
    if _relative(before, new) < min_change or not _excludes_one(interval):
        return None
    return Suspicion(
        last_before=series.commits[suspect.first - 1],
        first_after=series.commits[suspect.first],
        after=series.commits[suspect.earliest - 1],
        by=series.commits[suspect.latest],
        before=before,
        new=new,
        ratio=new / before if before else None,
        interval=interval,
        outcome=_outcome(series, before, new),
        more_commits=max(1, MIN_POINTS - len(newest)),
    )


def _outcome(series: HistorySeries, before: float, new: float) -> ChangeOutcome:
    worse = (new < before) == series.higher_is_better
    return ChangeOutcome.REGRESSED if worse else ChangeOutcome.IMPROVED


def _relative(before: float, new: float) -> float:
    if before == new:
        return 0.0
    return abs(new / before - 1) if before else math.inf


def _sides(values: Sequence[float], points: Sequence[ChangePoint]) -> list[Array]:
    """Return the values of each level, in order."""
    return np.split(np.asarray(values), [point.first for point in points])


def _interval(before: Array, after: Array) -> Interval | None:
    if min(before.min(), after.min()) <= 0:
        return None
    low, high = ratio_interval(before, after, CONFIDENCE)
    return Interval(low=low, high=high, confidence=CONFIDENCE)


def _excludes_one(interval: Interval | None) -> bool:
    """Say whether an interval excludes no change with the decimals that people see of it."""
    return interval is None or not round(interval.low, _SEEN) <= 1 <= round(interval.high, _SEEN)


def _repaired(
    series: HistorySeries, points: Sequence[ChangePoint], levels: Sequence[float], number: int, min_change: float
) -> int | None:
    """Return the commit from which on the level is no worse than before the regression, None where it still is."""
    tolerance = 0.0 if series.exact else min_change
    sign = -1 if series.higher_is_better else 1
    limit = levels[number] + sign * abs(levels[number]) * tolerance
    back = None
    for later in range(len(levels) - 1, number + 1, -1):
        if sign * (levels[later] - limit) > 0:
            break
        back = series.commits[points[later - 1].first]
    return back
