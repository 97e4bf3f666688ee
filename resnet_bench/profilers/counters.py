"""What fvcore and torch count, reported as theirs. Both run on throw-away modules, without drawn weights if they can.

fvcore cannot trace meta tensors, so it runs on the CPU at batch size 1 and its count is scaled. Never call these in a
timed process: torch's counter poisons a later torch.compile in the same process (pytorch#140909).
"""

import logging
from collections.abc import Collection
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from resnet_bench.errors import UsageError, nearest
from resnet_bench.executors.placed import drawn
from resnet_bench.machine.devices import HOST
from resnet_bench.models.inputs import Inputs, of_shapes
from resnet_bench.models.loss import TrainingLoss
from resnet_bench.models.refusals import own_type
from resnet_bench.records import Mode
from resnet_bench.records.inputs import ModelInput

COUNTERS = ("fvcore", "torch")


def check_counters(counters: Collection[str]) -> None:
    """Refuse names of counters that are not known.

    Raises:
        UsageError: with the nearest name.
    """
    for counter in counters:
        if counter not in COUNTERS:
            raise UsageError(
                f"unknown counter '{counter}'.{nearest(counter, COUNTERS)} Known counters: {', '.join(COUNTERS)}."
            )


def fvcore_count(module: nn.Module, wanted: ModelInput, *, batch_size: int, has_data: bool = False) -> int:
    """Return fvcore's count of one forward pass in eval mode, counted at batch size 1 and scaled.

    Args:
        module: a throw-away module on any device; it is moved to the CPU without drawing weights.
        wanted: what goes in.
        batch_size: images.
        has_data: whether the module is on the CPU with its weights, and is to see random numbers.
    """
    from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - half a second that only `--with fvcore` needs

    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)  # what it leaves out is documented, not news
    inputs = _given(module, wanted, 1, has_data=has_data)
    if not has_data:
        module = module.to_empty(device=HOST)
        inputs = inputs.mapped(lambda tensor: torch.zeros_like(tensor, device=HOST))
    called = _Positional(module.eval(), inputs)
    analysis: Any = FlopCountAnalysis(called, tuple(inputs.tensors))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total()) * batch_size


def _given(module: nn.Module, wanted: ModelInput, batch_size: int, *, has_data: bool) -> Inputs:
    made = drawn(wanted, batch_size, seed=0) if has_data else of_shapes(wanted, batch_size)
    return made.in_type(own_type(module) or torch.float32)


class _Positional(nn.Module):
    """A module that takes its tensors one after another, as fvcore gives them."""

    def __init__(self, module: nn.Module, inputs: Inputs) -> None:
        super().__init__()
        self.module = module
        self._leaves, self._structure = tree_flatten(tuple(inputs))

    def forward(self, *tensors: torch.Tensor) -> Any:
        """Put the tensors where they belong."""
        given = iter(tensors)
        leaves = [next(given) if isinstance(leaf, torch.Tensor) else leaf for leaf in self._leaves]
        return Inputs(*tree_unflatten(leaves, self._structure)).call(self.module)


def torch_counter_flops(
    module: nn.Module, wanted: ModelInput, *, mode: Mode, batch_size: int, has_data: bool = False
) -> int:
    """Return what torch's FlopCounterMode says of one forward pass, or of forward and backward in training.

    torch 2.13 over-counts the weight gradient of grouped convolutions by their number of groups.

    Args:
        module: a throw-away module on the meta device, or on the CPU where it `has_data`.
        wanted: what goes in.
        mode: inference or training.
        batch_size: images.
        has_data: whether it is to see random numbers.
    """
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - kept away from whoever does not ask

    inputs = _given(module, wanted, batch_size, has_data=has_data)
    counter = FlopCounterMode(display=False)
    if mode is Mode.INFERENCE:
        with counter, torch.no_grad():
            inputs.call(module.eval())
    else:
        with counter, torch.enable_grad():
            loss = TrainingLoss()(inputs.call(module.train()))
            torch.autograd.backward(loss)
    return int(counter.get_total_flops())
