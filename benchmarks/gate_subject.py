"""What `benchmarks.gate_power` compares: a small network, and the same network slowed down by real work.

`benchmarks.gate_subject:slowed_12` is the plain network behind an additional 3x3 convolution of 12 output channels.
torch is imported by what builds: asv, which imports every module of this folder, must not load it.

    python -m benchmarks.gate_subject 97 5      # what 97 channels cost, by 5 seconds of turns within one process
"""

import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

MODEL = "resnet10"
IMAGE_SIZE = 64
_WARM_UP = 20


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


def cost(channels: int, seconds: float) -> float:
    """Return the median log ratio of CPU time, slowed / plain, of iterations that take turns on the same weights.

    Within one process: no launch's luck is in it, so that it is known better than what it calibrates.
    """
    import torch

    torch.set_num_threads(1)
    with_addition = slowed(channels).eval()
    networks = (with_addition.network, with_addition)
    images = torch.randn(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    rng = random.Random(channels)  # noqa: S311 - order of turns, no secret
    logs: list[float] = []
    with torch.inference_mode():
        for _ in range(_WARM_UP):
            for network in networks:
                network(images)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            taken = [0.0, 0.0]
            for index in rng.sample((0, 1), 2):
                start = time.process_time()
                networks[index](images)
                taken[index] = time.process_time() - start
            logs.append(math.log(taken[1] / taken[0]))
    return statistics.median(logs)


def __getattr__(name: str) -> Callable[[], "nn.Module"]:
    kind, _, channels = name.partition("_")
    if kind != "slowed" or not channels.isdigit():
        raise AttributeError(name)
    return lambda: slowed(int(channels))


if __name__ == "__main__":
    print(cost(int(sys.argv[1]), float(sys.argv[2])))
