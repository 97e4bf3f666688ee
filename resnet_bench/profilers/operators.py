"""What one operator costs: MACs of convolutions and matrix products, other operations, or nothing.

An operator that no table knows is reported by name as uncounted, never taken as free. `register_operator` adds one.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from resnet_bench.models.stored import stored
from resnet_bench.profilers import hollow, moves
from resnet_bench.profilers import operator_tables as tables
from resnet_bench.profilers.operator_count import Count, OperatorCount
from resnet_bench.profilers.operator_formulas import BY_HAND, product

_registered: dict[str, Count] = {}


def register_operator(name: str, count: Count) -> None:
    """Count an operator from now on as `count` says, in place of what is known of it."""
    _registered[name.removeprefix("aten::")] = count


def name_of(func: Any) -> str:
    """Return the operator's name without overload and in-place mark: `aten.add_.Tensor` is `add`, others are `a::b`."""
    library, name = str(func).split(".")[:2]
    name = name.removesuffix("_")
    return name if library == "aten" else f"{library}::{name}"


def cost(func: Any, args: Sequence[Any], output: Any) -> OperatorCount | None:
    """Return what one call costs, or None where the operator is not known."""
    name = name_of(func)
    result = next(iter(hollow.tensors(output)), None)
    if result is None or (func.is_view and name not in _registered):
        return OperatorCount()
    count = _count_of(name)
    return None if count is None else count(args, result)


def is_known(name: str) -> bool:
    """Say whether an operator's cost is known here, by its name as `name_of` has it."""
    return _count_of(name) is not None


def _count_of(name: str) -> Count | None:
    known = _registered.get(name) or _KNOWN.get(name)
    return _per_output(1) if known is None and _is_pointwise(name) else known


def _free(_: Sequence[Any], __: Tensor) -> OperatorCount:
    return OperatorCount()


def _windowed(name: str) -> Count:
    def count(args: Sequence[Any], result: Tensor) -> OperatorCount:
        window = args[1] if len(args[1]) > 1 else (args[1][0],) * (3 if "3d" in name else 2)
        return OperatorCount(other_flops=int(result.numel() * math.prod(window)))

    return count


def _per_output(operations: int) -> Count:
    return lambda _, result: OperatorCount(other_flops=operations * result.numel())


def _per_element_of(position: int, operations: int = 1) -> Count:
    return lambda args, _: OperatorCount(other_flops=operations * stored(args[position]).elements)


def _fourier(name: str) -> Count:
    def count(args: Sequence[Any], result: Tensor) -> OperatorCount:
        images = result if name == "_fft_c2r" else args[0]  # the side that has all of the elements
        length = math.prod(images.shape[dimension] for dimension in args[1])
        flops = tables.FOURIER[name] * images.numel() * math.log2(length) if length > 1 else 0.0
        return OperatorCount(other_flops=round(flops))

    return count


# No name is in two of them.
_KNOWN: dict[str, Count] = {
    **dict.fromkeys(moves.FREE, _free),
    **{name: functools.partial(product, name) for name in tables.PRODUCTS},
    **BY_HAND,
    **{name: _windowed(name) for name in tables.WINDOWED},
    **{name: _per_output(operations) for name, operations in tables.PER_OUTPUT.items()},
    **{name: _per_element_of(0, operations) for name, operations in tables.PER_INPUT.items()},
    **{name: _per_element_of(position) for name, position in tables.PER_ELEMENT_OF.items()},
    **{name: _fourier(name) for name in tables.FOURIER},
}


@functools.cache
def _is_pointwise(name: str) -> bool:
    """Say whether torch calls any form of an operator pointwise; of those in place it does not say it always."""
    library, _, operator = name.rpartition("::")
    packet = getattr(getattr(torch.ops, library or "aten"), operator, None)
    forms = packet.overloads() if packet is not None else ()
    return any(torch.Tag.pointwise in getattr(packet, form).tags for form in forms)
