"""A spec's profile in closed form: no torch, no weights, no arithmetic on images.

MACs count convolution and linear layers; everything else has its own column, `other_flops`. Activations count the
outputs of convolution and linear layers (the convention of Radosavovic et al. 2020, arXiv:2003.13678).
"""

from collections.abc import Iterator, Sequence

from resnet_bench.errors import ModelError
from resnet_bench.records import Layer, Mode, Optimizer, Precision, PredictedMemory, Profile, Record, Update
from resnet_bench.records.inputs import ModelInput
from resnet_bench.specs.architecture import Spec
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.liveness import AlwaysAlive, assemble, rounding
from resnet_bench.specs.operation import BATCH_NORMS, WEIGHTED, Op, OperationType, Tensor
from resnet_bench.specs.program import operations
from resnet_bench.specs.variants import NORM_GROUPS
from resnet_bench.specs.walk import Walk
from resnet_bench.words import counted

_COUNTER_BYTES = 8  # batch norm counts its batches in one int64
_LABEL_BYTES = 8  # so are class labels
_IMAGE = 3  # dimensions: channels, height, width


class Totals(Record, frozen=True, kw_only=True):
    """The totals of a spec for one image, without its layers."""

    parameters: int
    macs: int
    activations: int
    weighted_layers: int


def totals(spec: Spec, *, image_size: int | None = None) -> Totals:
    """Return parameters, MACs and activations of one image; much cheaper than a whole profile.

    Raises:
        ModelError: the image is smaller than the network can take.
    """
    size = check_image_size(spec, spec.image_size if image_size is None else image_size)
    parameters = macs = activations = weighted = 0
    for op in operations(spec, size):
        parameters += op.parameters
        macs += op.macs
        activations += op.writes.elements if op.macs else 0
        weighted += op.kind in WEIGHTED
    return Totals(parameters=parameters, macs=macs, activations=activations, weighted_layers=weighted)


def check_image_size(spec: Spec, image_size: int) -> int:
    """Return `image_size` when the network can take it.

    Raises:
        ModelError: it is smaller than the family's smallest, which the message names.
    """
    if image_size < spec.min_image_size:
        raise ModelError(
            f"image size {image_size} is too small for '{spec.name}': "
            f"the smallest for its family ({spec.family}) is {spec.min_image_size}."
        )
    return image_size


def check_input(spec: Spec, wanted: ModelInput) -> ModelInput:
    """Return an input when the network can take it; what a function makes is seen when it is made.

    Raises:
        ModelError: it is no batch of images with the network's channels, or they are too small.
    """
    if wanted.function:
        return wanted
    shape = wanted.tensors[0].shape
    if len(wanted.tensors) > 1 or len(shape) != _IMAGE or shape[0] != spec.in_channels:
        told = f"'{spec.name}' takes images of {counted(spec.in_channels, 'channel')}, and the input {wanted} is none"
        if len(wanted.tensors) == 1 and len(shape) == _IMAGE:
            told += f"; --arguments in_channels={shape[0]} makes the network that does"
        raise ModelError(f"{told}.")
    check_image_size(spec, wanted.smallest_side)
    return wanted


def check_norms(spec: Spec, *, mode: Mode, batch_size: int, image_size: int) -> None:
    """Refuse an iteration in which a norm would see one value, as torch does.

    Batch norm sees those of a channel, in training; group norm those of a group, whatever the mode.

    Raises:
        ModelError: the batch is one image and some layer's output is one pixel.
    """
    if batch_size > 1:
        return
    for op in operations(spec, image_size):
        if op.kind in BATCH_NORMS and mode is Mode.TRAINING and op.writes.size == 1:
            deed, norm, of = "train", "batch", "channel"
        elif op.kind is OperationType.GROUP_NORM and op.writes.elements == NORM_GROUPS:
            deed, norm, of = "run", "group", "group"
        else:
            continue
        raise ModelError(
            f"'{spec.name}' cannot {deed} at image size {image_size} and batch size 1: {norm} norm '{op.name}' would "
            f"see one value per {of}; use a batch size of 2 or more, or larger images."
        )


