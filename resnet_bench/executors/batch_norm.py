"""Batch-norm statistics of a network whose weights are random.

In eval mode such a ResNet overflows (fp16 from depth 101 on), so its statistics are first set by one seeded float32
forward in training mode, before any cast.
"""

import torch
from torch import nn

from resnet_bench.models.inputs import Inputs
from resnet_bench.records import remarks

IMAGES = 2  # a 1 x 1 map with one image has one value a channel, which has no variance


def set_statistics(network: nn.Module, inputs: Inputs) -> str:
    """Set running statistics from one batch of random images, and say so."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001 - torch's only common base
    if not norms:
        return "none"
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the cumulative average, which after one batch is that batch
    was_training = network.training
    network.train()
    with torch.no_grad():
        inputs.call(network)
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return remarks.batch_norm_statistics(IMAGES)
