"""One forward pass of a copy of a module, followed operator by operator: without data, or with it on the CPU."""

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from resnet_bench.executors.placed import drawn
from resnet_bench.models.inputs import fed, of_shapes
from resnet_bench.models.refusals import own_type
from resnet_bench.profilers.activations import Trace, trace
from resnet_bench.profilers.hollow_copy import hollow_copy
from resnet_bench.profilers.without_data import explained

if TYPE_CHECKING:
    from resnet_bench.records import Precision
    from resnet_bench.records.inputs import ModelInput


def materialised(module: nn.Module, wanted: "ModelInput", *, name: str, batch_size: int) -> nn.Module:
    """Return a module without lazy parameters: itself, or a copy without data that has seen one input.

    Raises:
        ModelError: the module's own code raised.
    """
    if not any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        return module
    copied, given = hollow_copy(module), of_shapes(wanted, batch_size)
    with torch.no_grad():
        explained(name, lambda: given.call(copied), given=fed(given))
    return copied


def traced(
    module: nn.Module, wanted: "ModelInput", *, name: str, precision: "Precision", batch_size: int, by_running: bool
) -> Trace:
    """Return the layers of a copy of `module`, in eval mode.

    Raises:
        ModelError: the module's own code raised, as it does without data when it asks for a tensor's value.
    """
    dtype = own_type(module) or torch.float32
    if not by_running:
        given = of_shapes(wanted, batch_size).in_type(dtype)
        return explained(name, lambda: trace(hollow_copy(module), given, precision=precision), given=fed(given))
    numbers = drawn(wanted, batch_size, seed=0).in_type(dtype)
    return explained(
        name,
        lambda: trace(copy.deepcopy(module), numbers, precision=precision, has_data=True),
        given=fed(numbers),
        by_running=True,
    )
