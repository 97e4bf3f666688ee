"""What `benchmarks.gate_power` compares: a small network, and the same network slowed down by real work.

`benchmarks.gate_subject:slowed_12` is the plain network behind an additional 3x3 convolution of 12 output channels.
torch is imported by what builds: asv, which imports every module of this folder, must not load it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

MODEL = "resnet10"
IMAGE_SIZE = 64


def plain() -> "nn.Module":
    """Return the network as it is."""
    import torch

    from resnet_bench.models import create_model

    torch.manual_seed(0)
    return create_model(MODEL)


def slowed(channels: int) -> "nn.Module":
    """Return the network behind a convolution whose output is thrown away."""
    from torch import nn

    class Slowed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = plain()
            self.additional = nn.Conv2d(3, channels, 3, padding=1, bias=False)

        def forward(self, images: "Tensor") -> "Tensor":
            self.additional(images)
            logits: Tensor = self.network(images)
            return logits

    return Slowed()


def __getattr__(name: str) -> Callable[[], "nn.Module"]:
    kind, _, channels = name.partition("_")
    if kind != "slowed" or not channels.isdigit():
        raise AttributeError(name)
    return lambda: slowed(int(channels))
