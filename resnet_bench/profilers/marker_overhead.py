"""What marking the parts of an iteration costs, so that it can be taken off again."""

import statistics
from typing import NamedTuple

import torch
from torch import nn

from resnet_bench.profilers.clock import Clock, Marker
from resnet_bench.profilers.timeline import Region, Timeline
from resnet_bench.records import Mode, TimedBy

_CALIBRATION_CALLS = 200
_CALIBRATION_ROUNDS = 11


class Overhead(NamedTuple):
    """Seconds that instruments add: inside a module's call, between two calls, and before each autograd node."""

    inside_s: float = 0.0
    between_s: float = 0.0
    node_s: float = 0.0


def calibrate(clock: Clock, marker: Marker, mode: Mode) -> Overhead:
    """Measure what marks cost around modules and nodes that do nothing; nothing where a queue hides it."""
    if marker.timed_by is TimedBy.DEVICE_EVENTS:
        return Overhead()
    chain = nn.Sequential(*(nn.Identity() for _ in range(_CALIBRATION_CALLS)))
    value = torch.zeros(1)
    parts = list(chain)
    timeline = Timeline(chain, marker)

    def bare() -> None:
        for part in parts:
            part.forward(value)

    inside, between = [], []
    for _ in range(_CALIBRATION_ROUNDS):
        bare_s = clock.time(bare, 1).host_s
        plain_s = clock.time(lambda: chain(value), 1).host_s
        with timeline.inference(lambda: chain(value)) as cut_one:
            cut_one()
            cut = cut_one()
        within = sum(seconds for segment, seconds in cut.seconds.items() if segment.place is Region.MODULE)
        inside.append((within - bare_s) / _CALIBRATION_CALLS)
        between.append((cut.total_s - plain_s) / _CALIBRATION_CALLS - inside[-1])
    return Overhead(
        inside_s=max(0.0, statistics.median(inside)),
        between_s=max(0.0, statistics.median(between)),
        node_s=_node_cost(clock, marker) if mode is Mode.TRAINING else 0.0,
    )


def _node_cost(clock: Clock, marker: Marker) -> float:
    value = torch.zeros(1, requires_grad=True)

    def chain() -> torch.Tensor:
        with torch.enable_grad():
            result = value
            for _ in range(_CALIBRATION_CALLS):
                result = -result
            return result

    costs = []
    for _ in range(_CALIBRATION_ROUNDS):
        plain, marked = chain(), chain()
        node = marked.grad_fn
        kept = []
        while node is not None:
            kept.append(node)
            node.register_prehook(lambda _: marker.mark())
            node = node.next_functions[0][0] if node.next_functions else None
        plain_s = clock.time(plain.backward, 1).host_s
        marked_s = clock.time(marked.backward, 1).host_s
        marker.durations()
        costs.append((marked_s - plain_s) / len(kept))
    return max(0.0, statistics.median(costs))
