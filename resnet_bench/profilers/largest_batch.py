"""The largest batch size whose predicted memory fits."""

from collections.abc import Callable

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.profilers.complexity import memory_of_module
from resnet_bench.profilers.without_data import build, untouched
from resnet_bench.records import Mode, Optimizer, Precision
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE, Spec


def largest_batch(
    model: str | Spec,
    *,
    memory_bytes: int,
    mode: Mode,
    precision: Precision,
    image_size: int | None = None,
    optimizer: Optimizer = Optimizer.MOMENTUM,
) -> int:
    """Return the largest batch size whose predicted peak fits in `memory_bytes`; 0 where not even one image fits.

    Convolution workspace and the runtime's own memory are not in the prediction: leave room for them.

    Raises:
        ModelError: the model or its input is wrong.
    """
    peak = _peak_of(model, mode=mode, precision=precision, image_size=image_size, optimizer=optimizer)
    fits, beyond = 1, 2
    while peak(beyond) <= memory_bytes:
        fits, beyond = beyond, 2 * beyond
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        fits, beyond = (middle, beyond) if peak(middle) <= memory_bytes else (fits, middle)
    return fits if fits > 1 or _takes_one_image(peak, memory_bytes) else 0


def _takes_one_image(peak: Callable[[int], int], memory_bytes: int) -> bool:
    """A single image can also be refused: batch norm cannot train on one value per channel."""
    try:
        return peak(1) <= memory_bytes
    except ModelError:
        return False


def _peak_of(
    model: str | Spec, *, mode: Mode, precision: Precision, image_size: int | None, optimizer: Optimizer
) -> Callable[[int], int]:
    if isinstance(model, str) and specs.is_external(model):
        with untouched():
            module = build(model)
        size = EXTERNAL_IMAGE_SIZE if image_size is None else image_size
        return lambda batch_size: (
            memory_of_module(
                module,
                name=model,
                mode=mode,
                precision=precision,
                batch_size=batch_size,
                image_size=size,
                optimizer=optimizer,
            ).peak_bytes
        )
    spec = specs.find(model) if isinstance(model, str) else specs.check_architecture(model)
    pixels = specs.check_image_size(spec, spec.image_size if image_size is None else image_size)

    def peak(batch_size: int) -> int:
        if mode is Mode.TRAINING:
            specs.check_trainable(spec, batch_size=batch_size, image_size=pixels)
        return specs.predicted_memory(
            spec, mode=mode, precision=precision, batch_size=batch_size, image_size=pixels, optimizer=optimizer
        ).peak_bytes

    return peak
