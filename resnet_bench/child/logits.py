"""Logits of two ways to compute the same network, held against each other. Never torch."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import DisagreesError
from resnet_bench.records import Agreement, Case, Precision
from resnet_bench.specs.arithmetic import arithmetic

# The first launch of a case compares enough images for their classes to say something; later ones look for faults.
MOST_IMAGES, FEWER_IMAGES = 64, 16
EXPECTED = "expected.npy"
# Of logits that differ in nothing but the order of their sums, the square root of this is far below any bound.
LARGEST_DB = 1000.0

Logits = NDArray[np.float64]


def images_of(launch: int) -> int:
    """Return how many images a launch compares, the first being 0."""
    return MOST_IMAGES if launch == 0 else FEWER_IMAGES


def computed(outputs: Callable[[NDArray[np.float32]], Any], images: NDArray[np.float32], batch_size: int) -> list[Any]:
    """Return what is computed of images batch after batch, the last one filled up with the first images."""
    missing = -len(images) % batch_size
    filled = np.concatenate([images, *[images] * (missing // len(images)), images[: missing % len(images)]])
    return [outputs(filled[start : start + batch_size]) for start in range(0, len(filled), batch_size)]


def compare(found: Logits, expected: Logits) -> Agreement:
    """Compare logits (images, classes) with those of eager float32."""
    wrong = float(np.square(found - expected).sum())
    centred = float(np.square(expected - expected.mean(axis=0)).sum()) or float(np.square(expected).sum())
    ratio_db = 10 * math.log10(centred / wrong) if wrong and centred else -LARGEST_DB
    largest = float(np.abs(expected - expected.mean(axis=0)).max())
    error = float(np.abs(found - expected).max())
    best, wanted = found.argmax(axis=1), expected.argmax(axis=1)
    return Agreement(
        images=len(expected),
        max_error=error,
        sqnr_db=max(-LARGEST_DB, min(ratio_db, LARGEST_DB)) if wrong else None,
        top1_agreement=float((best == wanted).mean()),
        classes=len(np.unique(wanted)),
        max_relative_error=error / largest if largest else None,
    )


def refuse_unless_finite(found: Logits, case: Case) -> None:
    """Refuse logits that hold an infinity or no number where eager float32 has numbers.

    Raises:
        DisagreesError: they do.
    """
    if not np.isfinite(found).all():
        raise DisagreesError(f"{case.executor} in {case.precision}: the output is not finite, eager float32's is.")


def refuse_gross_fault(compared: Agreement, case: Case, *, calibrated_by: str = "") -> None:
    """Refuse what cannot be the network, and with weights that were loaded what is worse than its precision need be.

    Raises:
        DisagreesError: its error is as large as what tells one image from another, in float32 far beyond rounding, or
            with loaded weights below the floor of its precision.
    """
    computes = arithmetic(case.precision)
    least_db = computes.least_trained_sqnr_db if case.weights else computes.least_sqnr_db
    if compared.sqnr_db is not None and compared.sqnr_db < least_db:
        by_folder = calibrated_by and case.precision is Precision.INT8
        ranges = f" Its ranges are those of the images in '{calibrated_by}' (--calibration)." if by_folder else ""
        raise DisagreesError(
            f"{case.executor} in {case.precision} does not compute the network: against eager float32 the SQNR of its "
            f"logits is {compared.sqnr_db:.1f} dB, at least {least_db:g} dB were expected (maximum error "
            f"{compared.max_error:.2g}, {compared.images} images).{ranges}"
        )
