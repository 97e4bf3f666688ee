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
    if result is None:
        return OperatorCount()
    if name in _registered:
        return _registered[name](args, result)
    if name in moves.FREE or func.is_view:
        return OperatorCount()
    if name in tables.PRODUCTS:
        return product(name, args, result)
    if name in BY_HAND:
        return BY_HAND[name](args, result)
    other = _other_flops(name, args, result)
    return None if other is None else OperatorCount(other_flops=other)


def is_known(name: str) -> bool:
    """Say whether an operator's cost is known here, by its name as `name_of` has it."""
    known = (moves.FREE, tables.PRODUCTS, BY_HAND, tables.WINDOWED, tables.PER_OUTPUT, tables.PER_INPUT)
    rest = (tables.PER_ELEMENT_OF, tables.FOURIER, _registered)
    return any(name in table for table in (*known, *rest)) or _is_pointwise(name)


def _other_flops(name: str, args: Sequence[Any], result: Tensor) -> int | None:
    if name in tables.WINDOWED:
        window = args[1] if len(args[1]) > 1 else (args[1][0],) * (3 if "3d" in name else 2)
        return int(result.numel() * math.prod(window))
    if name in tables.PER_OUTPUT:
        return tables.PER_OUTPUT[name] * result.numel()
    if name in tables.PER_INPUT:
        return tables.PER_INPUT[name] * stored(args[0]).elements
    if name in tables.PER_ELEMENT_OF:
        return stored(args[tables.PER_ELEMENT_OF[name]]).elements
    if name in tables.FOURIER:
        images = result if name == "_fft_c2r" else args[0]  # the side that has all of the elements
        length = math.prod(images.shape[dimension] for dimension in args[1])
        return round(tables.FOURIER[name] * images.numel() * math.log2(length)) if length > 1 else 0
    return result.numel() if _is_pointwise(name) else None


@functools.cache
def _is_pointwise(name: str) -> bool:
    """Say whether torch calls any form of an operator pointwise; of those in place it does not say it always."""
    library, _, operator = name.rpartition("::")
    packet = getattr(getattr(torch.ops, library or "aten"), operator, None)
    forms = packet.overloads() if packet is not None else ()
    return any(torch.Tag.pointwise in getattr(packet, form).tags for form in forms)
