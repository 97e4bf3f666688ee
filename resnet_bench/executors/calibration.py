"""What int8 takes the ranges of activations from: a user's images, or seeded ones. Never torch."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import UnsupportedError, UsageError, in_words
from resnet_bench.executors.inputs import input_of, structured_images
from resnet_bench.records import Case, Precision
from resnet_bench.storage import reading

IMAGES = 32
_SEED = 977
_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".webp")
# A centre crop of this share of the shorter side, and ImageNet's mean and spread, as evaluation has them.
_CROP = 0.875
_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
_LARGEST = np.float32(min((_MEAN / _SPREAD).min(), ((1 - _MEAN) / _SPREAD).min()))
_COLOURS = {1: "L", 3: "RGB"}


def files(folder: str) -> list[Path]:
    """Return the images in a folder and below, by name, at most as many as are used.

    Raises:
        UsageError: there is no such folder, or no image in it.
    """
    path = Path(folder)
    if not path.is_dir():
        raise UsageError(f"--calibration '{folder}' is not a folder; give one with images ({', '.join(_SUFFIXES)}).")
    found = sorted(it for it in path.rglob("*") if it.suffix.lower() in _SUFFIXES)
    if not found:
        raise UsageError(f"--calibration '{folder}' has no image; expected files such as {', '.join(_SUFFIXES)}.")
    return spread(found)  # of each class some, where classes are folders


def spread(found: Sequence[Path]) -> list[Path]:
    """Return as many as are used, at even distances over them all."""
    taken = min(IMAGES, len(found))
    return [found[index * len(found) // taken] for index in range(taken)]


def compared(case: Case, count: int, *, seed: int, folder: str = "") -> NDArray[np.float32]:
    """Return the seeded images (count, ...) that a case is compared with eager float32 over.

    Where int8 takes its ranges from a folder they lie within those of such images: what is beyond them, int8 clips.
    """
    images = structured_images(input_of(case), count, seed=seed)
    if not folder or case.precision is not Precision.INT8:
        return images
    largest = np.abs(images).max(axis=tuple(range(1, images.ndim)), keepdims=True)
    scaled: NDArray[np.float32] = images * np.minimum(1, _LARGEST / largest)
    return scaled


def batches(case: Case, folder: str = "") -> list[NDArray[np.float32]]:
    """Return batches of the case (N, C, H, W), of at least one batch: of a folder's images, seeded ones without.

    Raises:
        UsageError: the folder has no image, or one that cannot be read.
        UnsupportedError: the case's input is no image that a file could hold.
    """
    wanted = math.ceil(IMAGES / case.batch_size)
    if not folder:
        images = structured_images(input_of(case), wanted * case.batch_size, seed=_SEED)
    else:
        read = [_read(path, input_of(case).tensors[0].shape) for path in files(folder)]
        wanted = max(1, len(read) // case.batch_size)
        images = np.stack([read[index % len(read)] for index in range(wanted * case.batch_size)])
    return list(images.reshape(wanted, case.batch_size, *images.shape[1:]))


def _read(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - torchvision brings it

    if len(shape) != 3 or shape[0] not in _COLOURS:  # noqa: PLR2004 - channels, height, width
        raise UnsupportedError(f"--calibration takes images of 1 or 3 channels, and this model takes {shape}.")
    channels, height, width = shape
    try:
        with Image.open(io.BytesIO(reading.content(path))) as opened:
            image = opened.convert(_COLOURS[channels])
    except Exception as error:  # noqa: BLE001 - each of its formats has exceptions of its own
        said = "it is of no format that is known" if isinstance(error, UnidentifiedImageError) else in_words(error)
        raise UsageError(f"--calibration: '{path}' cannot be read as an image: {said}.") from None
    scale = min(image.width / width, image.height / height) * _CROP
    across, down = width * scale, height * scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    resized = image.resize((width, height), box=(left, top, left + across, top + down))
    values = np.asarray(resized, dtype=np.float32).reshape(height, width, channels) / 255
    spread = (values - _MEAN[:channels]) / _SPREAD[:channels]
    return np.ascontiguousarray(spread.transpose(2, 0, 1), dtype=np.float32)
