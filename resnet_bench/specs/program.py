"""The forward pass of a spec as a list of operations on numbered tensors, for one image, in the order they run.

This is the closed form behind every count: shapes follow from the spec alone. `drops` follow the modules' Python code,
so that live memory can be followed without running.
"""

from collections.abc import Iterator
from itertools import groupby

from resnet_bench.specs.architecture import Block, BlockShape, Layout, Shortcut, Spec
from resnet_bench.specs.operation import Op, OperationType, Tensor
from resnet_bench.specs.variants import Activation, Attention, Downsample, Norm, eca_kernel, squeezed

_NORMS = {
    Norm.BATCH: OperationType.BATCH_NORM,
    Norm.SYNC: OperationType.SYNC_NORM,
    Norm.GROUP: OperationType.GROUP_NORM,
    Norm.FROZEN: OperationType.FROZEN_NORM,
}
_ACTIVATIONS = {
    Activation.RELU: OperationType.RELU,
    Activation.LEAKY_RELU: OperationType.LEAKY_RELU,
    Activation.SILU: OperationType.SILU,
    Activation.GELU: OperationType.GELU,
    Activation.ELU: OperationType.ELU,
    Activation.HARDSWISH: OperationType.HARDSWISH,
}


def operations(spec: Spec, image_size: int, *, training: bool = False) -> Iterator[Op]:
    """Yield the forward pass of `spec` on one square image; in training, what drops paths and features runs too."""
    return _Builder(spec, training=training).run(image_size)


