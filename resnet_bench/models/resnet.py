"""Residual networks of He et al. 2015 (arXiv:1512.03385): v1, v1.5 and the CIFAR form.

Module names are torchvision's, so its state dicts load with `strict=True` and outputs agree to the last bit.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_bench.specs import Block, Layout, Spec, Stem, check_architecture
from resnet_bench.specs.architecture import BASE_WIDTH, Shortcut


def convolution(channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution without bias that keeps the image size at stride 1."""
    return nn.Conv2d(
        channels_in, channels_out, kernel, stride=stride, padding=(kernel - 1) // 2, groups=groups, bias=False
    )


class PadShortcut(nn.Module):
    """Parameter-free shortcut (option A): subsample the image, append zero channels."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.channels = channels_out - channels_in
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / stride, W / stride)."""
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.channels))

    def extra_repr(self) -> str:
        """Say what the shortcut adds and skips."""
        return f"channels=+{self.channels}, stride={self.stride}"


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; the sum with the shortcut comes before the last ReLU."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *,
        stride: int = 1,
        downsample: nn.Module | None = None,
        width: int | None = None,
        groups: int = 1,
        strides_first: bool = True,
    ) -> None:
        super().__init__()
        if groups != 1 or width not in (None, planes) or not strides_first:
            raise ValueError("a basic block has one group, its planes as width, and strides in its first convolution")
        self.conv1 = convolution(inplanes, planes, 3, stride=stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = convolution(planes, planes, 3)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, planes, H / stride, W / stride)."""
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with expansion 4; strides in the 3x3 (v1.5) or the first 1x1 (v1)."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *,
        stride: int = 1,
        downsample: nn.Module | None = None,
        width: int | None = None,
        groups: int = 1,
        strides_first: bool = False,
    ) -> None:
        super().__init__()
        width = planes if width is None else width
        first, second = (stride, 1) if strides_first else (1, stride)
        self.conv1 = convolution(inplanes, width, 1, stride=first)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride=second, groups=groups)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 4 x planes, H / stride, W / stride)."""
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        out = self.relu(out)
        out = self.conv3(out)
        out = self.bn3(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """Stem, stages of residual blocks, average pool, one linear layer.

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: blocks in each stage.
        num_classes: outputs of the linear layer.
        width_per_group: 64 is the plain network; ResNeXt and wide networks have others.
        groups: groups of each bottleneck's 3x3 convolution.
        layout: `Layout.V1` or `Layout.V1_5`.
        stem: `Stem.IMAGENET` or `Stem.CIFAR`.

    Raises:
        ModelError: no network can be built from these values.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: Sequence[int],
        *,
        num_classes: int = 1000,
        width_per_group: int = BASE_WIDTH,
        groups: int = 1,
        layout: Layout = Layout.V1_5,
        stem: Stem = Stem.IMAGENET,
    ) -> None:
        super().__init__()
        spec = check_architecture(
            Spec(
                name=type(self).__name__,
                family="custom",
                block=Block.BOTTLENECK if block.expansion > 1 else Block.BASIC,
                layers=tuple(layers),
                width=width_per_group,
                groups=groups,
                layout=layout,
                stem=stem,
                image_size=224,
                num_classes=num_classes,
            )
        )
        self.conv1 = stem_convolution(stem)
        self.bn1 = nn.BatchNorm2d(stem.channels)
        self.relu = nn.ReLU(inplace=True)
        if stem is Stem.IMAGENET:
            self.maxpool = stem_pool(layout)
        inplanes = stem.channels
        self.stages: tuple[str, ...] = ()
        for stage, planes in enumerate(spec.planes):
            blocks: list[nn.Module] = []
            for index in range(layers[stage]):
                stride = 2 if stage > 0 and index == 0 else 1
                outplanes = planes * block.expansion
                changes = stride != 1 or inplanes != outplanes
                downsample = _shortcut(spec.shortcut, inplanes, outplanes, stride) if changes else None
                blocks.append(
                    block(
                        inplanes,
                        planes,
                        stride=stride,
                        downsample=downsample,
                        width=spec.inner_width(planes),
                        groups=groups,
                        strides_first=spec.strides_first or spec.block is Block.BASIC,
                    )
                )
                inplanes = outplanes
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            self.stages += (f"layer{stage + 1}",)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inplanes, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to class scores (N, num_classes)."""
        x = self.conv1(x)
        x = self.bn1(x)
        x = self.relu(x)
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)  # type: ignore[no-any-return]


def stem_convolution(stem: Stem) -> nn.Conv2d:
    """Return the first convolution: 7x7/2 to 64 channels, or 3x3/1 to 16."""
    return convolution(3, 64, 7, stride=2) if stem is Stem.IMAGENET else convolution(3, 16, 3)


def stem_pool(layout: Layout) -> nn.MaxPool2d:
    """Return the 3x3/2 max-pool: v1 without padding and rounding up, the others with padding 1."""
    if layout is Layout.V1:
        return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=1)


def initialise(model: nn.Module) -> None:
    """Draw convolutions from a normal distribution of variance 2 / (kernel area x output channels)."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def _shortcut(kind: Shortcut, channels_in: int, channels_out: int, stride: int) -> nn.Module:
    if kind is Shortcut.PAD:
        return PadShortcut(channels_in, channels_out, stride)
    return nn.Sequential(convolution(channels_in, channels_out, 1, stride=stride), nn.BatchNorm2d(channels_out))
