"""The forward pass of a spec as a list of operations on numbered tensors, for one image, in the order they run.

This is the closed form behind every count: shapes follow from the spec alone. `drops` names the tensors that the
running Python code lets go of once the operation is done, so that live memory can be followed without running.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from resnet_bench.specs.architecture import Block, Layout, Shortcut, Spec, Stem

_INPUT_CHANNELS = 3


class OperationType(StrEnum):
    """Type of an operation, as torch names the module that does it; the residual sum has no module."""

    CONV = "Conv2d"
    NORM = "BatchNorm2d"
    RELU = "ReLU"
    ADD = "Add"
    PAD = "PadShortcut"
    MAX_POOL = "MaxPool2d"
    AVG_POOL = "AdaptiveAvgPool2d"
    LINEAR = "Linear"


class Tensor(NamedTuple):
    """An activation: its number, channels, and height (= width) in pixels; size 0 is a flat vector."""

    number: int
    channels: int
    size: int

    @property
    def elements(self) -> int:
        """Elements for one image."""
        return self.channels * (self.size * self.size or 1)


class Op(NamedTuple):
    """One operation; in place where it writes a tensor that it also reads."""

    name: str
    kind: OperationType
    reads: tuple[Tensor, ...]
    writes: Tensor
    kernel: int = 1
    groups: int = 1
    drops: tuple[int, ...] = ()

    @property
    def parameters(self) -> int:
        """Trainable numbers: weights, and the biases of batch norm and linear layers."""
        channels, source = self.writes.channels, self.reads[0].channels
        match self.kind:
            case OperationType.CONV:
                return channels * (source // self.groups) * self.kernel**2
            case OperationType.NORM:
                return 2 * channels
            case OperationType.LINEAR:
                return source * channels + channels
            case _:
                return 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image: kernel area x input channels per group x output elements."""
        match self.kind:
            case OperationType.CONV:
                return self.writes.elements * (self.reads[0].channels // self.groups) * self.kernel**2
            case OperationType.LINEAR:
                return self.reads[0].channels * self.writes.channels
            case _:
                return 0

    @property
    def other_flops(self) -> int:
        """Operations that are no MACs: 2 per batch-norm element, 1 per ReLU, sum, bias and pooling-window element."""
        match self.kind:
            case OperationType.NORM:
                return 2 * self.writes.elements
            case OperationType.RELU | OperationType.ADD | OperationType.LINEAR:
                return self.writes.elements
            case OperationType.MAX_POOL:
                return self.writes.elements * self.kernel**2
            case OperationType.AVG_POOL:
                return self.reads[0].elements
            case _:
                return 0


def operations(spec: Spec, image_size: int) -> Iterator[Op]:
    """Yield the forward pass of `spec` on one square image of `image_size` pixels."""
    return _Builder(spec).run(image_size)


class _Builder:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.count = 0

    def run(self, image_size: int) -> Iterator[Op]:
        spec = self.spec
        x = self._tensor(_INPUT_CHANNELS, image_size)
        op = self._conv("conv1", x, spec.stem.channels, *((7, 2) if spec.stem is Stem.IMAGENET else (3, 1)))
        yield op
        x = op.writes
        for op in self._norm_relu("bn1", "relu", x):
            yield op
        x = op.writes
        if spec.stem is Stem.IMAGENET:
            op = self._max_pool(x)
            yield op
            x = op.writes
        for stage, (planes, blocks) in enumerate(zip(spec.planes, spec.layers, strict=True)):
            stage_input = x.number
            for index in range(blocks):
                stride = 2 if stage > 0 and index == 0 else 1
                first, last = index == 0, index == blocks - 1
                inner = self._block(f"layer{stage + 1}.{index}", x, planes, stride, opens=stage == 0 and first)
                ends = (stage_input,) if last else ()
                held = () if first else (x.number,)
                op, inner = inner[-1], inner[:-1]
                yield from inner
                yield op._replace(drops=op.drops + held + ends)
                x = op.writes
        if spec.layout is Layout.V2:
            for op in self._norm_relu("bn2", "relu", x):
                yield op
            x = op.writes
        op = Op("avgpool", OperationType.AVG_POOL, (x,), self._tensor(x.channels, 1), drops=(x.number,))
        yield op
        yield Op("fc", OperationType.LINEAR, (op.writes,), self._tensor(spec.num_classes, 0), drops=(op.writes.number,))

    def _block(self, name: str, x: Tensor, planes: int, stride: int, *, opens: bool) -> list[Op]:
        build = self._preact_block if self.spec.layout is Layout.V2 else self._plain_block
        return build(name, x, planes, stride, opens=opens)

    def _plain_block(self, name: str, x: Tensor, planes: int, stride: int, *, opens: bool) -> list[Op]:
        """Convolution, batch norm, ReLU; the last ReLU after the sum."""
        del opens
        ops: list[Op] = []
        out = x
        convolutions = self._convolutions(planes, stride)
        for index, (channels, kernel, step, groups) in enumerate(convolutions, start=1):
            ops.append(self._conv(f"{name}.conv{index}", out, channels, kernel, step, groups, keeps=index == 1))
            out = ops[-1].writes
            if index < len(convolutions):
                ops += self._norm_relu(f"{name}.bn{index}", f"{name}.relu", out)
            else:
                ops.append(self._norm(f"{name}.bn{index}", out))
            out = ops[-1].writes
        shortcut = x
        if stride != 1 or x.channels != out.channels:
            ops += self._shortcut(f"{name}.downsample", x, out.channels, stride)
            shortcut = ops[-1].writes
        ops.append(Op(f"{name}.add", OperationType.ADD, (out, shortcut), out))
        dropped = () if shortcut is x else (shortcut.number,)
        ops.append(Op(f"{name}.relu", OperationType.RELU, (out,), out, drops=dropped))
        return ops

    def _preact_block(self, name: str, x: Tensor, planes: int, stride: int, *, opens: bool) -> list[Op]:
        """Batch norm, ReLU, convolution; the block that opens the network has the stem's activation before it."""
        ops: list[Op] = []
        out = x
        convolutions = self._convolutions(planes, stride)
        if not opens:
            ops += self._norm_relu(f"{name}.bn1", f"{name}.relu", x, keeps=True)
            out = ops[-1].writes
        shortcut = x
        if stride != 1 or x.channels != convolutions[-1][0]:
            ops += self._shortcut(f"{name}.downsample", out, convolutions[-1][0], stride)
            shortcut = ops[-1].writes
        for index, (channels, kernel, step, groups) in enumerate(convolutions, start=1):
            if index > 1:
                ops += self._norm_relu(f"{name}.bn{index}", f"{name}.relu", out)
                out = ops[-1].writes
            ops.append(self._conv(f"{name}.conv{index}", out, channels, kernel, step, groups, keeps=out is x))
            out = ops[-1].writes
        dropped = () if shortcut is x else (shortcut.number,)
        ops.append(Op(f"{name}.add", OperationType.ADD, (out, shortcut), out, drops=dropped))
        return ops

    def _convolutions(self, planes: int, stride: int) -> list[tuple[int, int, int, int]]:
        """Output channels, kernel, stride and groups of each convolution of a block."""
        spec = self.spec
        if spec.block is Block.BASIC:
            return [(planes, 3, stride, 1), (planes, 3, 1, 1)]
        width = spec.inner_width(planes)
        first, second = (stride, 1) if spec.strides_first else (1, stride)
        return [(width, 1, first, 1), (width, 3, second, spec.groups), (planes * spec.block.expansion, 1, 1, 1)]

    def _shortcut(self, name: str, x: Tensor, channels: int, stride: int) -> list[Op]:
        if self.spec.shortcut is Shortcut.PAD:
            return [Op(name, OperationType.PAD, (x,), self._tensor(channels, _halved(x.size, stride)))]
        if self.spec.shortcut is Shortcut.BARE_PROJECTION:
            return [self._conv(name, x, channels, 1, stride, keeps=True)]
        projection = self._conv(f"{name}.0", x, channels, 1, stride, keeps=True)
        return [projection, self._norm(f"{name}.1", projection.writes)]

    def _conv(  # noqa: PLR0917 - the shape of a convolution, in the order everybody writes it
        self, name: str, x: Tensor, channels: int, kernel: int, stride: int, groups: int = 1, *, keeps: bool = False
    ) -> Op:
        """Convolution with padding (kernel - 1) / 2; `keeps` when the input is still needed afterwards."""
        out = self._tensor(channels, _halved(x.size, stride))
        return Op(name, OperationType.CONV, (x,), out, kernel, groups, drops=() if keeps else (x.number,))

    def _norm(self, name: str, x: Tensor, *, keeps: bool = False) -> Op:
        return Op(name, OperationType.NORM, (x,), self._tensor(x.channels, x.size), drops=() if keeps else (x.number,))

    def _norm_relu(self, norm: str, relu: str, x: Tensor, *, keeps: bool = False) -> list[Op]:
        op = self._norm(norm, x, keeps=keeps)
        return [op, Op(relu, OperationType.RELU, (op.writes,), op.writes)]

    def _max_pool(self, x: Tensor) -> Op:
        """3x3/2: v1 has no padding and rounds up, the others pad by one and round down."""
        size = -(-(x.size - 3) // 2) + 1 if self.spec.layout is Layout.V1 else _halved(x.size, 2)
        return Op("maxpool", OperationType.MAX_POOL, (x,), self._tensor(x.channels, size), 3, drops=(x.number,))

    def _tensor(self, channels: int, size: int) -> Tensor:
        self.count += 1
        return Tensor(self.count - 1, channels, size)


def _halved(size: int, stride: int) -> int:
    """Output size of an odd kernel with padding (kernel - 1) / 2: ceil(size / stride)."""
    return -(-size // stride)
