"""The loss and the gradients of one training iteration on other images: never timed, and no weight moves by it."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

# What a scale of the loss is lowered by until the gradients are finite: other images may have larger ones.
_LOWERED = 4.0


class Differentiated(NamedTuple):
    """A loss, and the gradient of each weight in the network's order, None where it has none; float32 on the host."""

    loss: float
    gradients: tuple[Tensor | None, ...]

    @property
    def is_finite(self) -> bool:
        """Whether there are numbers everywhere."""
        known = [it for it in self.gradients if it is not None]
        return bool(torch.isfinite(torch.tensor(self.loss))) and all(bool(torch.isfinite(it).all()) for it in known)


def differentiated(network: nn.Module, forward: Callable[[], Tensor], *, scale: float) -> Differentiated:
    """Return what `forward` computes, and its gradients with respect to the weights of a network.

    Args:
        network: whose weights; they have no gradient before, and none afterwards.
        forward: computes the loss.
        scale: of the loss on the way back, at most; 1 for none.
    """
    while True:
        loss = forward()
        (loss * scale).backward()
        found = Differentiated(loss.item(), tuple(_on_host(it.grad, scale) for it in network.parameters()))
        network.zero_grad(set_to_none=True)
        if found.is_finite or scale <= 1:
            return found
        scale /= _LOWERED


def _on_host(gradient: Tensor | None, scale: float) -> Tensor | None:
    return None if gradient is None else gradient.detach().float().cpu() / scale