class _Builder:
    def __init__(self, spec: Spec, *, training: bool) -> None:
        self.spec = spec
        self.training = training
        self.count = 0

    def run(self, image_size: int) -> Iterator[Op]:
        spec = self.spec
        stem = self._stem(self._tensor(spec.in_channels, image_size))
        yield from stem
        x = stem[-1].writes
        for _, blocks in groupby(spec.blocks, key=lambda block: block.stage):
            stage_input, shapes = x.number, list(blocks)
            for shape in shapes:
                inner = self._block(shape, x)
                held = () if shape.position == 0 else (x.number,)
                ends = (stage_input,) if shape.position == len(shapes) - 1 else ()
                yield from inner[:-1]
                yield inner[-1]._replace(drops=inner[-1].drops + held + ends)
                x = inner[-1].writes
        yield from self._head(x)

    # -- stem and head -------------------------------------------------------------------------------------

    def _stem(self, x: Tensor) -> list[Op]:
        stem = self.spec.stem
        ops: list[Op] = []
        for index, (channels, kernel, stride) in enumerate(stem.convolutions):
            if index:
                ops += self._norm_act(f"conv1.{3 * index - 2}", f"conv1.{3 * index - 1}", x)
                x = ops[-1].writes
            name = f"conv1.{3 * index}" if len(stem.convolutions) > 1 else "conv1"
            ops.append(self._conv(name, x, channels, kernel, stride))
            x = ops[-1].writes
        ops += self._norm_act("bn1", "relu", x)
        if not stem.pools:
            return ops
        x = ops[-1].writes
        if not self.spec.antialias:
            return [*ops, self._max_pool("maxpool", x, 2)._replace(drops=(x.number,))]
        pooled = self._max_pool("maxpool.0", x, 1)
        blurred = self._blur("maxpool.1", pooled.writes)
        return [*ops, pooled, blurred._replace(drops=(pooled.writes.number, x.number))]

    def _head(self, x: Tensor) -> Iterator[Op]:
        spec = self.spec
        if spec.layout is Layout.V2:
            ops = self._norm_act("bn2", "relu", x)
            yield from ops
            x = ops[-1].writes
        op = self._global_pool("avgpool", x)._replace(drops=(x.number,))
        yield op
        x = op.writes
        if spec.dropout and self.training:
            op = Op("dropout", OperationType.DROPOUT, (x,), self._tensor(x.channels, 0), drops=(x.number,))
            yield op
            x = op.writes
        if spec.num_classes:
            scores = self._tensor(spec.num_classes, 0)
            yield Op("fc", OperationType.LINEAR, (x,), scores, bias=spec.classifier_bias, drops=(x.number,))

    # -- blocks --------------------------------------------------------------------------------------------

    def _block(self, shape: BlockShape, x: Tensor) -> list[Op]:
        return self._preact_block(shape, x) if self.spec.layout is Layout.V2 else self._plain_block(shape, x)

    def _plain_block(self, shape: BlockShape, x: Tensor) -> list[Op]:
        """Convolution, norm, activation; the last activation after the sum."""
        name = shape.name
        ops: list[Op] = []
        out = x
        convolutions = self._convolutions(shape)
        for index, (channels, kernel, stride, groups) in enumerate(convolutions, start=1):
            blurs = self.spec.antialias and stride > 1
            step = 1 if blurs else stride
            ops.append(self._conv(f"{name}.conv{index}", out, channels, kernel, step, groups, keeps=index == 1))
            out = ops[-1].writes
            if index < len(convolutions):
                ops += self._norm_act(f"{name}.bn{index}", f"{name}.relu", out)
            else:
                ops.append(self._norm(f"{name}.bn{index}", out))
            out = ops[-1].writes
            if blurs:
                ops.append(self._blur(f"{name}.aa", out)._replace(drops=(out.number,)))
                out = ops[-1].writes
        ops += self._end_of_branch(shape, out)
        out = ops[-1].writes
        identity = x
        if shape.stride != 1 or x.channels != out.channels:
            ops += self._shortcut(f"{name}.downsample", x, out.channels, shape.stride)
            identity = ops[-1].writes
        ops.append(Op(f"{name}.add", OperationType.ADD, (out, identity), out))
        dropped = () if identity is x else (identity.number,)
        ops.append(self._act(f"{name}.relu", out))
        return [*ops[:-1], ops[-1]._replace(drops=ops[-1].drops + dropped)]

    def _preact_block(self, shape: BlockShape, x: Tensor) -> list[Op]:
        """Norm, activation, convolution; the block that opens the network has the stem's activation before it."""
        name = shape.name
        ops: list[Op] = []
        out = x
        convolutions = self._convolutions(shape)
        if not shape.opens:
            ops += self._norm_act(f"{name}.bn1", f"{name}.relu", x, keeps=True)
            out = ops[-1].writes
        identity = x
        if shape.stride != 1 or x.channels != convolutions[-1][0]:
            ops += self._shortcut(f"{name}.downsample", out, convolutions[-1][0], shape.stride)
            identity = ops[-1].writes
        for index, (channels, kernel, stride, groups) in enumerate(convolutions, start=1):
            if index > 1:
                ops += self._norm_act(f"{name}.bn{index}", f"{name}.relu", out)
                out = ops[-1].writes
            ops.append(self._conv(f"{name}.conv{index}", out, channels, kernel, stride, groups, keeps=out is x))
            out = ops[-1].writes
        ops += self._end_of_branch(shape, out)
        out = ops[-1].writes
        dropped = () if identity is x else (identity.number,)
        ops.append(Op(f"{name}.add", OperationType.ADD, (out, identity), out, drops=dropped))
        return ops

    def _convolutions(self, shape: BlockShape) -> list[tuple[int, int, int, int]]:
        """Output channels, kernel, stride and groups of each convolution of a block."""
        spec, stride = self.spec, shape.stride
        width = spec.inner_width(shape.planes)
        if spec.block is Block.BASIC:
            return [(width, 3, stride, spec.groups), (shape.planes, 3, 1, spec.groups)]
        first, second = (stride, 1) if spec.strides_first else (1, stride)
        return [(width, 1, first, 1), (width, 3, second, spec.groups), (shape.planes * spec.block.expansion, 1, 1, 1)]

    def _end_of_branch(self, shape: BlockShape, x: Tensor) -> list[Op]:
        """Attention, and in training the dropped path."""
        ops: list[Op] = []
        if self.spec.attention is not Attention.NONE:
            ops += self._attention(f"{shape.name}.se", x)
            x = ops[-1].writes
        if shape.drop_path and self.training:
            name, result = f"{shape.name}.drop_path", self._tensor(x.channels, x.size)
            ops.append(Op(name, OperationType.DROP_PATH, (x,), result, drops=(x.number,)))
        return ops

    def _attention(self, name: str, x: Tensor) -> list[Op]:
        ops = [self._global_pool(f"{name}.pool", x)]
        gate = ops[0].writes
        if self.spec.attention is Attention.ECA:
            means, taps = gate._replace(is_row=True), eca_kernel(x.channels)
            weighed = self._tensor(x.channels, 1)._replace(is_row=True)
            ops.append(Op(f"{name}.conv", OperationType.CONV_1D, (means,), weighed, taps, drops=(means.number,)))
        else:
            ops.append(self._conv(f"{name}.fc1", gate, squeezed(x.channels), 1, 1)._replace(bias=True))
            ops.append(Op(f"{name}.act", OperationType.RELU, (ops[-1].writes,), ops[-1].writes))
            ops.append(self._conv(f"{name}.fc2", ops[-1].writes, x.channels, 1, 1)._replace(bias=True))
        weighed = ops[-1].writes
        gate = self._tensor(x.channels, 1)._replace(is_row=weighed.is_row)
        ops.append(Op(f"{name}.gate", OperationType.SIGMOID, (weighed,), gate, drops=(weighed.number,)))
        result = self._tensor(x.channels, x.size)
        return [*ops, Op(f"{name}.mul", OperationType.MUL, (x, gate), result, drops=(gate.number, x.number))]

    def _shortcut(self, name: str, x: Tensor, channels: int, stride: int) -> list[Op]:
        spec = self.spec
        if spec.shortcut is Shortcut.PAD:
            return [Op(name, OperationType.PAD, (x,), self._tensor(channels, _halved(x.size, stride)))]
        ops: list[Op] = []
        averages = spec.downsample is Downsample.AVG
        if averages and stride > 1:
            small = self._tensor(x.channels, _halved(x.size, stride))
            ops.append(Op(f"{name}.0", OperationType.AVG_POOL, (x,), small, stride))
            x, stride = small, 1
        position = 1 if averages else 0
        bare = spec.shortcut is Shortcut.BARE_PROJECTION
        projection = name if bare and not averages else f"{name}.{position}"
        ops.append(self._conv(projection, x, channels, 1, stride, keeps=not ops))
        return ops if bare else [*ops, self._norm(f"{name}.{position + 1}", ops[-1].writes)]

    # -- single operations ---------------------------------------------------------------------------------

    def _conv(  # noqa: PLR0917 - the shape of a convolution, in the order everybody writes it
        self, name: str, x: Tensor, channels: int, kernel: int, stride: int, groups: int = 1, *, keeps: bool = False
    ) -> Op:
        """Convolution that keeps the image size at stride 1, dilated or not; `keeps` its input for later."""
        out = self._tensor(channels, _halved(x.size, stride))
        return Op(name, OperationType.CONV, (x,), out, kernel, groups, drops=() if keeps else (x.number,))

    def _norm(self, name: str, x: Tensor, *, keeps: bool = False) -> Op:
        result = self._tensor(x.channels, x.size)
        return Op(name, _NORMS[self.spec.norm], (x,), result, drops=() if keeps else (x.number,))

    def _act(self, name: str, x: Tensor) -> Op:
        kind = _ACTIVATIONS[self.spec.activation]
        if self.spec.activation is Activation.RELU:
            return Op(name, kind, (x,), x)
        return Op(name, kind, (x,), self._tensor(x.channels, x.size), drops=(x.number,))

    def _norm_act(self, norm: str, act: str, x: Tensor, *, keeps: bool = False) -> list[Op]:
        op = self._norm(norm, x, keeps=keeps)
        return [op, self._act(act, op.writes)]

    def _max_pool(self, name: str, x: Tensor, stride: int) -> Op:
        """3x3: v1 has no padding and rounds up, the others pad by one and round down."""
        size = -(-(x.size - 3) // stride) + 1 if self.spec.layout is Layout.V1 else _halved(x.size, stride)
        return Op(name, OperationType.MAX_POOL, (x,), self._tensor(x.channels, size), 3)

    def _blur(self, name: str, x: Tensor) -> Op:
        return Op(name, OperationType.BLUR, (x,), self._tensor(x.channels, _halved(x.size, 2)))

    def _global_pool(self, name: str, x: Tensor) -> Op:
        return Op(name, OperationType.GLOBAL_POOL, (x,), self._tensor(x.channels, 1))

    def _tensor(self, channels: int, size: int) -> Tensor:
        self.count += 1
        return Tensor(self.count - 1, channels, size)


def _halved(size: int, stride: int) -> int:
    """Output size of an odd kernel with padding (kernel - 1) / 2: ceil(size / stride)."""
    return -(-size // stride)
