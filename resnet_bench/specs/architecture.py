"""An architecture as data: block, layers, width, groups, layout and stem decide every shape in the network.

Stage i has `planes[i]` planes, doubling from the stem's width; every stage but the first halves the image.
"""

from enum import StrEnum

from resnet_bench.errors import ModelError
from resnet_bench.records import Record

BASE_WIDTH = 64
STAGES_MAXIMUM = 6


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
    v2 (He et al. 2016): batch norm and ReLU before each convolution; the sum is not followed by ReLU.
    """

    V1 = "v1"
    V1_5 = "v1.5"
    V2 = "v2"


class Stem(StrEnum):
    """imagenet: 7x7/2 convolution of 64 channels and a 3x3/2 max-pool. cifar: 3x3/1 convolution of 16 channels."""

    IMAGENET = "imagenet"
    CIFAR = "cifar"

    @property
    def channels(self) -> int:
        """Channels of the stem's convolution, and planes of the first stage."""
        return 64 if self is Stem.IMAGENET else 16


class Shortcut(StrEnum):
    """What the shortcut is where the block changes the shape; elsewhere it is the identity.

    projection: strided 1x1 convolution and batch norm. bare_projection: the convolution alone, after the block's
    shared batch norm and ReLU. pad: strided subsampling and zero channels, no parameters.
    """

    PROJECTION = "projection"
    BARE_PROJECTION = "bare_projection"
    PAD = "pad"


class Spec(Record, frozen=True, kw_only=True):
    """One architecture; `width` is the width per group as torchvision counts it (64 is the plain network)."""

    name: str
    family: str
    block: Block
    layers: tuple[int, ...]
    width: int = BASE_WIDTH
    groups: int = 1
    layout: Layout = Layout.V1_5
    stem: Stem = Stem.IMAGENET
    image_size: int
    num_classes: int

    @property
    def planes(self) -> tuple[int, ...]:
        """Planes of each stage."""
        return tuple(self.stem.channels * 2**stage for stage in range(len(self.layers)))

    @property
    def depth(self) -> int:
        """Weighted layers as the papers count them: stem, blocks and classifier, projections left out."""
        return sum(self.layers) * (3 if self.block is Block.BOTTLENECK else 2) + 2

    @property
    def min_image_size(self) -> int:
        """Smallest image size: the total stride of the network, so that the last stage sees one pixel."""
        return (4 if self.stem is Stem.IMAGENET else 1) << (len(self.layers) - 1)

    @property
    def shortcut(self) -> Shortcut:
        """Kind of shortcut where the shape changes.

        CIFAR networks of 2015 use no parameters. Those of 2016 follow the paper's reference implementation,
        KaimingHe/resnet-1k-layers: a 1x1 convolution without batch norm, after a shared batch norm and ReLU.
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


def check_architecture(spec: Spec) -> Spec:
    """Return `spec` when a network can be built from it.

    Raises:
        ModelError: with the field that is wrong and what it should be.
    """
    if not spec.layers or len(spec.layers) > STAGES_MAXIMUM or min(spec.layers) < 1:
        raise ModelError(
            f"model '{spec.name}': layers = {list(spec.layers)}: "
            f"expected 1 to {STAGES_MAXIMUM} stages of at least one block."
        )
    for field, value in (("width", spec.width), ("groups", spec.groups), ("num_classes", spec.num_classes)):
        if value < 1:
            raise ModelError(f"model '{spec.name}': {field} = {value}: expected 1 or more.")
    if spec.block is Block.BASIC and (spec.width != BASE_WIDTH or spec.groups != 1):
        raise ModelError(
            f"model '{spec.name}': a basic block takes width {BASE_WIDTH} and groups 1, "
            f"not width {spec.width} and groups {spec.groups}; use block = 'bottleneck'."
        )
    if spec.inner_width(spec.planes[0]) < 1:
        raise ModelError(f"model '{spec.name}': width = {spec.width} leaves the first stage without channels.")
    return spec
