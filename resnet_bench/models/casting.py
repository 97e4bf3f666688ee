"""A module in another arithmetic."""

import torch
from torch import Tensor, nn


def cast(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Cast the fractions of a module, in place, and return it.

    Complex numbers, such as turns of positions, stay as they are: Module.to would leave their real parts.
    """

    def other(tensor: Tensor) -> Tensor:
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    module._apply(other)  # noqa: SLF001 - what Module.to is made of
    return module
