"""Models that fail for real, each in its own way, for `tests.runner.faulty:NAME`."""

import os
import signal
import time

import torch
from torch import nn


def raises_out_of_memory() -> nn.Module:
    raise MemoryError("no memory for the weights")


def allocates_too_much() -> nn.Module:
    return nn.Linear(2**22, 2**22)


def dies() -> nn.Module:
    os.kill(os.getpid(), signal.SIGSEGV)
    return nn.Identity()


def sleeps() -> nn.Module:
    time.sleep(3600)
    return nn.Identity()


class _NotANumber(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        return self.linear(images.mean((2, 3))) * float("nan")


def gives_nan() -> nn.Module:
    return _NotANumber()


class _NeedsMemory(nn.Module):
    """Holds 50 MiB for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        held = torch.ones(len(images), 50 * 2**18)
        return self.linear(images.mean((2, 3)) + held[:, :3])


def needs_memory() -> nn.Module:
    return _NeedsMemory()


def tiny() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
