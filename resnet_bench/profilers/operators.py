"""What one operator costs: MACs of convolutions and matrix products, other operations, or nothing.

An operator that no table knows is reported by name as uncounted, never taken as free. `register_operator` adds one.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resnet_bench.profilers import hollow
from resnet_bench.profilers import operator_tables as tables


class OperatorCount(NamedTuple):
    """One operator call: MACs, their gradient factor's operands, other operations."""

    macs: int = 0
    operands: tuple[Tensor, ...] = ()
    other_flops: int = 0


Count = Callable[[Sequence[Any], Tensor], OperatorCount]
_registered: dict[str, Count] = {}


def register_operator(name: str, count: Count) -> None:
    """Count an operator from now on, in place of what is known of it.

    Args:
        name: the operator as torch names it, without its overload: "my_library::my_operator"; "aten::" may be left out.
        count: takes the call's positional arguments and its first result, both tensors without data, and returns the
            cost; the operands of its MACs, where given, decide what a training step adds.
    """
    _registered[name.removeprefix("aten::")] = count


def name_of(func: Any) -> str:
    """Return the operator's name without overload and in-place mark: `aten.add_.Tensor` is `add`, others are `a::b`."""
    library, name = str(func).split(".")[:2]
    name = name if name in tables.FREE else name.removesuffix("_")
    return name if library == "aten" else f"{library}::{name}"


def cost(func: Any, args: Sequence[Any], output: Any) -> OperatorCount | None:
    """Return what one call costs, or None where the operator is not known."""
    name = name_of(func)
    result = next(iter(hollow.tensors(output)), None)
    if result is None:
        return OperatorCount()
    if name in _registered:
        return _registered[name](args, result)
    if name in tables.FREE or func.is_view:
        return OperatorCount()
    if name in tables.PRODUCTS:
        return _product(name, args, result)
    if name in _BY_HAND:
        return _BY_HAND[name](args, result)
    other = _other_flops(func, name, args, result)
    return None if other is None else OperatorCount(other_flops=other)


def _other_flops(func: Any, name: str, args: Sequence[Any], result: Tensor) -> int | None:
    if name in tables.WINDOWED:
        window = args[1] if len(args[1]) > 1 else (args[1][0],) * (3 if "3d" in name else 2)
        return int(result.numel() * math.prod(window))
    if name in tables.PER_OUTPUT:
        return tables.PER_OUTPUT[name] * result.numel()
    if name in tables.PER_INPUT:
        return tables.PER_INPUT[name] * int(args[0].numel())
    if name in tables.FOURIER:
        images = result if name == "_fft_c2r" else args[0]  # the side that has all of the elements
        length = math.prod(images.shape[dimension] for dimension in args[1])
        return round(tables.FOURIER[name] * images.numel() * math.log2(length)) if length > 1 else 0
    return result.numel() if torch.Tag.pointwise in func.tags else None


def _product(name: str, args: Sequence[Any], result: Tensor) -> OperatorCount:
    first, second = (args[position] for position in tables.PRODUCTS[name])
    columns = second.shape[-1] if second.ndim > 1 else 1
    bias = result.numel() if name in tables.BIASED else 0
    return OperatorCount(macs=first.numel() * columns, operands=(first, second), other_flops=bias)


def _distances(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Of each pair of rows, a square and a sum for each of their numbers."""
    return OperatorCount(macs=result.numel() * args[0].shape[-1], operands=(args[0], args[1]))


def _trilinear(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Three factors, each stretched along its own dimensions, multiplied and summed (torch.nn.Bilinear)."""
    stretched = []
    for factor, dimensions in zip(args[:3], args[3:6], strict=True):
        for dimension in sorted(dimensions):
            factor = factor.unsqueeze(dimension)  # noqa: PLW2901 - one dimension after another
        stretched.append(factor.shape)
    return OperatorCount(macs=math.prod(torch.broadcast_shapes(*stretched)), operands=tuple(args[:3]))


def _time_convolution(args: Sequence[Any], result: Tensor) -> OperatorCount:
    images, weight = args[:2]
    return OperatorCount(
        macs=result.numel() * math.prod(weight.shape[:2]), operands=(images, weight), other_flops=result.numel()
    )


def _sort(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Comparisons of a merge sort along one dimension."""
    dimension = args[1] if len(args) > 1 and not isinstance(args[1], bool) else -1
    return OperatorCount(other_flops=result.numel() * math.ceil(math.log2(max(2, result.shape[dimension]))))


def _attention(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Scores, softmax, and the weighted sum of values; nothing is saved for causal masks."""
    queries, keys, values = args[:3]
    scores = math.prod(queries.shape[:-1]) * keys.shape[-2]
    macs = scores * (queries.shape[-1] + values.shape[-1])
    return OperatorCount(macs=macs, operands=(queries, keys), other_flops=tables.SOFTMAX * scores)


def _convolution(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Per output element: every tap of its group; a transposed convolution spreads each input element instead."""
    images, weight, bias, transposed = args[0], args[1], args[2], bool(args[6])
    sites = images if transposed else result
    macs = sites.numel() * math.prod(weight.shape[1:])
    return OperatorCount(macs=macs, operands=(images, weight), other_flops=0 if bias is None else result.numel())


_BY_HAND: dict[str, Count] = {
    **dict.fromkeys(tables.CONVOLUTIONS, _convolution),
    **dict.fromkeys(tables.ATTENTION, _attention),
    **dict.fromkeys(tables.DISTANCES, _distances),
    "_trilinear": _trilinear,
    "conv_tbc": _time_convolution,
    "sort": _sort,
}
