"""What a model is called with, as torch has it: made from the words of `records.inputs`, with numbers or without."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from resnet_bench.errors import ModelError, ResNetBenchError, deed
from resnet_bench.models.foreign_code import where
from resnet_bench.models.imported import imported
from resnet_bench.records.inputs import InputTensor, ModelInput

_PAIR = 2


class Inputs(NamedTuple):
    """The arguments of one call of a model; tensors stand in them or in lists, tuples and dicts of them."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def call(self, model: Callable[..., Any]) -> Any:
        """Run a model once."""
        return model(*self.args, **self.kwargs)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Inputs":
        """Return the same arguments with every tensor changed."""
        args, kwargs = tree_map_only(Tensor, change, (self.args, self.kwargs))
        return Inputs(args, kwargs)

    def in_type(self, dtype: torch.dtype) -> "Inputs":
        """Return the same with float32 as `dtype`; what is of another type is so for a reason of its own."""
        return self.mapped(lambda tensor: tensor.to(dtype) if tensor.dtype is torch.float32 else tensor)

    def without_data(self, device: str = "meta") -> "Inputs":
        """Return the same shapes without numbers."""
        return self.mapped(lambda tensor: torch.empty(tensor.shape, dtype=tensor.dtype, device=device))

    @property
    def tensors(self) -> list[Tensor]:
        """Every tensor, in order."""
        return [leaf for leaf in tree_leaves((self.args, self.kwargs)) if isinstance(leaf, Tensor)]

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors)


def of_shapes(wanted: ModelInput, batch_size: int, *, device: str = "meta") -> Inputs:
    """Return inputs without numbers, floats as float32; a function's are made, and their numbers dropped.

    Raises:
        ModelError: there is no such function, or what it returns is no input.
    """
    if wanted.function:
        return of_function(wanted.function, batch_size).without_data(device)
    return of_tensors(wanted, [_empty(tensor, batch_size, device) for tensor in wanted.tensors])


def of_tensors(wanted: ModelInput, values: list[Tensor]) -> Inputs:
    """Return inputs that hold `values`, a tensor of shape (N, ...) for each that is wanted, in their order."""
    named = [
        (tensor.keyword, list(value.unbind()) if tensor.listed else value)
        for tensor, value in zip(wanted.tensors, values, strict=True)
    ]
    return Inputs(
        tuple(value for keyword, value in named if not keyword),
        {keyword: value for keyword, value in named if keyword},
    )


def of_function(name: str, batch_size: int) -> Inputs:
    """Return what a user's function makes for a batch: a tensor, a tuple of arguments, a dict of keywords, or both.

    Raises:
        ModelError: there is no such function, it raised, or what it returned is no input.
    """
    function = imported(name)
    try:
        made = function(batch_size)
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        said = f"'{name}', which is called with the batch size to make the input, {deed(error)}{where(error)}"
        raise ModelError(said) from error
    if isinstance(made, Tensor | list):
        found = Inputs((made,), {})
    elif isinstance(made, dict):
        found = Inputs((), made)
    elif isinstance(made, tuple):
        both = len(made) == _PAIR and isinstance(made[0], tuple | list) and isinstance(made[1], dict)
        found = Inputs(tuple(made[0]), made[1]) if both else Inputs(made, {})
    else:
        found = Inputs((), {})
    if not found.tensors:
        raise ModelError(
            f"'{name}' returned {type(made).__name__}: expected a tensor, a tuple of arguments, a dict of keywords, or "
            "a pair of both, with a tensor in it."
        )
    return found


def fed(inputs: Inputs) -> str:
    """Say what a model was given: (1, 3, 224, 224) float32."""
    return " and ".join(f"{tuple(it.shape)} {str(it.dtype).removeprefix('torch.')}" for it in inputs.tensors)


def _empty(tensor: InputTensor, batch_size: int, device: str) -> Tensor:
    dtype: torch.dtype = getattr(torch, tensor.dtype) if tensor.dtype else torch.float32
    return torch.empty(batch_size, *tensor.shape, dtype=dtype, device=device)
