"""Residual networks of He et al. 2015 and 2016 and their variants: stem, stages of blocks, pool, classifier.

Module names are torchvision's, so its state dicts load with `strict=True` and outputs agree to the last bit; names of
what torchvision does not have are timm's, to the same end.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from resnet_bench.errors import ModelError
from resnet_bench.models.blocks import BasicBlock, Bottleneck
from resnet_bench.models.parts import activation, initialise, norm, stem_convolutions, stem_pool
from resnet_bench.models.preact_blocks import PreActBasicBlock, PreActBottleneck
from resnet_bench.specs import Block, Layout, Spec, check_architecture
from resnet_bench.specs.architecture import BASE_WIDTH

_IMAGE_SIZE = 224  # of no consequence for the modules


class _Stages(nn.Module):
    """What both networks are made of; `spec` decides everything."""

    def __init__(self, spec: Spec, block: Any) -> None:
        super().__init__()
        self.conv1 = stem_convolutions(spec)
        self.bn1 = norm(spec.norm, spec.stem.channels)
        self.relu = activation(spec.activation)
        if spec.stem.pools:
            self.maxpool = stem_pool(spec)
        self.stages: tuple[str, ...] = ()
        for stage, shapes in groupby(spec.blocks, key=lambda shape: shape.stage):
            self.stages += (f"layer{stage + 1}",)
            self.add_module(self.stages[-1], nn.Sequential(*(block(spec, shape) for shape in shapes)))
        if spec.layout is Layout.V2:
            self.bn2 = norm(spec.norm, spec.out_features)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        if spec.dropout:
            self.dropout = nn.Dropout(spec.dropout)
        self.fc = (
            nn.Linear(spec.out_features, spec.num_classes, bias=spec.classifier_bias)
            if spec.num_classes
            else nn.Identity()
        )
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to class scores (N, num_classes), or to features (N, out_features)."""
        x = self.conv1(x)
        x = self.bn1(x)
        x = self.relu(x)
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        if hasattr(self, "bn2"):
            x = self.bn2(x)
            x = self.relu(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        if hasattr(self, "dropout"):
            x = self.dropout(x)
        return self.fc(x)  # type: ignore[no-any-return]


class ResNet(_Stages):
    """Stem, stages of residual blocks, average pool, one linear layer.

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: blocks in each stage.
        num_classes: outputs of the linear layer; 0 for the pooled features alone.
        width_per_group: 64 is the plain network; ResNeXt and wide networks have others.
        layout: `Layout.V1` or `Layout.V1_5`.
        variants: other fields of `Spec`: groups, stem, attention, norm, output_stride...

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
        layout: Layout = Layout.V1_5,
        **variants: Any,
    ) -> None:
        if layout is Layout.V2:
            raise ModelError("ResNet has layout v1 or v1.5; v2 is PreActResNet's.")
        fields = dict(num_classes=num_classes, width=width_per_group, layout=layout)
        super().__init__(_spec(self, block, layers, **fields, **variants), block)


class PreActResNet(_Stages):
    """Stem, stages of pre-activation blocks, norm and activation, average pool, one linear layer.

    The first block takes the stem's activation and the last one gets an activation of its own, as the paper's appendix
    says.

    Args:
        block: `PreActBasicBlock` or `PreActBottleneck`.
        layers: blocks in each stage.
        num_classes: outputs of the linear layer; 0 for the pooled features alone.
        width_per_group: 64 is the plain network.
        variants: other fields of `Spec`: widen, groups, stem, attention, norm...

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
        **variants: Any,
    ) -> None:
        fields = dict(num_classes=num_classes, width=width_per_group, layout=Layout.V2)
        super().__init__(_spec(self, block, layers, **fields, **variants), block)


def network(spec: Spec) -> nn.Module:
    """Return the network of a checked architecture."""
    basic = spec.block is Block.BASIC
    known = {"name", "family", "block", "layers", "width", "image_size"}
    fields: dict[str, Any] = {name: getattr(spec, name) for name in spec.__struct_fields__ if name not in known}
    if fields["layout"] is Layout.V2:
        del fields["layout"]
        return PreActResNet(
            PreActBasicBlock if basic else PreActBottleneck, spec.layers, width_per_group=spec.width, **fields
        )
    return ResNet(BasicBlock if basic else Bottleneck, spec.layers, width_per_group=spec.width, **fields)


def _spec(network: nn.Module, block: Any, layers: Sequence[int], **fields: Any) -> Spec:
    kind = Block.BOTTLENECK if block.expansion > 1 else Block.BASIC
    given: dict[str, Any] = dict(
        name=type(network).__name__, family="custom", block=kind, layers=tuple(layers), image_size=_IMAGE_SIZE
    )
    return check_architecture(Spec(**(given | fields)))
