"""The largest batch size whose predicted memory fits."""

from collections.abc import Callable

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.profilers.complexity import memory_of_module
from resnet_bench.profilers.subject import StaticSubject
from resnet_bench.profilers.without_data import untouched
from resnet_bench.records import Mode, Optimizer, Precision, Update
from resnet_bench.specs import Spec


def largest_batch(
    model: str | Spec,
    *,
    memory_bytes: int,
    mode: Mode,
    precision: Precision | None = None,
    image_size: int | None = None,
    input: str = "",  # noqa: A002 - the axis' name
    arguments: str = "",
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
) -> int:
    """Return the largest batch size whose predicted peak fits in `memory_bytes`; 0 where not even one image fits.

    Convolution workspace and the runtime's own memory are not in the prediction: leave room for them.

    Raises:
        ModelError: the model or its input is wrong.
        UnsupportedError: the model cannot be trained, or not in this precision.
    """
    subject = StaticSubject.of(model, image_size=image_size, input=input, arguments=arguments)
    peak = _peak_of(subject, mode=mode, precision=precision, optimizer=optimizer, update=update)
    fits, beyond = 1, 2
    while peak(beyond) <= memory_bytes:
        fits, beyond = beyond, 2 * beyond
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        fits, beyond = (middle, beyond) if peak(middle) <= memory_bytes else (fits, middle)
    return fits if fits > 1 or _takes_one_image(peak, memory_bytes) else 0


def _takes_one_image(peak: Callable[[int], int], memory_bytes: int) -> bool:
    """A single image can also be refused: a norm needs more than one value."""
    try:
        return peak(1) <= memory_bytes
    except ModelError:
        return False


def _peak_of(
    subject: StaticSubject, *, mode: Mode, precision: Precision | None, optimizer: Optimizer, update: Update
) -> Callable[[int], int]:
    if not subject.has_closed_form:
        from resnet_bench.models.refusals import own_precision  # noqa: PLC0415 - torch only where it is needed

        with untouched():
            module = subject.build()
        own = own_precision(module, subject.name, precision)
        return lambda batch_size: (
            memory_of_module(
                module,
                name=subject.name,
                mode=mode,
                precision=own,
                batch_size=batch_size,
                inputs=subject.input,
                optimizer=optimizer,
                update=update,
            ).peak_bytes
        )
    spec, single = subject.spec, precision or Precision.FP32
    pixels = specs.check_image_size(spec, subject.input.image_size)

    def peak(batch_size: int) -> int:
        specs.check_norms(spec, mode=mode, batch_size=batch_size, image_size=pixels)
        return specs.predicted_memory(
            spec,
            mode=mode,
            precision=single,
            batch_size=batch_size,
            image_size=pixels,
            optimizer=optimizer,
            update=update,
        ).peak_bytes

    return peak
