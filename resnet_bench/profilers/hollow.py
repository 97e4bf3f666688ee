"""Shortcuts on tensors without data: operators whose meta form torch spells out in slow Python, by their shapes alone.

Batch norm's change no byte, and make a trace several times faster. Group norm's are those of the kernels: where
autocast leaves images in half and weights in float32, torch's meta form of the backward pass gives float32.
"""

from typing import Any

import torch
from torch import Tensor


def run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operator on tensors without data, batch norm by its shapes alone."""
    if func is torch.ops.aten.native_batch_norm.default:
        return _batch_norm(args[0])
    if func is torch.ops.aten.native_batch_norm_backward.default:
        return _norm_backward(images=args[1], weight=args[2], wanted=args[9])
    if func is torch.ops.aten.native_group_norm.default:
        return _group_norm(args)
    if func is torch.ops.aten.native_group_norm_backward.default:
        return _norm_backward(images=args[1], weight=args[4], wanted=args[9])
    return func(*args, **kwargs)


def tensors(*values: Any) -> list[Tensor]:
    """Return the tensors among an operator's arguments or results, lists opened one level deep."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += [each for each in value if isinstance(each, Tensor)]
    return found


def _batch_norm(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Output, and the batch's mean and inverse deviation, which kernels keep in fp32 for halves."""
    statistics = torch.float64 if images.dtype is torch.float64 else torch.float32
    channels = images.shape[1]
    return (
        torch.empty_like(images),
        images.new_empty(channels, dtype=statistics),
        images.new_empty(channels, dtype=statistics),
    )


def _group_norm(args: tuple[Any, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Output, and each group's mean and inverse deviation, in fp32 where images and weights are of two types."""
    images, weight, batch_size, groups = args[0], args[1], args[3], args[6]
    mixed = weight is not None and weight.dtype is not images.dtype
    statistics = torch.float32 if mixed else images.dtype
    return (
        torch.empty_like(images),
        images.new_empty((batch_size, groups), dtype=statistics),
        images.new_empty((batch_size, groups), dtype=statistics),
    )


def _norm_backward(
    *, images: Tensor, weight: Tensor | None, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    of_weight = weight if weight is not None else images.new_empty(images.shape[1])
    return (
        torch.empty_like(images) if wanted[0] else None,
        torch.empty_like(of_weight) if wanted[1] else None,
        torch.empty_like(of_weight) if wanted[2] else None,
    )
