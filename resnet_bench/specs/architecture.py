"""An architecture as data: block, layers, widths, layout, stem and variants decide every shape in the network.

Stage i has `planes[i]` planes, doubling from the stem's width; every stage but the first halves the image, until the
output stride is reached.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from resnet_bench.records import Record
from resnet_bench.records.inputs import InputTensor, ModelInput
from resnet_bench.specs.variants import Activation, Attention, Downsample, Norm, Stem

BASE_WIDTH = 64
IMAGE_CHANNELS = 3


class Block(StrEnum):
    """basic: two 3x3 convolutions. bottleneck: 1x1, 3x3, 1x1 with expansion 4."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def expansion(self) -> int:
        """Output channels of the block divided by its planes."""
        return 4 if self is Block.BOTTLENECK else 1


class Layout(StrEnum):
    """Where a block strides and where it normalises.

    v1 (He et al. 2015): a bottleneck strides in its first 1x1 convolution; the max-pool has no padding and rounds up.
    v1.5 (torchvision): a bottleneck strides in its 3x3 convolution; the max-pool has padding 1.
    v2 (He et al. 2016): norm and activation before each convolution; the sum is not followed by an activation.
    """

    V1 = "v1"
    V1_5 = "v1.5"
    V2 = "v2"


class Shortcut(StrEnum):
    """What the shortcut is where the block changes the shape; elsewhere it is the identity.

    projection: strided 1x1 convolution and norm. bare_projection: the convolution alone, after the block's shared norm
    and activation. pad: strided subsampling and zero channels, no parameters.
    """

    PROJECTION = "projection"
    BARE_PROJECTION = "bare_projection"
    PAD = "pad"


class BlockShape(NamedTuple):
    """Where a block stands and what decides its shapes; `first_dilation` is of its first 3x3 convolution."""

    stage: int
    position: int
    channels_in: int
    planes: int
    stride: int
    first_dilation: int
    dilation: int
    drop_path: float

    @property
    def name(self) -> str:
        """The module's name in the network."""
        return f"layer{self.stage + 1}.{self.position}"

    @property
    def opens(self) -> bool:
        """Whether it is the network's first."""
        return self.stage == self.position == 0


class Spec(Record, frozen=True, kw_only=True):
    """One architecture.

    `width` is the width per group as torchvision counts it (64 is the plain network) and decides the channels inside a
    block; `widen` is k of wide residual networks (Zagoruyko and Komodakis 2016, arXiv:1605.07146) and multiplies the
    planes of every stage. `output_stride` is what torchvision asks for by `replace_stride_with_dilation`: from there
    on stages dilate their 3x3 convolutions instead of striding. `drop_path` is of the last block and grows linearly
    from 0 at the first one (Huang et al. 2016, arXiv:1603.09382), `dropout` is before the classifier. Without classes
    (`num_classes` 0) the pooled features are the output.
    """

    name: str
    family: str
    block: Block
    layers: tuple[int, ...]
    width: int = BASE_WIDTH
    groups: int = 1
    widen: int = 1
    layout: Layout = Layout.V1_5
    stem: Stem = Stem.IMAGENET
    downsample: Downsample = Downsample.CONV
    attention: Attention = Attention.NONE
    norm: Norm = Norm.BATCH
    activation: Activation = Activation.RELU
    antialias: bool = False
    output_stride: int | None = None
    drop_path: float = 0.0
    dropout: float = 0.0
    zero_init_residual: bool = False
    in_channels: int = IMAGE_CHANNELS
    image_size: int
    num_classes: int
    classifier_bias: bool = True

    @property
    def own_input(self) -> ModelInput:
        """What goes into it: images of its size and channels."""
        return ModelInput(tensors=(InputTensor(shape=(self.in_channels, self.image_size, self.image_size)),))

    @property
    def planes(self) -> tuple[int, ...]:
        """Planes of each stage."""
        return tuple(self.stem.channels * self.widen * 2**stage for stage in range(len(self.layers)))

    @property
    def blocks(self) -> Iterator[BlockShape]:
        """Every block in order."""
        channels, stride_so_far, dilation, number = self.stem.channels, self.stem.stride, 1, 0
        for stage, (planes, blocks) in enumerate(zip(self.planes, self.layers, strict=True)):
            stride, before = 1, dilation
            if stage and self.output_stride is not None and stride_so_far >= self.output_stride:
                dilation *= 2
            elif stage:
                stride = 2
                stride_so_far *= 2
            for index in range(blocks):
                first = index == 0
                yield BlockShape(
                    stage=stage,
                    position=index,
                    channels_in=channels,
                    planes=planes,
                    stride=stride if first else 1,
                    first_dilation=before if first else dilation,
                    dilation=dilation,
                    drop_path=self.drop_path * number / max(1, sum(self.layers) - 1),
                )
                channels = planes * self.block.expansion
                number += 1

    @property
    def depth(self) -> int:
        """Weighted layers as the papers count them.

        Stem, blocks and classifier, projections left out; of wide networks the convolutions, projections included.
        """
        inside = sum(self.layers) * (3 if self.block is Block.BOTTLENECK else 2)
        return inside + (1 + len(self.layers) if self.widen > 1 else 2)

    @property
    def total_stride(self) -> int:
        """Pixels of the image for one of the last stage, without dilation."""
        return self.stem.stride << (len(self.layers) - 1)

    @property
    def min_image_size(self) -> int:
        """Smallest image size: the total stride of the network, so that the last stage sees one pixel."""
        return min(self.total_stride, self.output_stride or self.total_stride)

    @property
    def shortcut(self) -> Shortcut:
        """Kind of shortcut where the shape changes.

        CIFAR networks of 2015 use no parameters. Those of 2016 follow the paper's reference implementation,
        KaimingHe/resnet-1k-layers: a 1x1 convolution without norm, after a shared norm and activation.
        """
        if self.layout is Layout.V2:
            return Shortcut.BARE_PROJECTION
        return Shortcut.PAD if self.stem is Stem.CIFAR else Shortcut.PROJECTION

    @property
    def strides_first(self) -> bool:
        """Whether a bottleneck strides in its first 1x1 convolution, not in its 3x3 one.

        The pre-activation CIFAR networks do, as KaimingHe/resnet-1k-layers does; the pre-activation ImageNet networks
        stride in the 3x3 convolution, as facebookarchive/fb.resnet.torch does.
        """
        return self.layout is Layout.V1 or (self.layout is Layout.V2 and self.stem is Stem.CIFAR)

    @property
    def out_features(self) -> int:
        """Channels that reach the classifier."""
        return self.planes[-1] * self.block.expansion

    def inner_width(self, planes: int) -> int:
        """Return the channels inside a block: `int(planes * width / 64) * groups`."""
        return int(planes * (self.width / BASE_WIDTH)) * self.groups
