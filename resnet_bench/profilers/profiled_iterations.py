"""What torch's profiler saw of iterations: the operators or kernels that ran, in their order, each counted once."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from torch import profiler

from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers.workload import Workload

ITERATIONS = 5
_RANGE = "resnet_bench.iteration"
_OPERATOR = re.compile(r"(aten|mkldnn|mkl|onednn|quantized|inductor)::|graph_\d+_|triton_|cpp_")
US = 1e-6


class Operation(NamedTuple):
    """One operator or kernel of one iteration, in the order it ran; shapes are those of its arguments."""

    name: str
    seconds: float
    shapes: tuple[tuple[int, ...], ...] = ()
    backward: bool = False
    optimizer: bool = False


class Iteration(NamedTuple):
    """One profiled iteration: how long it took in all, and its operations."""

    seconds: float
    operations: tuple[Operation, ...]


def profiled(workload: Workload) -> list[Iteration]:
    """Run a few iterations of a warm workload under the profiler, inside its `running()`."""
    measures = workload.instruments
    on_device = measures.kind.accelerator
    with profiler.profile(activities=measures.activities(), record_shapes=True) as recorded:
        for _ in range(ITERATIONS):
            with profiler.record_function(_RANGE):
                workload.iterate()
                measures.synchronize(workload.device)
    events = recorded.events() or []
    return list(iterations_of(list(events), on_device=on_device))


def alike(iterations: Sequence[Iteration]) -> list[Iteration]:
    """Return the quicker ones of the most frequent sequence of operations.

    Raises:
        UnsupportedError: no kernel was seen, or other ones in each iteration.
    """
    sequences = Counter(tuple(op.name for op in each.operations) for each in iterations if each.operations)
    if not sequences:
        raise UnsupportedError("torch's profiler saw no kernel of the compiled model.")
    usual, count = sequences.most_common(1)[0]
    if count < max(2, len(iterations) // 2):
        raise UnsupportedError("other kernels run from one iteration to the next.")
    same = [each for each in iterations if tuple(op.name for op in each.operations) == usual]
    return sorted(same, key=lambda each: each.seconds)[: max(3, len(same) // 4)]


def iterations_of(events: Sequence[Any], *, on_device: bool) -> Iterator[Iteration]:
    """Cut the profiler's events into iterations; the first one has warmed the profiler up and is left out."""
    on_cpu = [event for event in events if is_on_cpu(event)]
    ranges = sorted(
        ((event.time_range.start, event.time_range.end) for event in on_cpu if event.name == _RANGE),
    )[1:]
    found = _device_operations(events, on_cpu) if on_device else _host_operations(on_cpu)
    ordered = sorted(found, key=lambda pair: pair[0])
    for start, end in ranges:
        operations = tuple(operation for moment, operation in ordered if start <= moment < end)
        yield Iteration((end - start) * US, operations)


def _host_operations(events: Sequence[Any]) -> Iterator[tuple[float, Operation]]:
    for event in events:
        if _is_outermost_operator(event):
            yield event.time_range.start, _operation(event, event.cpu_time_total)


def _device_operations(events: Sequence[Any], on_cpu: Sequence[Any]) -> Iterator[tuple[float, Operation]]:
    """Yield operators by the time of the kernels that they launched, then kernels that no operator launched."""
    launched: Counter[tuple[str, float]] = Counter()
    for event in on_cpu:
        if _OPERATOR.match(event.name):
            launched.update((kernel.name, round(kernel.duration, 3)) for kernel in event.kernels)
        if _is_outermost_operator(event) and event.device_time_total > 0:
            yield event.time_range.start, _operation(event, event.device_time_total)
    ranges = {event.name for event in on_cpu}
    for event in events:
        if is_on_cpu(event) or event.name in ranges:
            continue
        duration = event.time_range.elapsed_us()
        key = (event.name, round(duration, 3))
        if launched[key]:
            launched[key] -= 1
            continue
        yield event.time_range.start, Operation(event.name, duration * US)


def _operation(event: Any, microseconds: float) -> Operation:
    above = [it.name for it in parents(event)]
    return Operation(
        name=event.name,
        seconds=microseconds * US,
        shapes=tuple(tuple(shape) for shape in event.input_shapes or () if isinstance(shape, list)),
        backward=any("Backward" in name or name.startswith("autograd::engine") for name in above),
        optimizer=any(name.startswith("Optimizer.") for name in above),
    )


def _is_outermost_operator(event: Any) -> bool:
    return bool(_OPERATOR.match(event.name)) and not any(_OPERATOR.match(it.name) for it in parents(event))


def is_on_cpu(event: Any) -> bool:
    """Say whether something of the profiler's happened on the host."""
    return bool(event.device_type.name == "CPU")


def parents(event: Any) -> Iterator[Any]:
    """Yield the events inside of which one happened, the innermost first."""
    parent = event.cpu_parent
    while parent is not None:
        yield parent
        parent = parent.cpu_parent
