"""Change points of one series of numbers in commit order: where its level moved for good.

A point is a commit's median over launches, so one slow launch is no point of its own. The cost of a level is the sum
of squared residuals cut at three noise units: an outlier costs the same on any level and cannot pull one. The best
split must beat the same series in random order (a permutation test, exact for exchangeable noise, outliers included).
That needs three points on both sides and eleven in all; shorter stretches must pass a t test at half the level.
Noise that wanders from commit to commit is not exchangeable: `min_change` is the reader's guard against it.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.stats import exponential, normal_deviation, t_quantile, welch

Array = NDArray[np.floating[Any]]

LEVEL = 0.01
MIN_POINTS = 3
_CUT = 3.0
_FLOOR = 5e-4  # of log values: what moves by less than 0.05 % has no level of its own
_REACH = 40
_GRID = 16
_SHORT = 11
_WINDOW_LEVEL = LEVEL / 8  # windows overlap, and the strongest one was chosen
_SHORTEST_WINDOW = 12
_FIRST_BATCH = 40
_HOPELESS = 50
_TIE = 1e-3  # of a squared noise unit
_BATCH = 200
_MOST = 2000  # permutations; a smaller chance is extrapolated
_EULER = 0.5772156649015329
_POSITION_QUANTILE = -2 * math.log(1 - math.sqrt(CONFIDENCE))  # Hansen 2000, Econometrica 68, eq. 12


class Step(NamedTuple):
    """The first point of a new level, and the earliest and latest point that could be it with `CONFIDENCE`."""

    first: int
    earliest: int
    latest: int


def find_steps(values: Sequence[float]) -> tuple[Step, ...]:
    """Return the change points of finite values in time order.

    Args:
        values: shape (n,), any unit; positive ones are judged by their ratios, others by their differences.

    Returns:
        Steps in order, none where n is below 6 or the series is one level.
    """
    points = _scaled(values)
    if len(points) < 2 * MIN_POINTS:
        return ()
    test = _Test(points)
    found = _split(points, _windows(points), test)
    while weak := [k for k in found if not test(*_region(k, found, len(points)))]:
        found.remove(min(weak, key=lambda k: _contrast(points, k, found)))
    return tuple(_position(points, k, found) for k in found)


def jumps(values: Sequence[float]) -> tuple[Step, ...]:
    """Return every point that differs from the one before it: the change points of an exact metric."""
    return tuple(Step(k, k, k) for k in range(1, len(values)) if values[k] != values[k - 1])


def center(values: Sequence[float]) -> float:
    """Return the level of points between two steps: their median."""
    return float(np.median(values))


def ratio_interval(
    before: Sequence[float], after: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the ratio of two levels of positive values: Welch's t on logarithms.

    Residuals are cut at three noise units first (Tukey's winsorised mean), and the interval holds the ratio of medians.
    Infinite where a side has a single point.
    """
    ratio = center(after) / center(before)
    if min(len(before), len(after)) < 2:  # noqa: PLR2004 - one point has no spread
        return 0.0, math.inf
    found = welch(*(_winsorised(np.log(np.asarray(side, dtype=float))) for side in (before, after)))
    if found.error == 0:
        return ratio, ratio
    half = t_quantile(found.degrees, confidence) * found.error
    return min(ratio, exponential(found.difference - half)), max(ratio, exponential(found.difference + half))


def _scaled(values: Sequence[float]) -> Array:
    """Return logarithms, or where there are none differences from the median, in units of noise."""
    points = np.asarray(values, dtype=float)
    if len(points) < 2:  # noqa: PLR2004 - nothing to scale by
        return points
    if points.min() > 0:
        points = np.log(points)
        unit = max(_noise(points), _FLOOR)
    else:
        unit = max(_noise(points), _FLOOR * float(np.abs(points).max())) or 1.0
    scaled: Array = (points - np.median(points)) / unit
    return scaled


def _noise(points: Array) -> float:
    """Return the standard deviation from the median difference of neighbours: steps hardly enter it."""
    return normal_deviation(np.diff(points)) / math.sqrt(2)