def predicted_memory(
    spec: Spec,
    *,
    mode: Mode,
    precision: Precision,
    batch_size: int,
    image_size: int,
    optimizer: Optimizer,
    update: Update = Update.FOREACH,
) -> PredictedMemory:
    """Return the predicted memory of one iteration, without running it; the sizes are taken as checked."""
    training = mode is Mode.TRAINING
    ops = list(operations(spec, image_size, training=training))
    stored = arithmetic(precision).weight_bytes
    weights = tuple(weight * stored for weight in _weights(ops))
    images = ops[0].reads[0].elements * stored
    always = AlwaysAlive(
        weights=sum(weights),
        trained=weights,
        buffers=sum(op.constants * stored + op.counters * _COUNTER_BYTES for op in ops),
        input=batch_size * (images + (_LABEL_BYTES if training else 0)),
        rounding=rounding([batch_size * images, *weights]),
    )
    log = Walk(ops, mode=mode, precision=precision, batch_size=batch_size).run()
    return assemble(log, always, mode=mode, optimizer=optimizer, update=update)


def _weights(ops: Sequence[Op]) -> Iterator[int]:
    """Yield the numbers of each parameter in the modules' order, in which a block's shortcut comes last."""
    place: dict[str, int] = {}
    for op in ops:
        place.setdefault(_block_of(op), len(place))
    for op in sorted(ops, key=lambda op: (place[_block_of(op)], ".downsample" in op.name)):
        yield from op.weights


def _block_of(op: Op) -> str:
    """Return the name of an operation's block, or its own outside of blocks."""
    stage, dot, rest = op.name.partition(".")
    return f"{stage}.{rest.partition('.')[0]}" if dot and stage.startswith("layer") else op.name


def profile(
    spec: Spec,
    *,
    mode: Mode,
    precision: Precision,
    batch_size: int,
    image_size: int,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
) -> Profile:
    """Return the exact profile of `spec`, other tools' counts left empty.

    Raises:
        ModelError: the image is too small, the batch empty, or training impossible at this size.
    """
    check_image_size(spec, image_size)
    if batch_size < 1:
        raise ModelError(f"batch size {batch_size}: expected 1 or more.")
    check_norms(spec, mode=mode, batch_size=batch_size, image_size=image_size)
    ops = list(operations(spec, image_size))
    element, stored = arithmetic(precision).activation_bytes, arithmetic(precision).weight_bytes
    layers = tuple(_layer(op, batch_size, element) for op in ops)
    parameters = sum(layer.parameters for layer in layers)
    macs = sum(layer.macs for layer in layers)
    activations = sum(layer.activations for layer in layers)
    return Profile(
        model=spec.name,
        mode=mode,
        precision=precision,
        batch_size=batch_size,
        image_size=image_size,
        parameters=parameters,
        trainable_parameters=parameters,
        buffers=sum(op.constants + op.counters for op in ops),
        parameter_bytes=parameters * stored,
        predicted_memory=predicted_memory(
            spec,
            mode=mode,
            precision=precision,
            batch_size=batch_size,
            image_size=image_size,
            optimizer=optimizer,
            update=update,
        ),
        macs=macs,
        flops=2 * macs,
        other_flops=sum(layer.other_flops for layer in layers),
        training_flops=sum(_training_flops(op, first=index == 0) for index, op in enumerate(ops)) * batch_size,
        fvcore_count=None,
        torch_counter_flops=None,
        activations=activations,
        activation_bytes=activations * element,
        weighted_layers=sum(op.kind in WEIGHTED for op in ops),
        layers=layers,
    )


def _training_flops(op: Op, *, first: bool) -> int:
    """FLOPs of forward, weight gradients and input gradients for one image.

    Each costs what the forward pass costs, grouped convolutions included (every weight meets every output element of
    its group once); the first convolution needs no gradient of its input, a blur none of its filter.
    """
    return 2 * op.macs * (1 + (not first) + (op.kind in WEIGHTED))


def _layer(op: Op, batch_size: int, element: int) -> Layer:
    macs = op.macs * batch_size
    other = op.other_flops.of(batch_size)
    read, written = op.read.of(batch_size) * element, op.written.of(batch_size) * element
    return Layer(
        name=op.name,
        type=op.kind.value,
        input_shape=_shape(op.reads[0], batch_size, op.kind),
        output_shape=_shape(op.writes, batch_size, op.kind),
        parameters=op.parameters,
        macs=macs,
        flops=2 * macs,
        other_flops=other,
        activations=op.writes.elements * batch_size if macs else 0,
        bytes_read=read,
        bytes_written=written,
        arithmetic_intensity=(2 * macs + other) / (read + written),
    )


def _shape(tensor: Tensor, batch_size: int, kind: OperationType) -> tuple[int, ...]:
    if kind is OperationType.LINEAR:
        return (batch_size, tensor.channels)
    if tensor.is_row:
        return (batch_size, 1, tensor.channels)
    return (batch_size, tensor.channels, tensor.size, tensor.size)
