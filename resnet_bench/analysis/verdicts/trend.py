"""Launches that climb or fall through a run: they drift with something else and are no repetitions of one another."""

import math
import statistics
from collections.abc import Sequence

from scipy import special

from resnet_bench import units
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.records import Digest
from resnet_bench.words import counted

FEWEST_LAUNCHES = 6
_ALPHA = 0.01
_ROUNDING = 1e-9  # one case of one is exactly at the bound
_SMALLEST = 0.02


def note(side: Digest) -> str:
    """Say that the latencies of a run's launches climb or fall in the order of time, "" where they do not.

    A case speaks for it where Kendall's rank correlation with time is significant at 1 % and the change from the first
    to the last launch is more than 2 %; so many cases must do so that chance alone would not (binomial, 1 %).
    """
    if len(side.runs) > 1:
        return ""  # pooled launches are in the order of runs, not of time
    latencies = (it for case in side.cases for it in case.summaries if it.metric == LATENCY.name)
    # Corrected ones where there are: what the machine did meanwhile is no drift of them.
    figures = ((it.corrected or it).launch_medians for it in latencies)
    medians = [launches for launches in figures if len(launches) >= FEWEST_LAUNCHES and min(launches) > 0]
    changes = [change for launches in medians if (change := _trend(launches)) is not None]
    if not changes or special.bdtrc(len(changes) - 1, len(medians), _ALPHA) > _ALPHA + _ROUNDING:
        return ""
    typical = statistics.median(changes)
    directions = {change > 0 for change in changes}
    how = "climb or fall" if len(directions) > 1 else "climb" if typical > 0 else "fall"
    size = units.percent_short(abs(math.expm1(typical)))
    return (
        f"{side.name}: latencies of {counted(len(changes), 'case')} {how} through the run (by about {size} from the "
        "first launch to the last): launches that drift are not repetitions, and their intervals are too narrow."
    )


def kendall_p(count: int, concordance: int) -> float:
    """Return the two-sided probability of so much concordance of so many values in random order, exactly.

    Orders of n values are counted by their inversions: each new value adds 0 to n - 1 of them.
    """
    orders = [1.0]
    for size in range(2, count + 1):
        longer = [0.0] * (len(orders) + size - 1)
        for inversions, share in enumerate(orders):
            for added in range(size):
                longer[inversions + added] += share / size
        orders = longer
    most = (count * (count - 1) // 2 - concordance) // 2
    return min(1.0, 2 * sum(orders[: most + 1]))


def _trend(launches: Sequence[float]) -> float | None:
    """Return the logarithm of last over first by the median slope (Theil and Sen), None where there is no trend."""
    logs = [math.log(value) for value in launches]
    count = len(logs)
    slopes = [(logs[j] - logs[i]) / (j - i) for i in range(count) for j in range(i + 1, count)]
    concordance = sum((slope > 0) - (slope < 0) for slope in slopes)
    change = statistics.median(slopes) * (count - 1)
    significant = kendall_p(count, abs(concordance)) <= _ALPHA
    return change if significant and abs(math.expm1(change)) > _SMALLEST else None
