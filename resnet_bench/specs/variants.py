"""What an architecture may vary beside its blocks: stem, shortcut, attention, normalisation, activation. As data."""

import math
from enum import StrEnum
from typing import NamedTuple

NORM_GROUPS = 32
BLUR_TAPS = 9
_SQUEEZE, _SQUEEZE_DIVISOR = 16, 8


class StemConvolution(NamedTuple):
    """One convolution of a stem; between two of them stand a norm and an activation."""

    channels: int
    kernel: int
    stride: int


class Stem(StrEnum):
    """What stands before the first stage.

    imagenet: a 7x7/2 convolution of 64 channels and a 3x3/2 max-pool (He et al. 2015). deep: three 3x3 convolutions of
    32, 32 and 64 channels in its place (ResNet-C, He et al. 2018, arXiv:1812.01187). deep_tiered: 24, 32 and 64 (timm).
    cifar: a 3x3/1 convolution of 16 channels. cifar64: one of 64.
    """

    IMAGENET = "imagenet"
    DEEP = "deep"
    DEEP_TIERED = "deep_tiered"
    CIFAR = "cifar"
    CIFAR64 = "cifar64"

    @property
    def convolutions(self) -> tuple[StemConvolution, ...]:
        """The stem's convolutions in order."""
        return _STEMS[self]

    @property
    def channels(self) -> int:
        """Channels that the stem gives, and planes of the first stage of a network that is not widened."""
        return self.convolutions[-1].channels

    @property
    def pools(self) -> bool:
        """Whether a max-pool follows."""
        return self.convolutions[0].stride > 1

    @property
    def stride(self) -> int:
        """By how much it makes the image smaller, pool included."""
        return 4 if self.pools else 1


_STEMS = {
    Stem.IMAGENET: (StemConvolution(64, 7, 2),),
    Stem.DEEP: (StemConvolution(32, 3, 2), StemConvolution(32, 3, 1), StemConvolution(64, 3, 1)),
    Stem.DEEP_TIERED: (StemConvolution(24, 3, 2), StemConvolution(32, 3, 1), StemConvolution(64, 3, 1)),
    Stem.CIFAR: (StemConvolution(16, 3, 1),),
    Stem.CIFAR64: (StemConvolution(64, 3, 1),),
}


class Downsample(StrEnum):
    """How a projection shortcut makes the image smaller.

    conv: its 1x1 convolution strides. avg: a 2x2 average pool before it does (ResNet-D, arXiv:1812.01187).
    """

    CONV = "conv"
    AVG = "avg"


class Attention(StrEnum):
    """Channel attention on the branch, before the sum.

    se: squeeze and excitation (Hu et al. 2018, arXiv:1709.01507). eca: a 1-D convolution over the channels' means
    (Wang et al. 2020, arXiv:1910.03151). Sizes are timm's.
    """

    NONE = "none"
    SE = "se"
    ECA = "eca"


class Norm(StrEnum):
    """What normalises after a convolution, or before it in the v2 layout.

    batch: batch norm. group: group norm of 32 groups (Wu and He 2018, arXiv:1803.08494). frozen: batch norm whose
    weights and statistics are constants, as detection backbones have. sync: batch norm across processes.
    """

    BATCH = "batch"
    GROUP = "group"
    FROZEN = "frozen"
    SYNC = "sync"


class Activation(StrEnum):
    """The nonlinearity; relu works in place, the others make a new tensor."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    SILU = "silu"
    GELU = "gelu"
    ELU = "elu"
    HARDSWISH = "hardswish"


def squeezed(channels: int) -> int:
    """Return the channels between the two convolutions of SE: a sixteenth, as a multiple of 8 and 8 at least."""
    divisor = _SQUEEZE_DIVISOR
    return max(divisor, int(channels / _SQUEEZE + divisor / 2) // divisor * divisor)


def eca_kernel(channels: int) -> int:
    """Return the taps of ECA's convolution: the odd number next to (log2(channels) + 1) / 2, and 3 at least."""
    taps = int((math.log2(channels) + 1) / 2)
    return max(taps if taps % 2 else taps + 1, 3)
