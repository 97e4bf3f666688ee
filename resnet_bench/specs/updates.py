"""What an optimizer's step takes in memory beside weights and gradients, as torch.optim 2.13 computes it by default.

The state lasts from step to step. Adam and AdamW also make the root of the second moment before they divide by it: of
one weight after another in a loop, with the last one's still there, or of all weights at once by foreach kernels.
"""

from collections.abc import Sequence
from itertools import pairwise

from resnet_bench.records import Optimizer, Update

_STATE_NUMBERS = {Optimizer.SGD: 0, Optimizer.MOMENTUM: 1, Optimizer.ADAM: 2, Optimizer.ADAMW: 2}
_MAKES_ROOTS = frozenset({Optimizer.ADAM, Optimizer.ADAMW})


def state_bytes(optimizer: Optimizer, weights: Sequence[int]) -> int:
    """Return what the optimizer keeps, for weights of so many bytes each that have a gradient."""
    return _STATE_NUMBERS[optimizer] * sum(weights)


def depends_on_update(optimizer: Optimizer) -> bool:
    """Say whether it matters how the step goes over the weights."""
    return optimizer in _MAKES_ROOTS


def temporary_bytes(optimizer: Optimizer, update: Update, weights: Sequence[int]) -> int:
    """Return the most bytes that one step makes and lets go of; the weights stand in the optimizer's order."""
    if optimizer not in _MAKES_ROOTS:
        return 0
    if update is Update.FOREACH:
        return sum(weights)
    return max((2 * own + last for last, own in pairwise((0, *weights))), default=0)
