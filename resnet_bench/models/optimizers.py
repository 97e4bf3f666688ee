"""What updates the weights in a training step: torch's own optimizers, as they are by default."""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from resnet_bench.errors import UnsupportedError
from resnet_bench.records import Optimizer

LEARNING_RATE = 1e-4
MOMENTUM = 0.9

_MADE: dict[Optimizer, Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]] = {
    Optimizer.SGD: lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE),
    Optimizer.MOMENTUM: lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM),
    Optimizer.ADAM: lambda parameters: torch.optim.Adam(parameters, lr=LEARNING_RATE),
    Optimizer.ADAMW: lambda parameters: torch.optim.AdamW(parameters, lr=LEARNING_RATE),
}


def optimizer_of(optimizer: Optimizer, network: nn.Module, *, name: str) -> torch.optim.Optimizer:
    """Return the optimizer of a network's trainable parameters.

    Raises:
        UnsupportedError: there are none.
    """
    parameters = trainable(network, name)
    return _MADE[optimizer](parameters)


def trainable(network: nn.Module, name: str) -> list[nn.Parameter]:
    """Return the parameters that ask for a gradient.

    Raises:
        UnsupportedError: none does.
    """
    found = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not found:
        raise UnsupportedError(f"nothing in '{name}' is trainable: no parameter of it asks for a gradient.")
    return found