def _winsorised(points: Array) -> Array:
    middle = float(np.median(points))
    spread = normal_deviation(points - middle)
    return points if spread == 0 else points.clip(middle - _CUT * spread, middle + _CUT * spread)


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
    screen = math.sqrt(2 * math.log(n))
    length = min(_SHORTEST_WINDOW, n)
    while True:
        starts = np.unique(np.append(np.arange(0, n - length + 1, max(1, length // 4)), n - length))
        rows = np.lib.stride_tricks.sliding_window_view(points, length)[starts]
        scores = (rows - np.median(rows, axis=1, keepdims=True)).clip(-_CUT, _CUT)
        sums = np.cumsum(scores - scores.mean(axis=1, keepdims=True), axis=1)
        left = np.arange(MIN_POINTS, length - MIN_POINTS + 1)
        strengths = np.abs(sums[:, left - 1]) / np.sqrt(left * (length - left) / length)
        best = strengths.argmax(axis=1)
        for row, start in enumerate(starts.tolist()):
            strength = float(strengths[row, best[row]])
            if strength > screen:
                found.append(_Window(start, start + length, start + int(left[best[row]]), strength))
        if length == n:
            return sorted(found, key=lambda it: -it.strength)
        length = min(n, math.ceil(length * math.sqrt(2)))


def _split(points: Array, windows: Sequence[_Window], test: "_Test") -> list[int]:
    """Return the steps that windows propose and the test confirms, each window between the steps found before it."""
    found: list[int] = []
    for window in windows:
        if any(window.start < k < window.end for k in found):
            continue
        # First up to the neighbouring steps; alone in its window where a second step hides the first from that test.
        whole = _region(window.split, found, len(points))
        for (start, end), level in ((whole, LEVEL), ((window.start, window.end), _WINDOW_LEVEL)):
            if test(start, end, level):
                found.append(start + _best_split(points[start:end])[0])
                found.sort()
                break
    return found


def _region(k: int, steps: Sequence[int], n: int) -> tuple[int, int]:
    """Return the points around `k` up to the neighbouring steps, at most 40 on each side."""
    start = max((step for step in steps if step < k), default=0)
    end = min((step for step in steps if step > k), default=n)
    return max(start, k - _REACH), min(end, k + _REACH)


class _Test:
    """Says of stretches of a series whether they have a step, each once; the same series gives the same answers."""

    def __init__(self, points: Array) -> None:
        self._points = points
        self._rng = np.random.default_rng(0)
        self._answers: dict[tuple[int, int, float], bool] = {}

    def __call__(self, start: int, end: int, level: float = LEVEL) -> bool:
        if (start, end, level) not in self._answers:
            share = level * (end - start) / len(self._points)
            self._answers[start, end, level] = _significant(self._points[start:end], share, self._rng)
        return self._answers[start, end, level]


def _significant(stretch: Array, allowed: float, rng: np.random.Generator) -> bool:
    """Say whether the stretch has a step, where it may be wrong with the chance `allowed`."""
    if len(stretch) < 2 * MIN_POINTS:
        return False
    if len(stretch) < _SHORT:
        return _short_test(stretch) <= allowed / 2
    costs = _costs(stretch).astype(np.float32)  # half the memory to move; costs are small numbers
    observed = float(_gains(costs).max())
    wanted = math.ceil(4 / allowed) - 1
    limit = math.floor(allowed * (wanted + 1)) - 1
    maxima = np.empty(0)
    while len(maxima) < min(wanted, _MOST):
        batch = min(_BATCH if len(maxima) else _FIRST_BATCH, wanted - len(maxima))
        order = rng.permuted(np.tile(np.arange(len(stretch)), (batch, 1)), axis=1)
        maxima = np.append(maxima, _gains(costs[order]).max(axis=1))
        tail = _gumbel_tail(maxima, observed)
        if int((maxima >= observed - _TIE).sum()) > limit or tail > _HOPELESS * allowed:
            return False
        if tail <= allowed / 10:
            return True
    return wanted <= _MOST or _gumbel_tail(maxima, observed) <= allowed


def _gumbel_tail(maxima: Array, observed: float) -> float:
    """Return the chance of a larger maximum, extrapolated by moments: spares the rest where it is plain."""
    scale = max(float(maxima.std()), 1e-9) * math.sqrt(6) / math.pi
    distance = (observed - float(maxima.mean())) / scale + _EULER
    return -math.expm1(-math.exp(-min(distance, 700.0))) if distance > 0 else 1.0


def _costs(stretch: Array) -> Array:
    """Return the cut squared residual of each point from each of some levels: shape (points, levels)."""
    levels = np.quantile(stretch, np.linspace(0.02, 0.98, _GRID))
    return np.minimum((stretch[:, None] - levels) ** 2, _CUT**2)


def _gains(costs: Array) -> Array:
    """Return what two levels save over one for each split: shape (..., splits)."""
    sums = np.cumsum(costs, axis=-2)
    total = sums[..., -1:, :]
    left = sums[..., MIN_POINTS - 1 : costs.shape[-2] - MIN_POINTS, :]
    saved: Array = total.min(axis=-1) - left.min(axis=-1) - (total - left).min(axis=-1)
    return saved


def _best_split(stretch: Array) -> tuple[int, Array]:
    """Return the split that saves most; where cut residuals leave a tie, the one whose levels lie farthest apart."""
    gains = _gains(_costs(stretch))
    ties = MIN_POINTS + np.flatnonzero(gains >= gains.max() - _TIE)
    return int(max(ties, key=lambda split: _t(stretch, int(split)))), gains


def _t(stretch: Array, split: int) -> float:
    """Return the size of the pooled t statistic of the levels on both sides."""
    before, after = stretch[:split], stretch[split:]
    pooled = (before.var() * len(before) + after.var() * len(after)) / (len(stretch) - 2)
    error = math.sqrt(max(float(pooled), 1e-12) * (1 / len(before) + 1 / len(after)))
    return abs(float(after.mean() - before.mean())) / error


def _short_test(stretch: Array) -> float:
    """Return the p of the strongest split's pooled t test, times the splits tried (Bonferroni)."""
    splits = range(MIN_POINTS, len(stretch) - MIN_POINTS + 1)
    strongest = max(_t(stretch, split) for split in splits)
    return float(2 * special.stdtr(len(stretch) - 2, -strongest)) * len(splits)


def _contrast(points: Array, k: int, steps: Sequence[int]) -> float:
    start, end = _region(k, steps, len(points))
    return abs(float(np.median(points[k:end]) - np.median(points[start:k])))


def _position(points: Array, k: int, steps: Sequence[int]) -> Step:
    start, end = _region(k, steps, len(points))
    split, gains = _best_split(points[start:end])
    likely = np.flatnonzero(gains >= gains.max() - _POSITION_QUANTILE)
    first = start + MIN_POINTS
    return Step(start + split, first + int(likely.min()), first + int(likely.max()))
