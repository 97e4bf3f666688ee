"""What a layer asks of a device in one iteration: FLOPs and bytes moved, forward and backward, in closed form.

Bytes are those that must move if every layer reads its inputs and writes its outputs once; caches and fused kernels
may need fewer. The backward pass is counted for the layer types below; of others nothing is guessed (None).
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from resnet_bench.records import Layer, Mode, Precision, Work
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.operation import ACTIVATIONS

_INDEX_BYTES = 8
# dL/dx of y = w (x - mean) r + b over a batch: two sums (4 operations an element), then five to put them together.
_NORM_BACKWARD_FLOPS = 9
# SGD with momentum: buffer = momentum x buffer + gradient; weight -= rate x buffer. Reads three, writes two.
_OPTIMIZER_FLOPS, _OPTIMIZER_MOVES = 4, 5


class Cost(NamedTuple):
    """FLOPs, those that are no multiply-accumulates included, and bytes read and written."""

    flops: int
    moved_bytes: int


class _Sizes(NamedTuple):
    """Elements of a layer's input, output and weights; bytes of one element."""

    input: int
    output: int
    weights: int
    element: int


def forward_cost(layer: Layer) -> Cost:
    """Return the forward pass as the static profile counts it."""
    return Cost(layer.flops + layer.other_flops, layer.bytes_read + layer.bytes_written)


def backward_cost(layer: Layer, precision: Precision, *, is_first: bool) -> Cost | None:
    """Return the backward pass of a layer, None where its type has no closed form here.

    Args:
        layer: with shapes that include the batch.
        precision: decides the bytes of an element.
        is_first: whether its input is the images, which need no gradient.
    """
    count = _BACKWARD.get(layer.type)
    if count is None:
        return None
    sizes = _Sizes(
        math.prod(layer.input_shape),
        math.prod(layer.output_shape),
        layer.parameters,
        arithmetic(precision).activation_bytes,
    )
    return count(layer, sizes, is_first)


def iteration_cost(layer: Layer, mode: Mode, precision: Precision, *, is_first: bool) -> Cost | None:
    """Return forward, or forward and backward; None where the backward pass is not known."""
    forward = forward_cost(layer)
    if mode is Mode.INFERENCE:
        return forward
    backward = backward_cost(layer, precision, is_first=is_first)
    return backward and Cost(forward.flops + backward.flops, forward.moved_bytes + backward.moved_bytes)


def optimizer_cost(parameters: int, precision: Precision) -> Cost:
    """Return one step of SGD with momentum over all parameters."""
    return Cost(_OPTIMIZER_FLOPS * parameters, _OPTIMIZER_MOVES * parameters * arithmetic(precision).weight_bytes)


def updated_parameters(step_flops: int) -> int:
    """Return how many parameters a step of SGD with momentum updates that has so many FLOPs."""
    return step_flops // _OPTIMIZER_FLOPS


def iteration_work(
    layers: Sequence[Layer], *, mode: Mode, precision: Precision, trainable_parameters: int
) -> tuple[Work, ...]:
    """Return everything an iteration asks for, layers that ask for the same counted together, in order.

    In training, forward and backward pass stand apart, the optimizer step comes last, and a layer whose backward
    pass is not known brings its forward pass alone: what is built on this stays a lower bound.
    """
    first = first_weighted(layers)
    found: Counter[tuple[Cost, bool]] = Counter()
    for index, layer in enumerate(layers):
        fusable = layer.macs == 0
        found[forward_cost(layer), fusable] += 1
        if mode is Mode.TRAINING:
            backward = backward_cost(layer, precision, is_first=index == first)
            if backward is not None:
                found[backward, fusable] += 1
    if mode is Mode.TRAINING:
        found[optimizer_cost(trainable_parameters, precision), False] += 1
    return tuple(
        Work(flops=cost.flops, moved_bytes=cost.moved_bytes, count=count, fusable=fusable)
        for (cost, fusable), count in found.items()
    )


def first_weighted(layers: Sequence[Layer]) -> int | None:
    """Return the position of the first layer with multiply-accumulates: the one that sees the images."""
    return next((index for index, layer in enumerate(layers) if layer.macs), None)


def _weighted(layer: Layer, sizes: _Sizes, is_first: bool) -> Cost:  # noqa: FBT001 - one shape for the whole table
    """Gradient of the weights (reads gradient and input), and of the input (reads gradient and weights)."""
    of_weights = sizes.output + sizes.input + sizes.weights
    of_input = 0 if is_first else sizes.output + sizes.weights + sizes.input
    passes = 1 if is_first else 2
    # A bias gradient sums the output's gradient; other_flops of a linear layer are its biases.
    return Cost(passes * layer.flops + layer.other_flops, (of_weights + of_input) * sizes.element)


def _norm(_layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Reads gradient, input, weight, and the batch's mean and deviation; writes three gradients."""
    channels = sizes.weights // 2
    moved = sizes.output + 2 * sizes.input + 5 * channels
    return Cost(_NORM_BACKWARD_FLOPS * sizes.output, moved * sizes.element)


def _group_norm(layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """As batch norm, but that each image has a mean and a deviation for each group; those are left out."""
    channels = layer.input_shape[1]
    return Cost(_NORM_BACKWARD_FLOPS * sizes.output, (sizes.output + 2 * sizes.input + 3 * channels) * sizes.element)


def _frozen_norm(layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Reads gradient and scale, writes the input's gradient."""
    return Cost(sizes.output, (2 * sizes.output + layer.input_shape[1]) * sizes.element)


def _blur(layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Spreads the gradient by the filter, which needs none itself."""
    return Cost(layer.flops, (sizes.output + sizes.input) * sizes.element)


def _activation(_layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Reads gradient and what the forward pass kept, writes the input's gradient."""
    return Cost(sizes.output, 3 * sizes.output * sizes.element)


def _add(_layer: Layer, _sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Both sides take the gradient as it is."""
    return Cost(0, 0)


def _pad(layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Reads the gradient of the pixels kept, writes that of the whole input."""
    batch, channels = layer.input_shape[:2]
    kept = batch * channels * math.prod(layer.output_shape[2:])
    return Cost(0, (kept + sizes.input) * sizes.element)


def _max_pool(_layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Reads gradient and indices, adds into the input's gradient."""
    return Cost(sizes.output, (sizes.output + sizes.input) * sizes.element + sizes.output * _INDEX_BYTES)


def _avg_pool(_layer: Layer, sizes: _Sizes, _is_first: bool) -> Cost:  # noqa: FBT001
    """Spreads each output's gradient over its window."""
    return Cost(sizes.input, (sizes.output + sizes.input) * sizes.element)


_BACKWARD: dict[str, Callable[[Layer, _Sizes, bool], Cost]] = {
    "Conv2d": _weighted,
    "Conv1d": _weighted,
    "Linear": _weighted,
    "BatchNorm2d": _norm,
    "SyncBatchNorm": _norm,
    "GroupNorm": _group_norm,
    "FrozenBatchNorm2d": _frozen_norm,
    "Relu": _activation,
    **{kind.value: _activation for kind in ACTIVATIONS},
    "Add": _add,
    "PadShortcut": _pad,
    "BlurPool2d": _blur,
    "MaxPool2d": _max_pool,
    "AvgPool2d": _avg_pool,
    "AdaptiveAvgPool2d": _avg_pool,
}
