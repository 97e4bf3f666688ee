"""What one aten operator costs: MACs of convolutions and matrix products, other operations, or nothing.

An operator that stands in no table here is reported by name as uncounted, never taken as free.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resnet_bench.profilers import hollow


class Cost(NamedTuple):
    """One operator call: MACs, their gradient factor's operands, other operations."""

    macs: int = 0
    operands: tuple[Tensor, ...] = ()
    other_flops: int = 0


# Name -> positions of the two factors in the arguments.
_PRODUCTS = {"mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2), "mv": (0, 1), "dot": (0, 1)}
_BIASED = ("addmm", "baddbmm")
_CONVOLUTIONS = frozenset({"convolution", "_convolution", "convolution_overrideable"})
_ATTENTION = frozenset(
    {
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_cudnn_attention",
    }
)
# Operations per output element.
_PER_OUTPUT = {
    "native_batch_norm": 2,
    "_native_batch_norm_legit": 2,
    "cudnn_batch_norm": 2,
    "native_layer_norm": 5,
    "native_group_norm": 5,
    "native_dropout": 1,
    "_softmax": 5,
    "_log_softmax": 5,
    "_safe_softmax": 5,
    "hardtanh": 1,
    "leaky_relu": 1,
    "_prelu_kernel": 1,
    "gelu": 1,
    "silu": 1,
    "hardswish": 1,
    "hardsigmoid": 1,
    "elu": 1,
    "upsample_bilinear2d": 7,
}
# One operation per input element.
_PER_INPUT = frozenset(
    {"mean", "sum", "amax", "amin", "max", "min", "prod", "_adaptive_avg_pool2d", "argmax", "var_mean"}
)
_WINDOWED = frozenset({"max_pool2d_with_indices", "avg_pool2d"})
# They move, make or rename numbers and compute none.
_FREE = frozenset(
    {
        "_to_copy",
        "clone",
        "copy",
        "copy_",
        "empty",
        "empty_like",
        "empty_strided",
        "new_empty",
        "new_zeros",
        "new_ones",
        "as_strided",
        "zeros",
        "zeros_like",
        "ones",
        "ones_like",
        "full",
        "full_like",
        "fill_",
        "zero_",
        "constant_pad_nd",
        "cat",
        "stack",
        "arange",
        "index",
        "index_select",
        "gather",
        "roll",
        "channel_shuffle",
        "pixel_shuffle",
        "flip",
        "upsample_nearest2d",
        "_unsafe_view",
        "detach",
        "lift_fresh",
        "bernoulli_",
        "scalar_tensor",
    }
)


def name_of(func: Any) -> str:
    """Return the operator's name without namespace, overload and in-place mark: `aten.add_.Tensor` is `add`."""
    name = str(func).split(".")[1]
    return name if name in _FREE else name.removesuffix("_")


def cost(func: Any, args: Sequence[Any], output: Any) -> Cost | None:
    """Return what one call costs, or None where the operator is not known."""
    name = name_of(func)
    if name in _FREE or func.is_view:
        return Cost()
    result = next(iter(hollow.tensors(output)), None)
    if result is None:
        return Cost()
    if name in _CONVOLUTIONS:
        return _convolution(args, result)
    if name in _PRODUCTS:
        return _product(name, args, result)
    if name in _ATTENTION:
        return _attention(args)
    other = _other_flops(func, name, args, result)
    return None if other is None else Cost(other_flops=other)


def _other_flops(func: Any, name: str, args: Sequence[Any], result: Tensor) -> int | None:
    if name in _WINDOWED:
        kernel = args[1] if len(args[1]) > 1 else (args[1][0], args[1][0])
        return int(result.numel() * math.prod(kernel))
    if name in _PER_OUTPUT:
        return _PER_OUTPUT[name] * result.numel()
    if name in _PER_INPUT:
        return int(args[0].numel())
    return result.numel() if torch.Tag.pointwise in func.tags else None


def _product(name: str, args: Sequence[Any], result: Tensor) -> Cost:
    first, second = (args[position] for position in _PRODUCTS[name])
    bias = result.numel() if name in _BIASED else 0
    return Cost(macs=result.numel() * first.shape[-1], operands=(first, second), other_flops=bias)


def _attention(args: Sequence[Any]) -> Cost:
    """Scores, softmax, and the weighted sum of values; nothing is saved for causal masks."""
    queries, keys, values = args[:3]
    scores = math.prod(queries.shape[:-1]) * keys.shape[-2]
    macs = scores * (queries.shape[-1] + values.shape[-1])
    return Cost(macs=macs, operands=(queries, keys), other_flops=_PER_OUTPUT["_softmax"] * scores)


def _convolution(args: Sequence[Any], result: Tensor) -> Cost:
    """Per output element: every tap of its group; a transposed convolution spreads each input element instead."""
    images, weight, bias, transposed = args[0], args[1], args[2], bool(args[6])
    sites = images if transposed else result
    macs = sites.numel() * math.prod(weight.shape[1:])
    return Cost(macs=macs, operands=(images, weight), other_flops=0 if bias is None else result.numel())
