"""What blocks are made of beside torch's own modules: norms, activations, attention, blurs, shortcuts, stems.

Modules are called as timm calls them where torchvision has none, so that its state dicts load.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_bench.specs import Activation, Attention, Downsample, Layout, Norm, Shortcut, Spec
from resnet_bench.specs.variants import NORM_GROUPS, eca_kernel, squeezed

_EPSILON = 1e-5
_BINOMIAL = (1.0, 2.0, 1.0)


def convolution(
    channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias that keeps the image size at stride 1."""
    padding = dilation * (kernel - 1) // 2
    return nn.Conv2d(
        channels_in,
        channels_out,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=False,
    )


def norm(kind: Norm, channels: int) -> nn.Module:
    """Return what normalises (N, C, H, W)."""
    return _NORMS[kind](channels)


def activation(kind: Activation) -> nn.Module:
    """Return the nonlinearity; only ReLU works in place."""
    return _ACTIVATIONS[kind]()


class FrozenBatchNorm2d(nn.Module):
    """Batch norm of constants, as torchvision's detection backbones have it: its state dicts load, bits agree."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        scale = self.weight * (self.running_var + _EPSILON).rsqrt()
        shift = self.bias - self.running_mean * scale
        shape = (1, -1, 1, 1)
        return x * scale.view(shape).to(x.dtype) + shift.view(shape).to(x.dtype)

    def extra_repr(self) -> str:
        """Say how many channels it has."""
        return str(len(self.weight))


_NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    Norm.BATCH: nn.BatchNorm2d,
    Norm.SYNC: nn.SyncBatchNorm,
    Norm.FROZEN: FrozenBatchNorm2d,
    Norm.GROUP: lambda channels: nn.GroupNorm(NORM_GROUPS, channels),
}
_ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    Activation.RELU: lambda: nn.ReLU(inplace=True),
    Activation.LEAKY_RELU: nn.LeakyReLU,
    Activation.SILU: nn.SiLU,
    Activation.GELU: nn.GELU,
    Activation.ELU: nn.ELU,
    Activation.HARDSWISH: nn.Hardswish,
}


class SqueezeExcitation(nn.Module):
    """Weigh channels by what two small layers make of their means (arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed(channels), 1)
        self.act = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed(channels), channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        scale = self.pool(x)
        scale = self.fc1(scale)
        scale = self.act(scale)
        scale = self.fc2(scale)
        scale = self.gate(scale)
        return x * scale  # type: ignore[no-any-return]


class EfficientChannelAttention(nn.Module):
    """Weigh channels by a convolution over the means of their neighbours (arXiv:1910.03151)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = eca_kernel(channels)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, taps, padding=(taps - 1) // 2, bias=False)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        scale = self.pool(x).view(x.shape[0], 1, -1)
        scale = self.conv(scale)
        scale = self.gate(scale)
        return x * scale.view(x.shape[0], -1, 1, 1)  # type: ignore[no-any-return]


def attention(kind: Attention, channels: int) -> nn.Module | None:
    """Return what weighs the channels of (N, C, H, W), if anything does."""
    if kind is Attention.NONE:
        return None
    return SqueezeExcitation(channels) if kind is Attention.SE else EfficientChannelAttention(channels)


class BlurPool2d(nn.Module):
    """Halve the image behind a binomial 3x3 filter (Zhang 2019, arXiv:1904.11486)."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor(_BINOMIAL) / sum(_BINOMIAL)
        self.register_buffer("filt", (taps[:, None] * taps).repeat(channels, 1, 1, 1), persistent=False)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H / 2, W / 2)."""
        x = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(x, self.filt, stride=2, groups=self.channels)

    def extra_repr(self) -> str:
        """Say how many channels it has."""
        return str(self.channels)


class DropPath(nn.Module):
    """In training, leave out the whole branch of some images, and scale the others' (arXiv:1603.09382)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        if not self.training:
            return x
        kept = 1 - self.probability
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(kept).div_(kept)

    def extra_repr(self) -> str:
        """Say how often it drops."""
        return f"{self.probability:g}"


def drop_path(probability: float) -> nn.Module | None:
    """Return what drops the branch, if anything does."""
    return DropPath(probability) if probability else None


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


def shortcut(spec: Spec, channels_in: int, channels_out: int, stride: int) -> nn.Module | None:
    """Return the shortcut of a block of `spec`; None where it is the identity."""
    if stride == 1 and channels_in == channels_out:
        return None
    if spec.shortcut is Shortcut.PAD:
        return PadShortcut(channels_in, channels_out, stride)
    parts: list[nn.Module] = []
    if spec.downsample is Downsample.AVG:
        parts.append(
            nn.Identity() if stride == 1 else nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
        )
        stride = 1
    parts.append(convolution(channels_in, channels_out, 1, stride=stride))
    if spec.shortcut is Shortcut.PROJECTION:
        parts.append(norm(spec.norm, channels_out))
    return nn.Sequential(*parts) if len(parts) > 1 else parts[0]


def stem_convolutions(spec: Spec) -> nn.Module:
    """Return the stem's convolution, or several with norms and activations between them."""
    parts: list[nn.Module] = []
    channels = spec.in_channels
    for each in spec.stem.convolutions:
        if parts:
            parts += [norm(spec.norm, channels), activation(spec.activation)]
        parts.append(convolution(channels, each.channels, each.kernel, stride=each.stride))
        channels = each.channels
    return nn.Sequential(*parts) if len(parts) > 1 else parts[0]


def stem_pool(spec: Spec) -> nn.Module:
    """Return the 3x3/2 max-pool: v1 without padding and rounding up, the others with padding 1."""
    if spec.layout is Layout.V1:
        return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
    if spec.antialias:
        return nn.Sequential(nn.MaxPool2d(kernel_size=3, stride=1, padding=1), BlurPool2d(spec.stem.channels))
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=1)


def silence(last: nn.Module) -> None:
    """Start a branch at zero by its last norm, so that the block starts as the identity."""
    weight = last.weight
    assert isinstance(weight, Tensor)  # noqa: S101 - what is no trained norm is refused with the architecture
    nn.init.zeros_(weight)


def initialise(model: nn.Module) -> None:
    """Draw 2-D convolutions from a normal distribution of variance 2 / (kernel area x output channels).

    Norms start as the identity; other layers, and biases, as torch starts them.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
