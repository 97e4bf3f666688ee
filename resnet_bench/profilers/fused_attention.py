"""What torch's fused attention takes inside of itself: buffers that no operator shows, freed before it returns.

`nn.MultiheadAttention` and `nn.TransformerEncoderLayer` call one operator in eval mode without gradients. Their phases
follow ATen's native/transformers/attention.cpp and transformer.cpp (torch 2.13), in elements of the input's type.
A kernel's own buffers, a few kB for each thread, are left out.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch


def inner_bytes(func: Any, args: Sequence[Any]) -> int:
    """Return the most bytes that a call holds inside of itself, its results included; 0 for every other operator."""
    count = _INSIDE.get(func)
    return 0 if count is None else count(args) * args[0].element_size()


def _attention(args: Sequence[Any]) -> int:
    """Projected queries, keys and values twice while biases are added; then once, with the scores."""
    return _phases(args[0], args[4])


def _phases(query: torch.Tensor, heads: int) -> int:
    images, tokens, _ = query.shape
    projected = 3 * query.numel()
    scores = images * heads * tokens * tokens
    return max(2 * projected, projected + scores, projected + 2 * query.numel())


def _encoder_layer(args: Sequence[Any]) -> int:
    """Attention, of a normalised input where the norm comes first; then the two layers behind it."""
    source, heads, use_gelu, norm_first = args[0], args[2], args[7], args[8]
    tokens = source.numel()
    hidden = tokens // source.shape[-1] * args[14].shape[0]
    normalised = tokens if norm_first else 0
    behind = tokens + normalised + max(hidden + (hidden if use_gelu else 0), hidden + tokens)
    return int(max(normalised + _phases(source, heads), behind))


def _attention_backward(args: Sequence[Any]) -> int:
    """The three gradients, and the incoming one copied where it does not lie token by token."""
    incoming: torch.Tensor = args[0]
    copied = 0 if incoming.transpose(1, 2).is_contiguous() else incoming.numel()
    return copied + sum(int(each.numel()) for each in args[1:4])


_INSIDE: dict[Any, Callable[[Sequence[Any]], int]] = {
    torch.ops.aten._native_multi_head_attention.default: _attention,  # noqa: SLF001 - torch's only name for it
    torch.ops.aten._transformer_encoder_layer_fwd.default: _encoder_layer,  # noqa: SLF001
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default: _attention_backward,  # noqa: SLF001
}
