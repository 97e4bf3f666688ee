"""Measured time by layer: iterations with and without marks take turns, and the parts' sum stands beside the whole.

Each layer's time is its mean over the quickest quarter of the marked iterations, chosen by their total: such parts add
up exactly to a whole, which medians of parts do not, and neighbours on the machine only ever slow. What a mark costs is
measured on modules that do nothing and taken off. On a device with a queue rows are the durations of kernels, and what
is left of the whole is the device's waiting; marks in its queue are for those whose profiler sees no kernels.
"""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from torch import nn

from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers import kernel_times
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.kernel_times import KernelTimes
from resnet_bench.profilers.layer_turns import LayerTurns
from resnet_bench.profilers.marker_overhead import Overhead, calibrate
from resnet_bench.profilers.profiled_iterations import ITERATIONS
from resnet_bench.profilers.reference import Reference
from resnet_bench.profilers.sampler import without_garbage_collection
from resnet_bench.profilers.timeline import Call, Cut, Region, Segment, survey
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Case, Layer, LayerTime, Mode, Part, Precision, Samples, StopReason, TimedBy
from resnet_bench.records.layer_times import BETWEEN, WAITING
from resnet_bench.specs.alignment import align
from resnet_bench.specs.costs import first_weighted, iteration_cost, optimizer_cost

AGREEMENT = 0.03
MIN_ITERATIONS = 8
MAX_ITERATIONS = 160
_EXTENSION = 4
_LEAST_KEPT = 3


class LayerTimes(NamedTuple):
    """What `LayerProfile` says of the time; see there."""

    timed_by: TimedBy
    iterations: int
    whole_s: float
    instrumented_s: float
    overhead_s: float
    layers: tuple[LayerTime, ...]
    not_run: tuple[str, ...]
    samples: Samples | None = None


def measure(
    workload: Workload,
    network: nn.Module,
    clock: Clock,
    layers: Sequence[Layer],
    *,
    budget_s: float,
    reference: Reference | None = None,
) -> LayerTimes:
    """Time every layer of a warm workload.

    Args:
        workload: what to iterate, inside its `running()`.
        network: whose modules it runs.
        clock: of its device.
        layers: its static layers, whose counts the rows take over.
        budget_s: seconds of iterations; up to four times as long, and as many iterations, while parts and whole do not
            agree.
        reference: takes turns with the iterations without marks, None for none.

    Raises:
        UnsupportedError: its modules are called in another order each time.
    """
    marker = clock.marker()
    calls = survey(network, workload.iterate)
    overhead = calibrate(clock, marker, workload.case.mode)
    turns = LayerTurns(workload, network, clock, marker, reference)
    with without_garbage_collection():
        start = clock.now()
        while True:
            turns.take()
            if len(turns.cuts) < MIN_ITERATIONS:
                continue
            parts = _parts(calls, turns.cuts, overhead)
            whole_s = mean_of_quickest(turns.whole_s)
            agrees = abs(sum(parts.values()) - whole_s) <= AGREEMENT * whole_s
            spent_s = clock.now() - start
            extension = 1 if agrees else _EXTENSION
            enough = len(turns.cuts) >= MAX_ITERATIONS * extension
            if enough or spent_s >= budget_s * extension:
                break
        samples = turns.finish(StopReason.MAXIMUM if enough else StopReason.BUDGET)
    by_kernel = kernel_times.measure(workload, network, clock) if marker.timed_by is TimedBy.DEVICE_EVENTS else None
    if by_kernel is not None:
        rows, not_run = _rows(calls, by_kernel.kernels, layers, workload.case, network, host=by_kernel.host)
        return _of_kernels(rows, not_run, whole_s, by_kernel)._replace(samples=samples)
    rows, not_run = _rows(calls, parts, layers, workload.case, network)
    instrumented = statistics.fmean(cut.total_s for cut in _quickest(turns.cuts))
    return LayerTimes(
        timed_by=marker.timed_by,
        iterations=len(turns.cuts),
        whole_s=whole_s,
        instrumented_s=instrumented,
        overhead_s=instrumented - sum(parts.values()),
        layers=rows,
        not_run=not_run,
        samples=samples,
    )


def _of_kernels(
    rows: tuple[LayerTime, ...], not_run: tuple[str, ...], whole_s: float, found: KernelTimes
) -> LayerTimes:
    """Return rows by their kernels; what they leave of the whole, the device waited."""
    kernels_s = sum(found.kernels.values())
    waiting = LayerTime(name=WAITING, type="", part=Part.OUTSIDE, forward_s=max(0.0, whole_s - kernels_s))
    return LayerTimes(
        timed_by=TimedBy.KERNELS,
        iterations=kernel_times.ROUNDS * (ITERATIONS - 1),
        whole_s=whole_s,
        instrumented_s=whole_s,
        overhead_s=0.0,
        layers=(*rows, waiting),
        not_run=not_run,
    )


def _quickest(cuts: Sequence[Cut]) -> list[Cut]:
    return sorted(cuts, key=lambda cut: cut.total_s)[: _kept(len(cuts))]


def mean_of_quickest(values: Sequence[float]) -> float:
    """Return the mean of the quickest quarter, of three values at least."""
    return statistics.fmean(sorted(values)[: _kept(len(values))])


