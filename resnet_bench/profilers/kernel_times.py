"""Eager layers by what their kernels take on a device, from torch's profiler, and by what the host takes to start them.

Marks in the queue tell both apart only where the device is the slower one: elsewhere a mark comes when the host gets to
it, and a kernel of 3 us looks like the 15 us of its launch. A kernel belongs to the call whose operator launched it, in
a backward pass to the call that made its autograd node.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from torch import nn, profiler

from resnet_bench.profilers.clock import Clock, TimeMarker
from resnet_bench.profilers.profiled_iterations import ITERATIONS, US, is_on_cpu, parents
from resnet_bench.profilers.timeline import Cut, Region, Segment, Timeline, wrapped
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import TimedBy

ROUNDS = 4
_RANGE, _CALL, _NODE, _OPTIMIZER = "resnet_bench.iteration", "resnet_bench.call:", "autograd::engine::", "Optimizer."
_REST = Segment(Region.REST, backward=True)


class KernelTimes(NamedTuple):
    """Seconds of each segment: of its kernels on the device, and of the host that starts them."""

    kernels: dict[Segment, float]
    host: dict[Segment, float]


def measure(workload: Workload, network: nn.Module, clock: Clock) -> KernelTimes | None:
    """Return the times of a warm workload's segments; None where the profiler sees no kernels.

    Args:
        workload: what to iterate, inside its `running()`.
        network: whose modules it runs.
        clock: of its device.
    """
    seen = [found for _ in range(ROUNDS) for found in segments_of(_profiled(workload, network))]
    if not any(seen):
        return None
    hosts = [cut.seconds for cut in _host_cuts(workload, network, clock)]
    return KernelTimes(_medians(seen), _medians(hosts))


def _profiled(workload: Workload, network: nn.Module) -> list[Any]:
    """Return the profiler's events of a few iterations whose calls are labelled in their order."""
    calls: list[str] = []

    def around(name: str, _part: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def labelled(*args: Any, **kwargs: Any) -> Any:
            label = f"{_CALL}{len(calls)}"
            calls.append(name)
            with profiler.record_function(label):
                return forward(*args, **kwargs)

        return labelled

    measures = workload.instruments
    with wrapped(network, around), profiler.profile(activities=measures.activities()) as recorded:
        for _ in range(ITERATIONS):
            calls.clear()
            with profiler.record_function(_RANGE):
                workload.iterate()
                measures.synchronize(workload.device)
    return list(recorded.events() or [])


def segments_of(events: Sequence[Any]) -> list[dict[Segment, float]]:
    """Return, for each iteration but the first, the seconds of the kernels of each segment."""
    on_cpu = sorted((event for event in events if is_on_cpu(event)), key=lambda event: event.time_range.start)
    ranges = [event.time_range for event in on_cpu if event.name == _RANGE][1:]
    return [
        _segments([event for event in on_cpu if span.start <= event.time_range.start < span.end]) for span in ranges
    ]


def _segments(events: Sequence[Any]) -> dict[Segment, float]:
    begins = [event.time_range.start for event in events if event.name.startswith(_CALL)]
    backward_begins = min((it.time_range.start for it in events if it.name.startswith(_NODE)), default=float("inf"))

    def forward(event: Any, names: Sequence[str]) -> Segment:
        call = next((name for name in names if name.startswith(_CALL)), None)
        if call is not None:
            return Segment(Region.MODULE, int(call.removeprefix(_CALL)))
        if event.time_range.start >= backward_begins:
            return _REST
        return Segment(Region.GAP, sum(begin <= event.time_range.start for begin in begins))

    found: dict[Segment, float] = {}
    made: dict[int, Segment] = {}
    for event in events:
        above = [event, *parents(event)]
        names = [it.name for it in above]
        node = next((it for it in above if it.name.startswith(_NODE)), None)
        if any(name.startswith(_OPTIMIZER) for name in names):
            segment = Segment(Region.OPTIMIZER)
        elif node is not None:
            segment = made.get(node.sequence_nr, _REST)
        else:
            segment = forward(event, names)
            if event.sequence_nr >= 0 and segment.place is not Region.REST:
                made[event.sequence_nr] = segment._replace(backward=True)  # the last operator of a number made the node
        if event.kernels:
            found[segment] = found.get(segment, 0.0) + sum(kernel.duration for kernel in event.kernels) * US
    return found


def _host_cuts(workload: Workload, network: nn.Module, clock: Clock) -> Iterator[Cut]:
    """Yield iterations cut by the host's clock, each beginning with an empty queue: what starting each part takes."""
    timeline = Timeline(network, TimeMarker(clock.now, TimedBy.HOST_CLOCK))
    step = workload.step
    with timeline.inference(workload.iterate) if step is None else timeline.training(step) as cut:
        cuts: list[Cut] = []
        for _ in range(ROUNDS * ITERATIONS):
            clock.time(lambda: cuts.append(cut()), 1)
    yield from cuts


def _medians(found: Sequence[dict[Segment, float]]) -> dict[Segment, float]:
    segments = dict.fromkeys(segment for each in found for segment in each if segment.place is not Region.BOOKKEEPING)
    return {segment: statistics.median(each.get(segment, 0.0) for each in found) for segment in segments}
