"""Whether the samples of one launch still moved: clocks that fall, caches that fill, a neighbour that came to stay."""

import statistics
from collections.abc import Sequence

from resnet_bench.profilers.sampler import median_ranks

# A launch's median lies half a change from where its samples ended: 3 % is most of the default noise band, 2 %.
SMALLEST_CHANGE = 0.03
_BLOCKS_A_HALF = 5


def settling(samples_s: Sequence[float]) -> float | None:
    """Return how the median of the second half of a launch's samples differs from the first's; None where it does not.

    Two tests, both of which must say so, of a change of at least 3 %. The distribution-free 99 % intervals of the
    halves' medians are apart: the spread of single samples does not explain it. And of ten blocks in time order, all
    medians of one half are above all of the other's (1 in 126 for blocks in any order): bursts that last for some
    samples, which would make the intervals too narrow, do not explain it either. Fewer than 20 samples tell nothing.

    Args:
        samples_s: seconds of each sample, in time order.

    Returns:
        The relative change, positive where the second half is slower.
    """
    count = len(samples_s)
    half = count // 2
    first, second = samples_s[:half], samples_s[count - half :]
    if half < 2 * _BLOCKS_A_HALF or not _apart(_interval(first), _interval(second)):
        return None
    blocks = [_median(samples_s, index) for index in range(2 * _BLOCKS_A_HALF)]
    earlier, later = blocks[:_BLOCKS_A_HALF], blocks[_BLOCKS_A_HALF:]
    if not _apart((min(earlier), max(earlier)), (min(later), max(later))):
        return None
    change = statistics.median(second) / statistics.median(first) - 1
    return change if abs(change) >= SMALLEST_CHANGE else None


def _median(samples_s: Sequence[float], block: int) -> float:
    start, end = (len(samples_s) * edge // (2 * _BLOCKS_A_HALF) for edge in (block, block + 1))
    return statistics.median(samples_s[start:end])


def _interval(samples_s: Sequence[float]) -> tuple[float, float]:
    ordered, ranks = sorted(samples_s), median_ranks(len(samples_s))
    low, high = (0, len(ordered) - 1) if ranks is None else ranks
    return ordered[low], ordered[high]


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]
