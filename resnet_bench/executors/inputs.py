"""The input of a case, the same for every executor: never torch, so that a runtime without it gets the same numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.records import Case
from resnet_bench.records.inputs import InputTensor, ModelInput, of

_WHOLE_NUMBERS = 2  # 0 and 1, which are valid indices of any table


def input_of(case: Case) -> ModelInput:
    """Return what goes into a case's model."""
    return of(case.input, case.image_size)


def random_inputs(wanted: ModelInput, batch_size: int, *, seed: int) -> tuple[NDArray[Any], ...]:
    """Return an array of shape (N, ...) for each tensor: fractions as float32, whole numbers and truth values 0 or 1.

    Fractions are never all zeros, which some kernels are quicker with.
    """
    generator = np.random.default_rng(seed)
    return tuple(_random(tensor, batch_size, generator) for tensor in wanted.tensors)


def _random(tensor: InputTensor, batch_size: int, generator: np.random.Generator) -> NDArray[Any]:
    shape = (batch_size, *tensor.shape)
    if tensor.dtype is None or tensor.dtype.is_floating:
        return generator.standard_normal(shape, dtype=np.float32)
    return generator.integers(_WHOLE_NUMBERS, size=shape, dtype=np.dtype(tensor.dtype.value))
