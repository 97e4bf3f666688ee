"""Batch-norm statistics of a network whose weights are random.

In eval mode such a ResNet overflows (fp16 from depth 101 on), so its statistics are first set by one seeded float32
forward in training mode, before any cast. A batch norm of constants, as detection backbones have it, gets those of the
same batch: it would leave every activation as large as it comes.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from resnet_bench.models.inputs import Inputs
from resnet_bench.records import remarks

IMAGES = 2  # a 1 x 1 map with one image has one value a channel, which has no variance


def set_statistics(network: nn.Module, inputs: Inputs) -> str:
    """Set running statistics from one batch of random images, and say so."""
    kind = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - torch's only common base
    norms = [module for module in network.modules() if isinstance(module, kind)]
    constant = [module for module in network.modules() if not isinstance(module, kind) and _holds_statistics(module)]
    if not norms and not constant:
        return "none"
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the cumulative average, which after one batch is that batch
    was_training = network.training
    network.train()
    with torch.no_grad(), _following(constant):
        inputs.call(network)
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return remarks.batch_norm_statistics(IMAGES)


def _holds_statistics(module: nn.Module) -> bool:
    """Whether a module holds a mean and a variance of each channel as constants."""
    held = dict(module.named_buffers(recurse=False))
    return {"running_mean", "running_var"} <= held.keys() and held["running_mean"].ndim == 1


@contextlib.contextmanager
def _following(norms: list[nn.Module]) -> Iterator[None]:
    """Let each norm of constants take those of what it is called with, while this is open."""
    handles = [norm.register_forward_pre_hook(_take) for norm in norms]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _take(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
    images = inputs[0] if inputs and isinstance(inputs[0], Tensor) else None
    channels = norm.get_buffer("running_mean")
    if images is None or images.ndim < 2 or images.shape[1] != len(channels):  # noqa: PLR2004 - batch and channels
        return  # no batch norm, whatever its buffers are called
    others = [dimension for dimension in range(images.ndim) if dimension != 1]
    variance, mean = torch.var_mean(images, others)
    channels.copy_(mean)
    norm.get_buffer("running_var").copy_(variance.nan_to_num(1.0))  # one value has no variance
