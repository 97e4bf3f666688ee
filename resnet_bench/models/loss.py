"""The loss of a training step, of whatever a model returns: one that needs no knowledge of the task."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from resnet_bench.errors import UnsupportedError
from resnet_bench.models.outputs import leaves


class TrainingLoss:
    """The sum over the floating-point tensors of an output that a gradient flows through.

    Of each of shape (N, classes, ...) it is the cross entropy with fixed random targets, of any other its mean.
    Targets are drawn at the first call, for the shapes that are then seen.
    """

    def __init__(self, targets_for: Callable[[Tensor], Tensor] | None = None) -> None:
        self._targets_for = targets_for or drawn_targets
        self._targets: dict[tuple[int, torch.Size], Tensor] = {}

    def __call__(self, output: Any) -> Tensor:
        """Return the loss.

        Raises:
            UnsupportedError: nothing that was returned can be trained on.
        """
        found = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
        if not found:
            raise UnsupportedError("training needs an output of floating-point numbers; the model returns none.")
        losses = [self._of(position, leaf) for position, leaf in enumerate(found) if leaf.requires_grad]
        if not losses:
            raise UnsupportedError("nothing that the model returns depends on a trainable parameter.")
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return total

    def _of(self, position: int, leaf: Tensor) -> Tensor:
        if leaf.ndim < 2:  # noqa: PLR2004 - (N, classes)
            return leaf.mean()
        key = (position, leaf.shape)
        if key not in self._targets:
            self._targets[key] = self._targets_for(leaf)
        return functional.cross_entropy(leaf, self._targets[key])


def drawn_targets(output: Tensor) -> Tensor:
    """Return random classes for an output of shape (N, classes, ...), on its device."""
    shape = (output.shape[0], *output.shape[2:])
    if output.is_meta:
        return torch.empty(shape, dtype=torch.long, device=output.device)
    return torch.randint(output.shape[1], shape).to(output.device)
