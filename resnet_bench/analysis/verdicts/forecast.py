"""How many more launches would decide a row, said as a probability that holds.

What the launches so far leave open (where the ratio lies, how large the noise is) is drawn from its posterior; for each
draw, so many more launches a side are made up, and the share of draws that end in a verdict is the probability. Half of
all comparisons are taken to be of identical code, and a change to be of any size up to some ten percent: with a flat
prior the figure was wrong by up to 40 points, most of all for identical code (`benchmarks/gate_power.py --simulated`).
"""

import bisect
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.stats import t_quantile
from resnet_bench.analysis.verdicts.ratio import ROBUST_FACTOR, LogRatio, degrees

SURE = 0.9
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 200)
_IDENTICAL = 0.5
_CHANGE = 0.2
_WILD = 3.0
_DRAWS = 256


class Forecast(NamedTuple):
    """So many more launches a side decide with that probability."""

    launches: int
    probability: float


def more_launches(found: LogRatio, band: float, *, family: int = 1) -> Forecast | None:
    """Return the fewest more launches a side that decide with a probability of `SURE`, None beyond the largest count.

    Args:
        found: what the launches so far say.
        band: noise band, relative.
        family: rows of the table, which share its error rate.
    """
    if found.robust.error == 0:
        return None
    sure = [0.0] * len(COUNTS)

    def probability(place: int) -> float:
        sure[place] = _probability(found, COUNTS[place], math.log1p(band), family)
        return sure[place]

    place = bisect.bisect_left(range(len(COUNTS)), SURE, key=probability)
    return None if place == len(COUNTS) else Forecast(COUNTS[place], sure[place])


def _probability(found: LogRatio, more: int, edge: float, family: int) -> float:
    have, mean, error, known = min(found.launches), *found.robust
    noise, of_noise = _noise(found)
    total = have + more
    true_error = noise * np.sqrt(of_noise / special.chdtri(of_noise, _UNIFORM[2]))
    ratio = _drawn_ratios(mean, true_error)
    later = (have * mean + more * ratio) / total + true_error * math.sqrt(have * more) / total * _NORMAL[1]
    gained = max(degrees(total) - known, 0.0)
    news = true_error**2 * special.chdtri(gained, _UNIFORM[4]) if gained else 0.0
    later_error = np.sqrt((known * error**2 + news) / (known + gained) * have / total)
    alpha = (1 - CONFIDENCE) / family / ROBUST_FACTOR
    alone = t_quantile(degrees(total), CONFIDENCE) * later_error
    claimed = np.abs(later) - edge > np.maximum(alone, t_quantile(degrees(total), 1 - alpha) * later_error)
    unchanged = np.abs(later) + alone < edge
    return float(np.mean(claimed | unchanged))


def _noise(found: LogRatio) -> tuple[float, float]:
    """Return the standard error that the launches to come are drawn with, and its degrees of freedom.

    Rows that a small error by luck makes look easy are the ones that get a forecast, so the larger of both errors
    counts; but not the plain one where a wild launch made it.
    """
    robust, plain = found.robust, found.plain
    if robust.error < plain.error < _WILD * robust.error:
        return plain.error, plain.degrees
    return robust.error, robust.degrees


def _drawn_ratios(mean: float, error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return true log ratios from their posterior: 0 with some probability, else normal around a shrunken mean."""
    wide = np.hypot(error, _CHANGE)
    none = _IDENTICAL * np.exp(-((mean / error) ** 2) / 2) / error
    some = (1 - _IDENTICAL) * np.exp(-((mean / wide) ** 2) / 2) / wide
    shrunk = (_CHANGE / wide) ** 2
    changed = shrunk * mean + np.sqrt(shrunk) * error * _NORMAL[0]
    drawn: NDArray[np.float64] = np.where(_UNIFORM[3] * (none + some) < none, 0.0, changed)
    return drawn


def _lattice(dimensions: int) -> NDArray[np.float64]:
    """Return points that fill a unit cube evenly and are the same every time: multiples of powers of a root, modulo 1.

    Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018): the root of x^(d+1) = x + 1.
    """
    root = 2.0
    for _ in range(50):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    points: NDArray[np.float64] = np.outer(steps, np.arange(1, _DRAWS + 1)) % 1
    return np.clip(points, 1e-9, 1 - 1e-9)


_UNIFORM = _lattice(5)
_NORMAL = special.ndtri(_UNIFORM[:2])
