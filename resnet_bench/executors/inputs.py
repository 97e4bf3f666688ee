"""The input of a case, the same for every executor: never torch, so that a runtime without it gets the same numbers."""

import numpy as np
from numpy.typing import NDArray

from resnet_bench.records import Case


def random_images(case: Case, *, seed: int) -> NDArray[np.float32]:
    """Return random images of shape (N, 3, H, W); never zeros, which some kernels are quicker with."""
    shape = (case.batch_size, 3, case.image_size, case.image_size)
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
