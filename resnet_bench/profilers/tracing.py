"""One forward pass of a copy of a module, followed operator by operator: without data, or with it on the CPU."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.backends import mha

from resnet_bench.executors.placed import drawn
from resnet_bench.models.inputs import fed, of_shapes
from resnet_bench.models.lazy import has_lazy_parts, materialise
from resnet_bench.models.refusals import own_type
from resnet_bench.profilers.activations import Trace, trace
from resnet_bench.profilers.hollow_copy import full_copy, hollow_copy
from resnet_bench.profilers.without_data import explained

if TYPE_CHECKING:
    from resnet_bench.records import Precision
    from resnet_bench.records.inputs import ModelInput


def materialised(
    module: nn.Module, wanted: "ModelInput", *, name: str, batch_size: int, by_running: bool = False
) -> nn.Module:
    """Return a module without lazy parameters: itself, or a copy, without data if it is not run, that saw one input.

    Raises:
        ModelError: the module's own code raised.
    """
    if not has_lazy_parts(module):
        return module
    seeing = full_copy(module) if by_running else hollow_copy(module)
    given = drawn(wanted, batch_size, seed=0) if by_running else of_shapes(wanted, batch_size)
    given = given.in_type(own_type(module) or torch.float32)
    explained(name, lambda: materialise(seeing, given), given=fed(given), by_running=by_running)
    return seeing


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
    with _attention_by_its_parts():
        return explained(
            name,
            lambda: trace(full_copy(module), numbers, precision=precision, has_data=True),
            given=fed(numbers),
            by_running=True,
        )


@contextlib.contextmanager
def _attention_by_its_parts() -> Iterator[None]:
    """Let encoder layers and attention run operator by operator, as they do without data, and not as one."""
    was = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        mha.set_fastpath_enabled(was)
