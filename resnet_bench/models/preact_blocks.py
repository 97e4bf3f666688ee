"""Pre-activation blocks of He et al. 2016 (arXiv:1603.05027): norm and activation before each convolution.

Shortcuts follow the paper's reference implementation, KaimingHe/resnet-1k-layers: where the shape changes, one norm
and activation serve both branches and the shortcut is a bare 1x1 convolution.
"""

from torch import Tensor, nn

from resnet_bench.models.parts import activation, attention, convolution, drop_path, norm, shortcut
from resnet_bench.specs import Spec
from resnet_bench.specs.architecture import BlockShape


class _PreActBlock(nn.Module):
    """What both blocks share: the activation before the branches, the shortcut, and the sum.

    The network's first block has no norm of its own before them: it takes the stem's activation.
    """

    bn1: nn.Module | None
    bn2: nn.Module
    bn3: nn.Module
    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    relu: nn.Module
    se: nn.Module | None
    drop_path: nn.Module | None
    downsample: nn.Module | None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, expansion x planes, H / stride, W / stride)."""
        out: Tensor = x
        if self.bn1 is not None:
            out = self.bn1(out)
            out = self.relu(out)
        identity = x if self.downsample is None else self.downsample(out)
        out = self.conv1(out)
        out = self.bn2(out)
        out = self.relu(out)
        out = self.conv2(out)
        if hasattr(self, "conv3"):
            out = self.bn3(out)
            out = self.relu(out)
            out = self.conv3(out)
        if self.se is not None:
            out = self.se(out)
        if self.drop_path is not None:
            out = self.drop_path(out)
        out += identity
        return out

    def _end(self, spec: Spec, shape: BlockShape, planes: int) -> None:
        self.relu = activation(spec.activation)
        self.se = attention(spec.attention, planes)
        self.drop_path = drop_path(shape.drop_path)
        self.downsample = shortcut(spec, shape.channels_in, planes, shape.stride)


class PreActBasicBlock(_PreActBlock):
    """Two 3x3 convolutions, each after norm and activation."""

    expansion = 1

    def __init__(self, spec: Spec, shape: BlockShape) -> None:
        super().__init__()
        width, planes = spec.inner_width(shape.planes), shape.planes
        self.bn1 = None if shape.opens else norm(spec.norm, shape.channels_in)
        self.conv1 = convolution(
            shape.channels_in, width, 3, stride=shape.stride, groups=spec.groups, dilation=shape.first_dilation
        )
        self.bn2 = norm(spec.norm, width)
        self.conv2 = convolution(width, planes, 3, groups=spec.groups, dilation=shape.dilation)
        self._end(spec, shape, planes)


class PreActBottleneck(_PreActBlock):
    """1x1, 3x3, 1x1 convolutions, each after norm and activation; expansion 4."""

    expansion = 4

    def __init__(self, spec: Spec, shape: BlockShape) -> None:
        super().__init__()
        width, planes = spec.inner_width(shape.planes), shape.planes * self.expansion
        first, second = (shape.stride, 1) if spec.strides_first else (1, shape.stride)
        self.bn1 = None if shape.opens else norm(spec.norm, shape.channels_in)
        self.conv1 = convolution(shape.channels_in, width, 1, stride=first)
        self.bn2 = norm(spec.norm, width)
        self.conv2 = convolution(width, width, 3, stride=second, groups=spec.groups, dilation=shape.first_dilation)
        self.bn3 = norm(spec.norm, width)
        self.conv3 = convolution(width, planes, 1)
        self._end(spec, shape, planes)