def _kept(count: int) -> int:
    return max(_LEAST_KEPT, count // 4)


def _parts(calls: Sequence[Call], cuts: Sequence[Cut], overhead: Overhead) -> dict[Segment, float]:
    """Return the seconds of each segment but the hooks', overhead taken off."""
    names = tuple(call.name for call in calls)
    if any(cut.names != names for cut in cuts):
        raise UnsupportedError("its modules are called in another order from one iteration to the next.")
    kept = _quickest(cuts)
    segments = dict.fromkeys(
        segment for cut in kept for segment in cut.seconds if segment.place is not Region.BOOKKEEPING
    )
    found = {}
    for segment in segments:
        mean = statistics.fmean(cut.seconds.get(segment, 0.0) for cut in kept)
        marks = statistics.fmean(cut.marks.get(segment, 0) for cut in kept)
        found[segment] = max(0.0, mean - _overhead_of(segment, marks, overhead, last=len(calls)))
    return found


def _overhead_of(segment: Segment, marks: float, overhead: Overhead, *, last: int) -> float:
    if segment.backward:
        return marks * overhead.node_s
    if segment.place is Region.MODULE:
        return overhead.inside_s
    if segment.place is Region.GAP:
        ends = (segment.number == 0) + (segment.number == last)
        return overhead.between_s * (1 - ends / 2)
    return 0.0


def _rows(
    calls: Sequence[Call],
    parts: dict[Segment, float],
    layers: Sequence[Layer],
    case: Case,
    network: nn.Module,
    *,
    host: dict[Segment, float] | None = None,
) -> tuple[tuple[LayerTime, ...], tuple[str, ...]]:
    """Put segments and static layers together: calls by name and order, operators into the gap where they run."""

    def launch_s(place: Region, number: int = 0) -> float | None:
        both = (Segment(place, number), Segment(place, number, backward=True))
        return None if host is None else sum(host.get(segment, 0.0) for segment in both)

    mode, precision = case.mode, case.precision
    training = mode is Mode.TRAINING
    aligned = align([call.name for call in calls], layers)
    first = first_weighted(layers)
    rows: list[LayerTime] = []
    rest = [0.0, 0.0]
    started = launch_s(Region.REST)
    counts: dict[str, int] = {}
    for index in range(len(calls) + 1):
        gap = (parts.get(Segment(Region.GAP, index), 0.0), parts.get(Segment(Region.GAP, index, backward=True), 0.0))
        if aligned.gaps[index]:
            inside = [layers[position] for position in aligned.gaps[index]]
            rows.append(_operators(inside, gap, mode, precision, launch_s=launch_s(Region.GAP, index)))
        else:
            rest = [rest[0] + gap[0], rest[1] + gap[1]]
            started = None if started is None else started + (launch_s(Region.GAP, index) or 0.0)
        if index == len(calls):
            break
        call, position = calls[index], aligned.calls[index]
        counts[call.name] = counts.get(call.name, 0) + 1
        counted = None if position is None else layers[position]
        cost = counted and iteration_cost(counted, mode, precision, is_first=position == first)
        rows.append(
            LayerTime(
                name=call.name,
                type=call.type,
                part=Part.MODULE,
                call=counts[call.name],
                input_shape=call.input_shape,
                output_shape=call.output_shape,
                forward_s=parts.get(Segment(Region.MODULE, index), 0.0),
                backward_s=parts.get(Segment(Region.MODULE, index, backward=True), 0.0) if training else None,
                launch_s=launch_s(Region.MODULE, index),
                macs=counted.macs if counted else 0,
                flops=cost.flops if cost else None,
                moved_bytes=cost.moved_bytes if cost else None,
            )
        )
    rest[1] += parts.get(Segment(Region.REST, backward=True), 0.0)
    backward_s = rest[1] if training else None
    outside = LayerTime(name=BETWEEN, type="", part=Part.OUTSIDE, forward_s=rest[0], backward_s=backward_s)
    rows.append(msgspec.structs.replace(outside, launch_s=started))
    if training:
        optimizer = _optimizer(network, parts.get(Segment(Region.OPTIMIZER), 0.0), precision)
        rows.append(msgspec.structs.replace(optimizer, launch_s=launch_s(Region.OPTIMIZER)))
    return tuple(rows), tuple(layers[position].name for position in aligned.not_run)


def _operators(
    inside: Sequence[Layer], gap: tuple[float, float], mode: Mode, precision: Precision, *, launch_s: float | None
) -> LayerTime:
    costs = [iteration_cost(layer, mode, precision, is_first=False) for layer in inside]
    known = [cost for cost in costs if cost is not None]
    whole = len(known) == len(costs)
    return LayerTime(
        name=" + ".join(layer.name for layer in inside),
        type=" + ".join(dict.fromkeys(layer.type for layer in inside)),
        part=Part.OPERATOR,
        input_shape=inside[0].input_shape,
        output_shape=inside[-1].output_shape,
        forward_s=gap[0],
        backward_s=gap[1] if mode is Mode.TRAINING else None,
        launch_s=launch_s,
        macs=sum(layer.macs for layer in inside),
        flops=sum(cost.flops for cost in known) if whole else None,
        moved_bytes=sum(cost.moved_bytes for cost in known) if whole else None,
    )


def _optimizer(network: nn.Module, seconds: float, precision: Precision) -> LayerTime:
    trainable = sum(each.numel() for each in network.parameters() if each.requires_grad)
    cost = optimizer_cost(trainable, precision)
    return LayerTime(
        name="optimizer step",
        type="",
        part=Part.OUTSIDE,
        forward_s=0.0,
        backward_s=0.0,
        optimizer_s=seconds,
        flops=cost.flops,
        moved_bytes=cost.moved_bytes,
    )
