"""What one call of an operator costs, and what says so. Never torch at run time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class OperatorCount(NamedTuple):
    """The cost of one operator call.

    Attributes:
        macs: multiply-accumulates.
        operands: the factors of those; each that a gradient flows to costs a training step as many again.
        other_flops: other operations.
    """

    macs: int = 0
    operands: "tuple[Tensor, ...]" = ()
    other_flops: int = 0


# Takes a call's positional arguments and its first result, both tensors without data where nothing is run.
Count = Callable[[Sequence[Any], "Tensor"], OperatorCount]
