"""Whether a stretch of points has a step: what a split of it saves, against the same points in random order.

The cost of a level is the sum of squared residuals cut at three noise units: an outlier costs the same on any level and
cannot pull one. Random orders make the test exact for exchangeable noise, outliers included. Stretches below eleven
points have too few orders, and must pass a t test at half the level.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from resnet_bench.analysis.history.levels import CUT, Array

LEVEL = 0.0075  # of steady series; the windows of changes.py take the rest of one in a hundred
MIN_POINTS = 3
_QUANTILES = np.linspace(0.02, 0.98, 16)  # that could be levels
_SHORT = 11
_FIRST_BATCH = 60
_LARGEST_BATCH = 320
_MOST = 2000  # orders; a smaller chance is extrapolated
_TIE = 1e-3  # of a squared noise unit
_EULER = 0.5772156649015329


class StepTest:
    """Says of stretches of one series whether they have a step, each once; the same stretch gets the same answer."""

    def __init__(self, points: Array) -> None:
        self._points = points
        self._answers: dict[tuple[int, int, float], bool] = {}

    def __call__(self, start: int, end: int, level: float = LEVEL) -> bool:
        """Test a stretch at its share of the level: all stretches of a series together may be wrong with `level`."""
        if (start, end, level) not in self._answers:
            self._answers[start, end, level] = _significant(self._points[start:end], self._share(start, end, level))
        return self._answers[start, end, level]

    def can_tell(self, start: int, end: int, level: float) -> bool:
        """Say whether a stretch has orders enough to be as rare as the level wants; a shorter one needs no test."""
        length = end - start
        return math.comb(length, length // 2) * self._share(start, end, level) >= 2  # noqa: PLR2004 - up, or down

    def _share(self, start: int, end: int, level: float) -> float:
        return level * (end - start) / len(self._points)


def gains(stretch: Array, before: int = MIN_POINTS, after: int = MIN_POINTS) -> NDArray[np.float32]:
    """Return what two levels save over one for each split, in squared noise units: shape (splits,).

    Args:
        stretch: shape (points,) in noise units.
        before: how many points a split leaves on its left at least.
        after: and on its right.
    """
    return _gains(_costs(stretch), before, after)


def _gains(costs: NDArray[np.float32], before: int, after: int) -> NDArray[np.float32]:
    sums = np.cumsum(costs, axis=1)
    total, left = sums[:, -1:], sums[:, before - 1 : costs.shape[1] - after]
    saved: NDArray[np.float32] = total.min() - left.min(axis=0) - (total - left).min(axis=0)
    return saved


def _largest_gains(costs: NDArray[np.float32], orders: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the largest gain of each order: shape (orders,). Written for speed: nearly all time goes here.

    Args:
        costs: shape (levels, points).
        orders: shape (points, orders), so that neighbours in memory belong to one split.
    """
    sums = np.take(costs, orders[:-MIN_POINTS], axis=1)
    for so_far, point in pairwise(sums.swapaxes(0, 1)):
        np.add(so_far, point, out=point)
    left = sums[:, MIN_POINTS - 1 :]
    total = costs.sum(axis=1)
    least = left.min(axis=0)
    np.subtract(total[:, None, None], left, out=left)
    least += left.min(axis=0)
    saved: NDArray[np.float32] = total.min() - least.min(axis=0)
    return saved


def _costs(stretch: Array) -> NDArray[np.float32]:
    """Return the cut squared residual of each point from each of some levels: shape (levels, points)."""
    levels = np.sort(stretch)[(_QUANTILES * (len(stretch) - 1)).round().astype(int)]
    off = stretch - levels[:, None]
    found: NDArray[np.float32] = np.minimum(off * off, CUT**2).astype(np.float32)
    return found


def t_statistic(stretch: Array, split: int) -> float:
    """Return the size of the pooled t statistic of the levels on both sides."""
    before, after = stretch[:split], stretch[split:]
    pooled = (before.var() * len(before) + after.var() * len(after)) / (len(stretch) - 2)
    error = math.sqrt(max(float(pooled), 1e-12) * (1 / len(before) + 1 / len(after)))
    return abs(float(after.mean() - before.mean())) / error


def _significant(stretch: Array, allowed: float) -> bool:
    """Say whether the stretch has a step, where it may be wrong with the chance `allowed`."""
    if len(stretch) < 2 * MIN_POINTS:
        return False
    if len(stretch) < _SHORT:
        return _short_test(stretch) <= allowed / 2
    costs = _costs(stretch)
    observed = float(_gains(costs, MIN_POINTS, MIN_POINTS).max())
    wanted = math.ceil(8 / allowed) - 1
    limit = math.floor(allowed * (wanted + 1)) - 1
    maxima = np.empty(0)
    for batch in _batches(min(wanted, _MOST)):
        maxima = np.append(maxima, _largest_gains(costs, _orders(len(stretch), *batch)))
        if int((maxima >= observed - _TIE).sum()) > limit:
            return False
        tail, doubt = _gumbel_tail(maxima, observed)
        if tail > allowed * doubt:
            return False
        if tail < allowed / doubt:
            return True
    return wanted <= _MOST or tail <= allowed


def _batches(wanted: int) -> Iterator[tuple[int, int]]:
    """Yield number and size of the batches of orders that are tried one after the other, twice as many each time."""
    number, size, done = 0, _FIRST_BATCH, 0
    while done < wanted:
        size = min(size, wanted - done, _LARGEST_BATCH)
        yield number, size
        number, size, done = number + 1, 2 * size, done + size


@lru_cache(maxsize=1024)
def _orders(length: int, number: int, size: int) -> NDArray[np.int16]:
    """Return random orders, shape (length, size): drawn once, because the points and not the orders differ."""
    rng = np.random.default_rng((length, number))
    return rng.permuted(np.tile(np.arange(length, dtype=np.int16)[:, None], (1, size)), axis=0)


def _gumbel_tail(maxima: Array, observed: float) -> tuple[float, float]:
    """Return the chance of a larger maximum, extrapolated by moments, and the factor by which it may be off.

    The factor is three standard errors of the logarithm: of the moments of so many Gumbel numbers, by the delta method.
    """
    scale = max(float(maxima.std()), 1e-9) * math.sqrt(6) / math.pi
    distance = (observed - float(maxima.mean())) / scale
    error = math.sqrt((math.pi**2 / 6 + 1.1 * distance**2) / len(maxima))
    tail = -math.expm1(-math.exp(-min(distance + _EULER, 700.0))) if distance + _EULER > 0 else 1.0
    return tail, math.exp(min(3 * error, 700.0))


def _short_test(stretch: Array) -> float:
    """Return the p of the strongest split's pooled t test, times the splits tried (Bonferroni)."""
    splits = range(MIN_POINTS, len(stretch) - MIN_POINTS + 1)
    strongest = max(t_statistic(stretch, split) for split in splits)
    return float(2 * special.stdtr(len(stretch) - 2, -strongest)) * len(splits)
