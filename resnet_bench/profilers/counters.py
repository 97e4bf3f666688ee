"""What fvcore and torch count, reported as theirs. Both run on throw-away modules that hold no drawn weights.

fvcore cannot trace meta tensors, so it runs on the CPU at batch size 1 and its count is scaled. Never call these in a
timed process: torch's counter poisons a later torch.compile in the same process (pytorch#140909).
"""

import logging
from collections.abc import Collection
from typing import Any

import torch
from torch import nn

from resnet_bench.errors import UsageError, nearest
from resnet_bench.profilers.memory import training_loss
from resnet_bench.records import Mode

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


def fvcore_count(module: nn.Module, *, batch_size: int, image_size: int) -> int:
    """Return fvcore's count of one forward pass in eval mode, counted at batch size 1 and scaled.

    Args:
        module: a throw-away module on any device; it is moved to the CPU without drawing weights.
        batch_size: images.
        image_size: pixels on a side.
    """
    from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - half a second that only `--with fvcore` needs

    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)  # what it leaves out is documented, not news
    module = module.to_empty(device="cpu").eval()
    analysis: Any = FlopCountAnalysis(module, torch.zeros(1, 3, image_size, image_size))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total()) * batch_size


def torch_counter_flops(module: nn.Module, *, mode: Mode, batch_size: int, image_size: int) -> int:
    """Return what torch's FlopCounterMode says of one forward pass, or of forward and backward in training.

    torch 2.13 over-counts the weight gradient of grouped convolutions by their number of groups.

    Args:
        module: a throw-away module on the meta device.
        mode: inference or training.
        batch_size: images.
        image_size: pixels on a side.
    """
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - kept away from whoever does not ask

    images = torch.empty(batch_size, 3, image_size, image_size, device="meta")
    counter = FlopCounterMode(display=False)
    if mode is Mode.INFERENCE:
        with counter, torch.no_grad():
            module.eval()(images)
    else:
        labels = torch.empty(batch_size, dtype=torch.long, device="meta")
        with counter, torch.enable_grad():
            loss = training_loss(module.train()(images), labels)
            torch.autograd.backward(loss)
    return int(counter.get_total_flops())
