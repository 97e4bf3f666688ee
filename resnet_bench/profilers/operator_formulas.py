"""What one call of an operator costs whose count depends on more than the size of an input or output."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from resnet_bench.models.stored import is_sparse, stored
from resnet_bench.profilers import hollow
from resnet_bench.profilers import operator_tables as tables
from resnet_bench.profilers.operator_count import Count, OperatorCount


def product(name: str, args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Of a sparse factor, the numbers that it stores are multiplied."""
    positions = tables.PRODUCTS[name]
    first, second = (args[position] for position in positions)
    bias = result.numel() if min(positions) else 0
    if is_sparse(second) and not is_sparse(first):
        macs = first.numel() // first.shape[-1] * stored(second).elements
    else:
        macs = stored(first).elements * (second.shape[-1] if second.ndim > 1 else 1)
    return OperatorCount(macs=macs, operands=(first, second), other_flops=bias)


def _outer_product(args: Sequence[Any], result: Tensor) -> OperatorCount:
    return OperatorCount(macs=result.numel(), operands=(args[1], args[2]), other_flops=result.numel())


def _sampled_product(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Of the places alone that a sparse tensor has numbers at."""
    places = stored(args[0]).elements
    return OperatorCount(macs=places * args[1].shape[-1], operands=(args[1], args[2]), other_flops=places)


def _by_eight_bit_weights(args: Sequence[Any], result: Tensor) -> OperatorCount:
    rows, weights = args[:2]
    return OperatorCount(macs=rows.numel() * weights.shape[0], operands=(rows, weights), other_flops=result.numel())


def _distances(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Of each pair of rows, a square and a sum for each of their numbers."""
    return OperatorCount(macs=result.numel() * args[0].shape[-1], operands=tuple(hollow.tensors(*args[:2])))


def _trilinear(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Three factors, each stretched along its own dimensions, multiplied and summed (torch.nn.Bilinear)."""
    stretched = []
    for factor, dimensions in zip(args[:3], args[3:6], strict=True):
        for dimension in sorted(dimensions):
            factor = factor.unsqueeze(dimension)  # noqa: PLW2901 - one dimension after another
        stretched.append(factor.shape)
    return OperatorCount(macs=math.prod(torch.broadcast_shapes(*stretched)), operands=tuple(args[:3]))


def _affine_grid(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Each point, with a one behind it, times the rows of a matrix."""
    return OperatorCount(macs=result.numel() * (result.shape[-1] + 1), operands=(args[0],))


def _time_convolution(args: Sequence[Any], result: Tensor) -> OperatorCount:
    images, weight = args[:2]
    return OperatorCount(
        macs=result.numel() * math.prod(weight.shape[:2]), operands=(images, weight), other_flops=result.numel()
    )


def _convolution(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Per output element: every tap of its group; a transposed convolution spreads each input element instead."""
    images, weight, bias, transposed = args[0], args[1], args[2], bool(args[6])
    sites = images if transposed else result
    macs = sites.numel() * math.prod(weight.shape[1:])
    return OperatorCount(macs=macs, operands=(images, weight), other_flops=0 if bias is None else result.numel())


def _deformed_convolution(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """As one that is not deformed; each of its taps is interpolated between four pixels first."""
    images, weight = args[:2]
    taps = math.prod(weight.shape[2:])
    sampled = result.numel() // weight.shape[0] * images.shape[1] * taps
    interpolation = tables.PER_OUTPUT["upsample_bilinear2d"] * sampled
    return OperatorCount(
        macs=result.numel() * math.prod(weight.shape[1:]),
        operands=(images, weight),
        other_flops=interpolation + result.numel(),
    )


def _attention(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Scores, softmax, and the weighted sum of values; nothing is saved for causal masks."""
    queries, keys, values = args[:3]
    scores = math.prod(queries.shape[:-1]) * keys.shape[-2]
    macs = scores * (queries.shape[-1] + values.shape[-1])
    return OperatorCount(macs=macs, operands=(queries, keys), other_flops=tables.SOFTMAX * scores)


def _recurrent_layer(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """One direction of an LSTM's layer: of every step, the input and the state before it times their weights."""
    steps = result.numel() // result.shape[-1]
    gates = args[1].shape[0]
    macs = steps * (args[1].numel() + args[2].numel())
    return OperatorCount(macs=macs, operands=(args[0], args[1]), other_flops=steps * 3 * gates)


def _embedding_bag(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Rows of a table, added up; weighted where each has a weight of its own."""
    table, indices, weights = args[0], args[1], args[6] if len(args) > 6 else None  # noqa: PLR2004 - per_sample_weights
    return OperatorCount(other_flops=indices.numel() * table.shape[-1] * (1 if weights is None else 2))


def _renormed_rows(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Of each row that is looked up, the square and its sum, then the scale."""
    return OperatorCount(other_flops=3 * args[1].numel() * args[0].shape[-1])


def _grid_sampler(name: str) -> Count:
    def count(args: Sequence[Any], result: Tensor) -> OperatorCount:
        ways = tables.GRID_SAMPLERS[name]
        return OperatorCount(other_flops=ways[args[2] if len(ways) > 1 else 0] * result.numel())

    return count


def _antialiased(name: str) -> Count:
    def count(args: Sequence[Any], result: Tensor) -> OperatorCount:
        """Along rows first; where images shrink, the taps reach as much further."""
        images, reach = args[0], tables.ANTIALIASED[name]
        (high, wide), (out_high, out_wide) = images.shape[-2:], result.shape[-2:]
        across, down = (2 * math.ceil(reach * max(1.0, was / now)) for was, now in ((wide, out_wide), (high, out_high)))
        halfway = images.numel() // wide * out_wide
        return OperatorCount(other_flops=halfway * (2 * across - 1) + result.numel() * (2 * down - 1))

    return count


def _sort(args: Sequence[Any], result: Tensor) -> OperatorCount:
    """Comparisons of a merge sort along one dimension."""
    dimension = args[1] if len(args) > 1 and not isinstance(args[1], bool) and args[1] is not None else -1
    length = result.shape[dimension] if result.ndim else 1
    return OperatorCount(other_flops=result.numel() * math.ceil(math.log2(max(2, length))))


def _unique(args: Sequence[Any], _: Tensor) -> OperatorCount:
    """Comparisons of a merge sort of all."""
    count = args[0].numel()
    return OperatorCount(other_flops=count * math.ceil(math.log2(max(2, count))))


def _found_among(position: int) -> Count:
    def count(args: Sequence[Any], result: Tensor) -> OperatorCount:
        """Return the comparisons of a search by halves for each number."""
        among = args[position]
        borders = among.shape[-1] if isinstance(among, Tensor) and among.ndim else 1
        return OperatorCount(other_flops=result.numel() * math.ceil(math.log2(borders + 1)))

    return count


BY_HAND: dict[str, Count] = {
    **dict.fromkeys(tables.CONVOLUTIONS, _convolution),
    **dict.fromkeys(tables.ATTENTION, _attention),
    **dict.fromkeys(tables.DISTANCES, _distances),
    **{name: _grid_sampler(name) for name in tables.GRID_SAMPLERS},
    **{name: _antialiased(name) for name in tables.ANTIALIASED},
    **dict.fromkeys(("_embedding_bag", "_embedding_bag_forward_only"), _embedding_bag),
    **dict.fromkeys(("affine_grid_generator", "cudnn_affine_grid_generator"), _affine_grid),
    **dict.fromkeys(("_unique", "_unique2", "unique_dim"), _unique),
    "_trilinear": _trilinear,
    "_weight_int8pack_mm": _by_eight_bit_weights,
    "addr": _outer_product,
    "bucketize": _found_among(1),
    "conv_tbc": _time_convolution,
    "embedding_renorm": _renormed_rows,
    "isin": _found_among(1),
    "mkldnn_rnn_layer": _recurrent_layer,
    "searchsorted": _found_among(0),
    "sort": _sort,
    "sparse_sampled_addmm": _sampled_product,
    "torchvision::deform_conv2d": _deformed_convolution,
    "trace": lambda args, _: OperatorCount(other_flops=min(args[0].shape)),
}
