"""What an executor does: it refuses what it cannot run, and makes a network on its device ready to iterate."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from resnet_bench.records import Case, Transfer


class Step(NamedTuple):
    """The three parts of a training iteration, callable in this order."""

    forward: Callable[[], Tensor]
    backward: Callable[[Tensor], None]
    optimizer: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Placed:
    """A network and its input on their device, cast and laid out as the case asks.

    Attributes:
        case: what is run.
        device: where.
        network: the module.
        images: its input on the device, (N, C, H, W).
        host_images: the same on the host, pinned where a copy would wait otherwise.
        transfer: whether an iteration includes the copy of its input.
        autocast_dtype: what autocast computes in, None without autocast.
    """

    case: Case
    device: torch.device
    network: nn.Module
    images: Tensor
    host_images: Tensor
    transfer: Transfer
    autocast_dtype: torch.dtype | None

    def input(self) -> Tensor:
        """Return the input of one iteration, copied to the device where that belongs to it."""
        if self.transfer is Transfer.INCLUDED:
            return self.host_images.to(self.device, non_blocking=True)
        return self.images

    def autocast(self) -> Any:
        """Return the context in which the network runs."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case ready to iterate.

    Attributes:
        iterate: runs one iteration and returns its output: logits of shape (N, classes), or the loss.
        step: the parts of a training iteration; None for inference.
        optimizer: the optimizer that holds state between iterations; None for inference.
    """

    iterate: Callable[[], Tensor]
    step: Step | None = None
    optimizer: torch.optim.Optimizer | None = None


class Executes(Protocol):
    """An executor."""

    def supports(self, case: Case) -> None:
        """Refuse, in words, what no amount of trying would make run.

        Raises:
            UnsupportedError: the executor cannot run such a case.
        """

    def prepare(self, placed: Placed) -> Prepared:
        """Make a placed network ready to iterate."""
