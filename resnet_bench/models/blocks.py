"""Residual blocks of He et al. 2015 (arXiv:1512.03385), v1 and v1.5: convolution, norm, activation.

Module names are torchvision's, where it has the module: `relu` is the activation, whichever it is.
"""

from torch import Tensor, nn

from resnet_bench.models.parts import BlurPool2d, activation, attention, convolution, drop_path, norm, shortcut, silence
from resnet_bench.specs import Spec
from resnet_bench.specs.architecture import BlockShape


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; the sum with the shortcut comes before the last activation."""

    expansion = 1

    def __init__(self, spec: Spec, shape: BlockShape) -> None:
        super().__init__()
        width, planes = spec.inner_width(shape.planes), shape.planes
        blurs = spec.antialias and shape.stride > 1
        self.conv1 = convolution(
            shape.channels_in,
            width,
            3,
            stride=1 if blurs else shape.stride,
            groups=spec.groups,
            dilation=shape.first_dilation,
        )
        self.bn1 = norm(spec.norm, width)
        self.relu = activation(spec.activation)
        self.aa = BlurPool2d(width) if blurs else None
        self.conv2 = convolution(width, planes, 3, groups=spec.groups, dilation=shape.dilation)
        self.bn2 = norm(spec.norm, planes)
        self.se = attention(spec.attention, planes)
        self.drop_path = drop_path(shape.drop_path)
        self.downsample = shortcut(spec, shape.channels_in, planes, shape.stride)
        if spec.zero_init_residual:
            silence(self.bn2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, planes, H / stride, W / stride)."""
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        if self.aa is not None:
            out = self.aa(out)
        out = self.conv2(out)
        out = self.bn2(out)
        if self.se is not None:
            out = self.se(out)
        if self.drop_path is not None:
            out = self.drop_path(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with expansion 4; strides in the 3x3 (v1.5) or the first 1x1 (v1)."""

    expansion = 4

    def __init__(self, spec: Spec, shape: BlockShape) -> None:
        super().__init__()
        width, planes = spec.inner_width(shape.planes), shape.planes * self.expansion
        first, second = (shape.stride, 1) if spec.strides_first else (1, shape.stride)
        blurs = spec.antialias and second > 1
        self.conv1 = convolution(shape.channels_in, width, 1, stride=first)
        self.bn1 = norm(spec.norm, width)
        self.conv2 = convolution(
            width, width, 3, stride=1 if blurs else second, groups=spec.groups, dilation=shape.first_dilation
        )
        self.bn2 = norm(spec.norm, width)
        self.aa = BlurPool2d(width) if blurs else None
        self.conv3 = convolution(width, planes, 1)
        self.bn3 = norm(spec.norm, planes)
        self.relu = activation(spec.activation)
        self.se = attention(spec.attention, planes)
        self.drop_path = drop_path(shape.drop_path)
        self.downsample = shortcut(spec, shape.channels_in, planes, shape.stride)
        if spec.zero_init_residual:
            silence(self.bn3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 4 x planes, H / stride, W / stride)."""
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        out = self.relu(out)
        if self.aa is not None:
            out = self.aa(out)
        out = self.conv3(out)
        out = self.bn3(out)
        if self.se is not None:
            out = self.se(out)
        if self.drop_path is not None:
            out = self.drop_path(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]
