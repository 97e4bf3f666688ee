"""A device brought to its steady state by queues of work, and how long the queues of its samples are.

A governor, a power cap and heat act within tenths of seconds to seconds. Short samples that agree with one another say
nothing of them: all can be those of a cold device.
"""

import math
import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from resnet_bench.profilers.clock import Clock
from resnet_bench.records import Protocol, State, StopReason
from resnet_bench.records.plan import LEAST_QUEUED

if TYPE_CHECKING:
    from resnet_bench.profilers.gauge import Gauge

_QUEUE_S = 0.05
_SHORTEST_WINDOW_S = 0.5


class Steady(NamedTuple):
    """Seconds an iteration of each queue in time order, and why they ended."""

    queued_s: tuple[float, ...]
    stopped_by: StopReason


def queue_length(iteration_s: float, queue_s: float) -> int:
    """Return how many iterations are queued at once to last so long, given what one lasts; three at least."""
    return max(LEAST_QUEUED, math.ceil(queue_s / iteration_s)) if iteration_s > 0 else LEAST_QUEUED


def settle(
    iterate: Callable[[], object], clock: Clock, gauge: "Gauge", protocol: Protocol, *, iteration_s: float
) -> Steady:
    """Keep the device busy until its clocks and power stay where they are.

    Not less than `warmup_min_s` of device time, which is all where the device does not tell of its clocks; not more
    than `warmup_budget_s`, where that is longer. In a burst it is not done at all.

    Args:
        iterate: one iteration.
        clock: of the device.
        gauge: reads its state.
        protocol: how long.
        iteration_s: what an iteration takes.
    """
    if protocol.state is State.BURST:
        return Steady((), StopReason.STABLE)
    floor_s = protocol.warmup_min_s
    window_s = max(_SHORTEST_WINDOW_S, floor_s)
    began, busy_s, taken = clock.now(), 0.0, [iteration_s]
    while True:
        count = max(1, math.ceil(_QUEUE_S / taken[-1])) if taken[-1] > 0 else LEAST_QUEUED
        timing = gauge.timed(iterate, count)
        busy_s += timing.host_s if timing.device_s is None else timing.device_s
        taken.append(timing.host_s / count)
        is_settled = gauge.settled(window_s)
        if busy_s >= floor_s and is_settled is not False:
            return Steady(tuple(taken[1:]), StopReason.STABLE if is_settled is None else StopReason.SETTLED)
        if busy_s >= floor_s and clock.now() - began >= protocol.warmup_budget_s:
            return Steady(tuple(taken[1:]), StopReason.BUDGET)


def typical_queued_s(queued_s: tuple[float, ...]) -> float:
    """Return what an iteration takes in the last queues."""
    return statistics.median(queued_s[-3:])
