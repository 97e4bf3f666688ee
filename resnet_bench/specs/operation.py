"""One operation of a forward pass: what it reads, writes and holds, and what it costs for one image. Never torch."""

from enum import StrEnum
from typing import NamedTuple

from resnet_bench.specs.variants import BLUR_TAPS

_EDGE = 2
# (variance + epsilon), its root, the scale, the shifted mean, the shift: one a channel, however many images.
_FROZEN_OPERATIONS = 5
_FROZEN_FIXED_READS = 10


class OperationType(StrEnum):
    """Type of an operation, as torch names the module that does it; sums and products have no module."""

    CONV = "Conv2d"
    CONV_1D = "Conv1d"
    LINEAR = "Linear"
    BATCH_NORM = "BatchNorm2d"
    SYNC_NORM = "SyncBatchNorm"
    GROUP_NORM = "GroupNorm"
    FROZEN_NORM = "FrozenBatchNorm2d"
    RELU = "ReLU"
    LEAKY_RELU = "LeakyReLU"
    SILU = "SiLU"
    GELU = "GELU"
    ELU = "ELU"
    HARDSWISH = "Hardswish"
    SIGMOID = "Sigmoid"
    ADD = "Add"
    MUL = "Mul"
    PAD = "PadShortcut"
    BLUR = "BlurPool2d"
    MAX_POOL = "MaxPool2d"
    AVG_POOL = "AvgPool2d"
    GLOBAL_POOL = "AdaptiveAvgPool2d"
    DROP_PATH = "DropPath"
    DROPOUT = "Dropout"


WEIGHTED = frozenset({OperationType.CONV, OperationType.CONV_1D, OperationType.LINEAR})
BATCH_NORMS = frozenset({OperationType.BATCH_NORM, OperationType.SYNC_NORM})
TRAINED_NORMS = BATCH_NORMS | {OperationType.GROUP_NORM}
ACTIVATIONS = frozenset(
    {
        OperationType.RELU,
        OperationType.LEAKY_RELU,
        OperationType.SILU,
        OperationType.GELU,
        OperationType.ELU,
        OperationType.HARDSWISH,
        OperationType.SIGMOID,
    }
)
_ONE_A_RESULT = ACTIVATIONS | {OperationType.ADD, OperationType.MUL}


class Tensor(NamedTuple):
    """An activation: its number, channels, and height (= width) in pixels; size 0 is a flat vector.

    `is_row` says that the channels lie in a row, (N, 1, C), as a convolution over them takes them.
    """

    number: int
    channels: int
    size: int
    is_row: bool = False

    @property
    def elements(self) -> int:
        """Elements for one image."""
        return self.channels * (self.size * self.size or 1)


class Elements(NamedTuple):
    """Numbers that an operation moves: those of each image, and those that all images share."""

    each: int
    shared: int = 0

    def of(self, batch_size: int) -> int:
        """Return how many they are for a batch."""
        return self.each * batch_size + self.shared


class Op(NamedTuple):
    """One operation; in place where it writes a tensor that it also reads.

    `drops` names the tensors that the running Python code lets go of once the operation is done.
    """

    name: str
    kind: OperationType
    reads: tuple[Tensor, ...]
    writes: Tensor
    kernel: int = 1
    groups: int = 1
    bias: bool = False
    drops: tuple[int, ...] = ()

    @property
    def weights(self) -> tuple[int, ...]:
        """Numbers of each parameter: the weight, and the bias where there is one."""
        channels, source = self.writes.channels, self.reads[0].channels
        biases = (channels,) if self.bias else ()
        match self.kind:
            case OperationType.CONV:
                return (channels * (source // self.groups) * self.kernel**2, *biases)
            case OperationType.CONV_1D:
                return (self.kernel,)
            case OperationType.LINEAR:
                return (source * channels, *biases)
            case kind if kind in TRAINED_NORMS:
                return (channels, channels)
            case _:
                return ()

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return sum(self.weights)

    @property
    def constants(self) -> int:
        """Numbers that it holds without training them: statistics, frozen weights, a filter."""
        channels = self.writes.channels
        match self.kind:
            case kind if kind in BATCH_NORMS:
                return 2 * channels
            case OperationType.FROZEN_NORM:
                return 4 * channels
            case OperationType.BLUR:
                return BLUR_TAPS * channels
            case _:
                return 0

    @property
    def counters(self) -> int:
        """Whole numbers that it holds: batch norm counts its batches."""
        return 1 if self.kind in BATCH_NORMS else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image: taps x input channels of a group x output elements."""
        match self.kind:
            case OperationType.CONV:
                return self.writes.elements * (self.reads[0].channels // self.groups) * self.kernel**2
            case OperationType.CONV_1D:
                return self.writes.elements * self.kernel
            case OperationType.LINEAR:
                return self.reads[0].channels * self.writes.channels
            case OperationType.BLUR:
                return self.writes.elements * BLUR_TAPS
            case _:
                return 0

    @property
    def other_flops(self) -> Elements:
        """Operations that are no MACs.

        2 for each element of a batch norm, 5 of a group norm, which always has to find its mean and variance; 1 for
        each of an activation, a sum, a product, a bias or a pooling window.
        """
        elements = self.writes.elements
        match self.kind:
            case OperationType.FROZEN_NORM:
                return Elements(2 * elements, _FROZEN_OPERATIONS * self.writes.channels)
            case OperationType.GROUP_NORM:
                each = 5 * elements
            case OperationType.BATCH_NORM | OperationType.SYNC_NORM:
                each = 2 * elements
            case OperationType.MAX_POOL | OperationType.AVG_POOL:
                each = self.kernel**2 * elements
            case OperationType.GLOBAL_POOL:
                each = self.reads[0].elements
            case kind:
                each = elements if kind in _ONE_A_RESULT or self.bias else 0
        return Elements(each)

    @property
    def read(self) -> Elements:
        """Numbers read: inputs, weights and what else it holds; a padding shortcut reads only pixels that it keeps."""
        inputs = sum(tensor.elements for tensor in self.reads)
        match self.kind:
            case OperationType.PAD:
                return Elements(self.reads[0].channels * self.writes.size**2)
            case OperationType.FROZEN_NORM:
                return Elements(2 * inputs, _FROZEN_FIXED_READS * self.writes.channels)
            case OperationType.BLUR:
                return Elements(inputs + self.padded, self.constants)
            case _:
                return Elements(inputs, self.parameters + self.constants)

    @property
    def written(self) -> Elements:
        """Numbers written, those between its steps included."""
        match self.kind:
            case OperationType.FROZEN_NORM:
                return Elements(2 * self.writes.elements, _FROZEN_OPERATIONS * self.writes.channels)
            case OperationType.BLUR:
                return Elements(self.writes.elements + self.padded)
            case _:
                return Elements(self.writes.elements)

    @property
    def padded(self) -> int:
        """Elements of a blur's input with its edge."""
        return self.reads[0].channels * (self.reads[0].size + _EDGE) ** 2
