"""Change points of one series of numbers in commit order: where its level moved for good.

A point is a commit's median over launches, so one slow launch is no point of its own. The best split must beat the same
series in random order (permutation.py). Where it lies is decided by squared residuals cut at three noise units: an
outlier costs the same on any level and cannot pull one. A change needs three points on both sides: one that lies nearer
to an end is nobody's here. Noise that wanders from commit to commit is not exchangeable: `min_change` is the reader's
guard against it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resnet_bench.analysis.history.levels import CUT, POSITION_QUANTILE, Array, scaled
from resnet_bench.analysis.history.permutation import LEVEL, MIN_POINTS, StepTest, gains, t_statistic

_REACH = 40
_SHORTEST_WINDOW = 12
_TIE = 1e-3  # of a squared noise unit


class ChangePoint(NamedTuple):
    """The first point of a new level, and the earliest and latest point that could be it with `CONFIDENCE`."""

    first: int
    earliest: int
    latest: int


def find_change_points(values: Sequence[float]) -> tuple[ChangePoint, ...]:
    """Return the change points of finite values in time order.

    Args:
        values: shape (n,), any unit; positive ones are judged by their ratios, others by their differences.

    Returns:
        Change points, strictly increasing, none where n is below 6 or the series is one level.
    """
    points = scaled(values)
    if len(points) < 2 * MIN_POINTS:
        return ()
    test = StepTest(points)
    found = _confirmed(points, _split(points, _windows(points), test), test)
    while (moved := _relocated(points, found)) != found:
        settled = len(moved) == len(found)
        found = _confirmed(points, moved, test)
        if settled and len(found) == len(moved):
            break
    return tuple(_position(points, k, found) for k in found)


def jumps(values: Sequence[float]) -> tuple[ChangePoint, ...]:
    """Return every point that differs from the one before it: the change points of an exact metric."""
    return tuple(ChangePoint(k, k, k) for k in range(1, len(values)) if values[k] != values[k - 1])


class _Window(NamedTuple):
    start: int
    end: int
    split: int
    strength: float


def _windows(points: Array) -> list[_Window]:
    """Return the best split of overlapping windows of many lengths, strongest first (Kovács et al. 2023, Biometrika).

    Only windows that pass the screen: the expected maximum of as many normal numbers as there are points.
    """
    n, found = len(points), []
    screen = 2 * math.log(n)
    for length in _lengths(n):
        starts = np.unique(np.append(np.arange(0, n - length + 1, max(1, length // 4)), n - length))
        rows = _strengths(np.lib.stride_tricks.sliding_window_view(points, length)[starts])
        best = rows.argmax(axis=1)
        strongest = rows[np.arange(len(rows)), best]
        for row in np.flatnonzero(strongest > screen).tolist():
            start = int(starts[row])
            found.append(_Window(start, start + length, start + MIN_POINTS + int(best[row]), float(strongest[row])))
    return sorted(found, key=lambda it: -it.strength)


def _lengths(n: int) -> list[int]:
    """Return the lengths of windows in a series of `n` points: each the root of two of the one before."""
    found = [min(_SHORTEST_WINDOW, n)]
    while found[-1] < n:
        found.append(min(n, math.ceil(found[-1] * math.sqrt(2))))
    return found


def _strengths(rows: Array) -> Array:
    """Return the squared standardised sum of winsorised scores left of each split: shape (rows, splits)."""
    length = rows.shape[1]
    scores = (rows - np.median(rows, axis=1, keepdims=True)).clip(-CUT, CUT)
    sums = np.cumsum(scores - scores.mean(axis=1, keepdims=True), axis=1)[:, MIN_POINTS - 1 : length - MIN_POINTS]
    left = np.arange(MIN_POINTS, length - MIN_POINTS + 1)
    found: Array = sums * sums * (length / (left * (length - left)))
    return found


def _split(points: Array, windows: Sequence[_Window], test: StepTest) -> list[int]:
    """Return the steps that windows propose and the test confirms, each window between the steps found before it."""
    found: list[int] = []
    # Windows of one length overlap, and the strongest one was chosen: each length has its part of the level.
    level = LEVEL / (1.5 * len(_lengths(len(points))))
    for window in windows:
        if any(window.start < k < window.end for k in found):
            continue
        # First up to the neighbouring steps; alone in its window where a second step hides the first from that test.
        start, end = _region(window.split, found, len(points))
        if not test(start, end):
            start, end = max(start, window.start), min(end, window.end)
            if not (test.can_tell(start, end, level) and test(start, end, level)):
                continue
        found.append(start + _best_split(points[start:end]))
        found.sort()
    return found


def _region(k: int, steps: Sequence[int], n: int) -> tuple[int, int]:
    """Return the points around `k` up to the neighbouring steps, at most 40 on each side."""
    start = max((step for step in steps if step < k), default=0)
    end = min((step for step in steps if step > k), default=n)
    return max(start, k - _REACH), min(end, k + _REACH)


def _confirmed(points: Array, steps: Sequence[int], test: StepTest) -> list[int]:
    """Return the steps that pass the test between their neighbours, the weakest of the others left out first."""
    found = list(steps)
    while weak := [k for k in found if not test(*_region(k, found, len(points)))]:
        found.remove(min(weak, key=lambda k: _contrast(points, k, found)))
    return found


def _contrast(points: Array, k: int, steps: Sequence[int]) -> float:
    start, end = _region(k, steps, len(points))
    return abs(float(np.median(points[k:end]) - np.median(points[start:k])))


def _relocated(points: Array, steps: Sequence[int]) -> list[int]:
    """Return each step where its levels fit best, one after the other, so that no two can meet.

    A step that fits best within two points of either end of the series is left out: nobody can tell its level.
    """
    found: list[int] = []
    for number, k in enumerate(steps):
        others = [*found, *steps[number + 1 :]]
        start, end = _region(k, others, len(points))
        if end - start < 2 * MIN_POINTS:
            continue
        first = start + _best_split(points[start:end], *_margins(start, end, len(points)))
        if MIN_POINTS <= first <= len(points) - MIN_POINTS:
            found.append(first)
    return found


def _margins(start: int, end: int, n: int) -> tuple[int, int]:
    """Return how many points a split leaves on both sides at least: one at the ends of the series."""
    return (1 if start == 0 else MIN_POINTS), (1 if end == n else MIN_POINTS)


def _position(points: Array, k: int, steps: Sequence[int]) -> ChangePoint:
    start, end = _region(k, steps, len(points))
    margins = _margins(start, end, len(points))
    saved = gains(points[start:end], *margins)
    likely = start + margins[0] + np.flatnonzero(saved >= saved.max() - POSITION_QUANTILE)
    return ChangePoint(k, min(k, int(likely.min())), max(k, int(likely.max())))


def _best_split(stretch: Array, before: int = MIN_POINTS, after: int = MIN_POINTS) -> int:
    """Return the split that saves most; where cut residuals leave a tie, the one whose levels lie farthest apart."""
    saved = gains(stretch, before, after)
    ties: list[int] = (before + np.flatnonzero(saved >= saved.max() - _TIE)).tolist()
    return ties[0] if len(ties) == 1 else max(ties, key=lambda split: t_statistic(stretch, split))
