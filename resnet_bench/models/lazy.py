"""Modules whose sizes follow from the first input that they see (torch.nn.LazyConv2d and its like)."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from resnet_bench.models.inputs import Inputs


def has_lazy_parts(module: nn.Module) -> bool:
    """Whether a module has parameters or buffers without a size."""
    return any(map(is_lazy, (*module.parameters(), *module.buffers())))


def materialise(module: nn.Module, inputs: Inputs) -> None:
    """Give every lazy part its size, by one forward pass that changes no statistics."""
    was_training = module.training
    module.eval()
    with torch.no_grad():
        inputs.call(module)
    module.train(was_training)
