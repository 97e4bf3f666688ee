"""The input of a case, the same for every executor: never torch, so that a runtime without it gets the same numbers."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.records import Case
from resnet_bench.records.inputs import InputTensor, ModelInput, of

_WHOLE_NUMBERS = 2  # 0 and 1, which are valid indices of any table
_IMAGE = 3  # dimensions without the batch
_WAVES = 4


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


def structured_images(wanted: ModelInput, count: int, *, seed: int) -> NDArray[np.float32]:
    """Return an array (count, ...) of smooth shapes on smooth grounds, each of another scale, contrast and brightness.

    White noise looks the same to a network whatever the seed, so that it finds one or two classes in a whole batch.
    What is no image (fewer than three dimensions) is random.
    """
    shape = wanted.tensors[0].shape
    generator = np.random.default_rng(seed)
    if len(shape) < _IMAGE:
        return generator.standard_normal((count, *shape), dtype=np.float32)
    *outer, height, width = shape
    channels = int(np.prod(outer))
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None, :]
    images = np.empty((count, channels, height, width), dtype=np.float32)
    for image in images:
        waves = np.zeros((channels, height, width))
        for _ in range(_WAVES):
            along, across = generator.uniform(0.5, generator.uniform(1, 8), size=2) * generator.choice((-1, 1), size=2)
            wave = np.sin(2 * np.pi * (along * rows + across * columns + generator.uniform()))
            waves += generator.standard_normal((channels, 1, 1)) * wave
        image[:] = generator.uniform(0.3, 1.2) * waves + generator.standard_normal((channels, 1, 1))
    return images.reshape(count, *shape)


def digest(array: NDArray[Any]) -> str:
    """Return what tells an input from another: the digest of its bytes and shape."""
    return hashlib.sha256(str(array.shape).encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
