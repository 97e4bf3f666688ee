"""Pre-activation networks of He et al. 2016 (arXiv:1603.05027): batch norm and ReLU before each convolution.

Shortcuts follow the paper's reference implementation, KaimingHe/resnet-1k-layers: where the shape changes, one batch
norm and ReLU serve both branches and the shortcut is a bare 1x1 convolution. The first block takes the stem's
activation and the last one gets an activation of its own, as the paper's appendix says.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from resnet_bench.models.resnet import convolution, initialise, stem_convolution, stem_pool
from resnet_bench.specs import Block, Layout, Spec, Stem, check_architecture
from resnet_bench.specs.architecture import BASE_WIDTH


class _PreActBlock(nn.Module):
    """What both blocks share: the activation before the branches, the shortcut, and the sum."""

    bn1: nn.BatchNorm2d | None
    bn2: nn.BatchNorm2d
    bn3: nn.BatchNorm2d
    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    relu: nn.ReLU
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
        out += identity
        return out


class PreActBasicBlock(_PreActBlock):
    """Two 3x3 convolutions, each after batch norm and ReLU; `preactivate` is false for the network's first block."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *,
        stride: int = 1,
        downsample: nn.Module | None = None,
        preactivate: bool = True,
    ) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inplanes) if preactivate else None
        self.conv1 = convolution(inplanes, planes, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = convolution(planes, planes, 3)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample


class PreActBottleneck(_PreActBlock):
    """1x1, 3x3, 1x1 convolutions, each after batch norm and ReLU; expansion 4."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *,
        stride: int = 1,
        downsample: nn.Module | None = None,
        preactivate: bool = True,
        width: int | None = None,
        groups: int = 1,
        strides_first: bool = False,
    ) -> None:
        super().__init__()
        width = planes if width is None else width
        first, second = (stride, 1) if strides_first else (1, stride)
        self.bn1 = nn.BatchNorm2d(inplanes) if preactivate else None
        self.conv1 = convolution(inplanes, width, 1, stride=first)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride=second, groups=groups)
        self.bn3 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, planes * self.expansion, 1)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample


class PreActResNet(nn.Module):
    """Stem, stages of pre-activation blocks, batch norm and ReLU, average pool, one linear layer.

    Args:
        block: `PreActBasicBlock` or `PreActBottleneck`.
        layers: blocks in each stage.
        num_classes: outputs of the linear layer.
        width_per_group: 64 is the plain network.
        groups: groups of each bottleneck's 3x3 convolution.
        stem: `Stem.IMAGENET` or `Stem.CIFAR`.

    Raises:
        ModelError: no network can be built from these values.
    """

    def __init__(
        self,
        block: type[PreActBasicBlock | PreActBottleneck],
        layers: Sequence[int],
        *,
        num_classes: int = 1000,
        width_per_group: int = BASE_WIDTH,
        groups: int = 1,
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
                layout=Layout.V2,
                stem=stem,
                image_size=224,
                num_classes=num_classes,
            )
        )
        self.conv1 = stem_convolution(stem)
        self.bn1 = nn.BatchNorm2d(stem.channels)
        self.relu = nn.ReLU(inplace=True)
        if stem is Stem.IMAGENET:
            self.maxpool = stem_pool(Layout.V2)
        inplanes = stem.channels
        self.stages: tuple[str, ...] = ()
        for stage, planes in enumerate(spec.planes):
            blocks: list[nn.Module] = []
            for index in range(layers[stage]):
                blocks.append(self._block(spec, inplanes, planes, stage=stage, index=index))
                inplanes = planes * block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            self.stages += (f"layer{stage + 1}",)
        self.bn2 = nn.BatchNorm2d(inplanes)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inplanes, num_classes)
        initialise(self)

    @staticmethod
    def _block(spec: Spec, inplanes: int, planes: int, *, stage: int, index: int) -> nn.Module:
        stride = 2 if stage > 0 and index == 0 else 1
        outplanes = planes * spec.block.expansion
        changes = stride != 1 or inplanes != outplanes
        downsample = convolution(inplanes, outplanes, 1, stride=stride) if changes else None
        preactivate = (stage, index) != (0, 0)
        if spec.block is Block.BASIC:
            return PreActBasicBlock(inplanes, planes, stride=stride, downsample=downsample, preactivate=preactivate)
        return PreActBottleneck(
            inplanes,
            planes,
            stride=stride,
            downsample=downsample,
            preactivate=preactivate,
            width=spec.inner_width(planes),
            groups=spec.groups,
            strides_first=spec.strides_first,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to class scores (N, num_classes)."""
        x = self.conv1(x)
        x = self.bn1(x)
        x = self.relu(x)
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        x = self.bn2(x)
        x = self.relu(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)  # type: ignore[no-any-return]
