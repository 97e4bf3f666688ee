"""Compiled code by kernel, from torch's profiler: it has no modules left to mark.

A convolution or matrix product belongs to the module whose input and weight have its shapes; where several do, to the
next in order, in a backward pass to the last. Everything else stands under the kernel's own name as fused. What the
profiler itself costs is not taken off: the whole without it stands beside.
"""

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.layers import LayerTimes, mean_of_quickest
from resnet_bench.profilers.profiled_iterations import ITERATIONS, Iteration, Operation, alike, profiled
from resnet_bench.profilers.timeline import Call
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Layer, LayerTime, Mode, Part, Precision, TimedBy
from resnet_bench.records.layer_times import BETWEEN
from resnet_bench.specs.alignment import align
from resnet_bench.specs.costs import Cost, backward_cost, first_weighted, forward_cost

ROUNDS = 4
_GRAPH_PREFIX = re.compile(r"^graph_\d+_")


def measure(workload: Workload, clock: Clock, calls: Sequence[Call], layers: Sequence[Layer]) -> LayerTimes:
    """Time the kernels of a warm, compiled workload.

    Args:
        workload: what to iterate, inside its `running()`.
        clock: of its device.
        calls: of its network, not compiled, in order.
        layers: its static layers.

    Raises:
        UnsupportedError: no kernel was seen, or other ones in each iteration.
    """
    whole: list[float] = []
    iterations: list[Iteration] = []
    for _ in range(ROUNDS):
        whole += [clock.time(workload.iterate, 1).host_s for _ in range(ITERATIONS)][1:]
        iterations += profiled(workload)
    kept = alike(iterations)
    case = workload.case
    return LayerTimes(
        timed_by=TimedBy.PROFILER,
        iterations=len(iterations),
        whole_s=mean_of_quickest(whole),
        instrumented_s=statistics.fmean(each.seconds for each in kept),
        overhead_s=0.0,
        layers=attribute(kept, calls, layers, mode=case.mode, precision=case.precision),
        not_run=(),
    )


def attribute(
    iterations: Sequence[Iteration], calls: Sequence[Call], layers: Sequence[Layer], *, mode: Mode, precision: Precision
) -> tuple[LayerTime, ...]:
    """Return rows for iterations of the same operations: modules where shapes tell, kernels by name elsewhere."""
    means = [
        operation._replace(seconds=statistics.fmean(each.operations[index].seconds for each in iterations))
        for index, operation in enumerate(iterations[0].operations)
    ]
    total = statistics.fmean(each.seconds for each in iterations)
    owners = _owners(means, calls)
    rows: dict[object, LayerTime] = {}
    seen: Counter[str] = Counter()
    positions = align([call.name for call in calls], layers).calls
    first = first_weighted(layers)
    for index, operation in enumerate(means):
        owner = owners.get(index)
        if operation.optimizer:
            _add(rows, "optimizer", _outside("optimizer step"), operation)
        elif owner is not None:
            position = positions[owner]
            counted = None if position is None else layers[position]
            blank = _blank_module(calls[owner], calls[: owner + 1], counted)
            is_first = position == first
            _add(rows, owner, blank, operation, cost=_cost(counted, operation, precision, is_first=is_first))
        else:
            name = _GRAPH_PREFIX.sub("", operation.name)
            # Small operators around the compiled graph stand in one row each, kernels in one for each call.
            seen[name] += not name.startswith("aten::") or not seen[name]
            blank = LayerTime(name=name, type="kernel", part=Part.FUSED, call=seen[name], forward_s=0.0)
            _add(rows, (name, seen[name]), blank, operation)
    rest = max(0.0, total - sum(operation.seconds for operation in means))
    rows[BETWEEN] = _with_seconds(_outside("outside kernels"), forward_s=rest)
    if mode is Mode.TRAINING:
        return tuple(_with_seconds(row, backward_s=row.backward_s or 0.0) for row in rows.values())
    return tuple(rows.values())


def _owners(operations: Sequence[Operation], calls: Sequence[Call]) -> dict[int, int]:
    """Return the call to which each operation belongs, where shapes say so."""
    free = {backward: list(range(len(calls))) for backward in (False, True)}
    owners: dict[int, int] = {}
    for index, operation in enumerate(operations):
        if operation.optimizer:
            continue
        fits = [call for call in free[operation.backward] if _fits(operation, calls[call])]
        if not fits:
            # A linear layer's backward pass is two products; the second finds its layer already claimed.
            fits = [owner for owner in owners.values() if operation.backward and _fits(operation, calls[owner])][-1:]
        if fits:
            owners[index] = fits[-1] if operation.backward else fits[0]
            if owners[index] in free[operation.backward]:
                free[operation.backward].remove(owners[index])
    return owners


def _fits(operation: Operation, call: Call) -> bool:
    name, shapes = operation.name, operation.shapes
    weight = call.weight_shape
    if len(weight) < 2 or len(shapes) < 2:  # noqa: PLR2004 - a matrix, and two factors
        return False
    turned = weight[::-1]
    if "convolution_backward" in name:
        return shapes[1:3] == (call.input_shape, weight)
    if "convolution" in name:
        return not operation.backward and shapes[:2] == (call.input_shape, weight)
    if name.endswith("::addmm"):
        return not operation.backward and shapes[1:3] == (call.input_shape, turned)
    if name.endswith("::mm") and operation.backward and len(call.input_shape) == 2:  # noqa: PLR2004 - a flat batch
        batch, outputs = call.input_shape[0], weight[0]
        return shapes[:2] in {((outputs, batch), call.input_shape), ((batch, outputs), weight)}
    return name.endswith("::mm") and shapes[:2] == (call.input_shape, turned)


def _cost(layer: Layer | None, operation: Operation, precision: Precision, *, is_first: bool) -> Cost | None:
    if layer is None:
        return None
    return backward_cost(layer, precision, is_first=is_first) if operation.backward else forward_cost(layer)


def _blank_module(call: Call, until: Sequence[Call], layer: Layer | None) -> LayerTime:
    return LayerTime(
        name=call.name,
        type=call.type,
        part=Part.MODULE,
        call=sum(each.name == call.name for each in until),
        input_shape=call.input_shape,
        output_shape=call.output_shape,
        forward_s=0.0,
        macs=layer.macs if layer else 0,
    )


def _outside(name: str) -> LayerTime:
    return LayerTime(name=name, type="", part=Part.OUTSIDE, forward_s=0.0)


def _add(
    rows: dict[object, LayerTime], key: object, blank: LayerTime, operation: Operation, *, cost: Cost | None = None
) -> None:
    row = rows.get(key, blank)
    seconds = operation.seconds
    if operation.optimizer:
        row = _with_seconds(row, optimizer_s=(row.optimizer_s or 0.0) + seconds)
    elif operation.backward:
        # The second product of a linear layer's backward pass is counted with the first.
        cost = None if row.backward_s else cost
        row = _with_seconds(row, backward_s=(row.backward_s or 0.0) + seconds)
    else:
        row = _with_seconds(row, forward_s=row.forward_s + seconds)
    if cost is not None:
        row = _with_seconds(
            row, flops=(row.flops or 0) + cost.flops, moved_bytes=(row.moved_bytes or 0) + cost.moved_bytes
        )
    rows[key] = row


def _with_seconds(row: LayerTime, **changes: Any) -> LayerTime:
    return LayerTime(**{name: getattr(row, name) for name in LayerTime.__struct_fields__} | changes)
