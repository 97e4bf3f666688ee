"""What `benchmarks.gate_power` compares: a small network, and the same network slowed down by real work.

`benchmarks.gate_subject:slowed_12` is the plain network behind an additional 3x3 convolution of 12 output channels.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from resnet_bench.models import create_model

MODEL = "resnet10"
IMAGE_SIZE = 64


class Slowed(nn.Module):
    """A network behind a convolution whose output is thrown away."""

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.network = network
        self.additional = nn.Conv2d(3, channels, 3, padding=1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the network's logits of shape (batch, classes)."""
        self.additional(images)
        logits: Tensor = self.network(images)
        return logits


def plain() -> nn.Module:
    """Return the network as it is."""
    torch.manual_seed(0)
    return create_model(MODEL)


def __getattr__(name: str) -> Callable[[], nn.Module]:
    kind, _, channels = name.partition("_")
    if kind != "slowed" or not channels.isdigit():
        raise AttributeError(name)
    return lambda: Slowed(plain(), int(channels))
