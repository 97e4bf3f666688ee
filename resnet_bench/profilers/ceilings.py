"""What the device does at best: products, convolutions and copies that have nothing else to do.

The best of several tries counts, for whatever else runs can only slow them. Products and convolutions are tried in
several sizes, and convolutions in both memory formats, because no one size is the best on every device. A device with a
queue gets enough of it for each timing that it never waits for the host: as one graph, where it can capture one.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.devices import Instruments
from resnet_bench.records import Bandwidth, Precision, Rate
from resnet_bench.specs.arithmetic import arithmetic

MIB = 2**20
_TRIES = 3
_LAUNCHES = 1000
_QUEUE_S, _MOST_QUEUED = 0.01, 1000


# A ResNet's most frequent ones.
_CONVOLUTIONS = ((64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (256, 56, 64, 1), (1024, 14, 256, 1))


class Sizes(NamedTuple):
    """What is tried: sides of square products, images of each convolution, bytes that copies move.

    A convolution is channels in, pixels a side, channels out, kernel.
    """

    sides: tuple[int, ...]
    images: int
    moved: tuple[int, ...]
    convolutions: tuple[tuple[int, int, int, int], ...] = _CONVOLUTIONS


_MOVED = tuple(2**power for power in (18, 20, 22, 24, 26, 28))
_ON_HOST = Sizes((256, 512, 1024, 2048), 4, _MOVED)
_ON_ACCELERATOR = Sizes((*_ON_HOST.sides, 4096, 8192), 128, (*_MOVED, 2**30))


class Found(NamedTuple):
    """Rates by precision, copies by rising size, and the seconds of an operator with nothing to do."""

    rates: tuple[Rate, ...]
    bandwidths: tuple[Bandwidth, ...]
    launch_s: float


def measure(
    device: torch.device,
    measures: Instruments,
    clock: Clock,
    precisions: Sequence[Precision],
    *,
    budget_s: float,
    sizes: Sizes | None = None,
) -> Found:
    """Measure the ceilings of a device.

    Args:
        device: where.
        measures: what measures on it.
        clock: of that device.
        precisions: those of arithmetic; autocast's are not among them.
        budget_s: seconds for each of: products of a precision, convolutions of a precision, all copies.
        sizes: what to try; None for what suits the kind of device.
    """
    sizes = sizes or (_ON_ACCELERATOR if measures.kind.accelerator else _ON_HOST)
    with torch.inference_mode():
        rates = []
        for precision in precisions:
            try:
                measures.set_arithmetic(arithmetic(precision), device)
            except UnsupportedError:
                rates.append(Rate(precision=precision, matmul_flop_per_s=None, convolution_flop_per_s=None))
            else:
                rates.append(_rates(device, measures, sizes, clock, precision, budget_s))
        copies = [_copies(device, measures, size, clock, budget_s / len(sizes.moved)) for size in sizes.moved]
        launch_s = _launch(device, clock)
    return Found(tuple(rates), tuple(copy for copy in copies if copy is not None), launch_s)


def _rates(  # noqa: PLR0917 - what `measure` has at hand
    device: torch.device, measures: Instruments, sizes: Sizes, clock: Clock, precision: Precision, budget_s: float
) -> Rate:
    dtype: torch.dtype = getattr(torch, arithmetic(precision).weights)
    return Rate(
        precision=precision,
        matmul_flop_per_s=_known_rate(_products(device, dtype, sizes.sides), measures, clock, budget_s),
        convolution_flop_per_s=_known_rate(_convolutions(device, dtype, sizes), measures, clock, budget_s),
    )


def _known_rate(trials: Iterator["_Trial"], measures: Instruments, clock: Clock, budget_s: float) -> float | None:
    try:
        return _best_rate(trials, measures, clock, budget_s) or None
    except (RuntimeError, NotImplementedError):
        # torch has no such operator for this device and type: that is the answer.
        return None


class _Trial(NamedTuple):
    work: float
    iterate: Callable[[], object]


def _best_rate(trials: Iterator[_Trial], measures: Instruments, clock: Clock, budget_s: float) -> float:
    """Return the highest work per second of any trial: each a few times, then the winner until the budget is spent.

    What has no room on the device is no trial; 0 where nothing had.
    """
    start = clock.now()
    best, winner = 0.0, None
    for single in _with_room(trials):
        try:
            trial = _queued(single, measures, clock)
            rate = _rate(trial, clock, budget_s)
        except torch.OutOfMemoryError:
            break
        if rate > best:
            best, winner = rate, trial
        if clock.now() - start > budget_s:
            break
    while winner is not None and clock.now() - start < budget_s:
        again = _rate(winner, clock, budget_s)
        best = max(best, again)
        if not math.isfinite(again):
            break
    return best


def _with_room(trials: Iterator[_Trial]) -> Iterator[_Trial]:
    """Yield trials until one has no room."""
    with contextlib.suppress(torch.OutOfMemoryError):
        yield from trials


def _queued(trial: _Trial, measures: Instruments, clock: Clock) -> _Trial:
    """Return a trial as often as a timing needs it on a device with a queue; the host does it once."""
    if not measures.kind.accelerator:
        return trial
    trial.iterate()  # the libraries look for their best algorithm
    single_s = _seconds(trial.iterate, clock)
    count = min(_MOST_QUEUED, max(1, math.ceil(_QUEUE_S / single_s))) if single_s > 0 else 1

    def several() -> None:
        for _ in range(count):
            trial.iterate()

    if not measures.kind.captures_graphs:
        return _Trial(trial.work * count, several)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        several()
    return _Trial(trial.work * count, graph.replay)


def _rate(trial: _Trial, clock: Clock, budget_s: float) -> float:
    seconds = _seconds(trial.iterate, clock)  # also the warm-up of those that are quick enough to repeat
    if seconds < budget_s:
        seconds = min(_seconds(trial.iterate, clock) for _ in range(_TRIES))
    return trial.work / seconds if seconds > 0 else math.inf


def _seconds(iterate: Callable[[], object], clock: Clock) -> float:
    timing = clock.time(iterate, 1)
    return timing.host_s if timing.device_s is None else timing.device_s


def _products(device: torch.device, dtype: torch.dtype, sides: Sequence[int]) -> Iterator[_Trial]:
    """Yield square products by rising size."""
    for side in sides:
        left, right = (_random(device, dtype, side, side) for _ in range(2))
        yield _Trial(2.0 * side**3, _product(left, right))


def _product(left: Tensor, right: Tensor) -> Callable[[], object]:
    """Return a product of two matrices: of numbers of one byte torch has one with scales, and the second transposed."""
    if left.itemsize > 1:
        return lambda: left @ right
    columns, one = right.t().contiguous().t(), torch.ones((), device=left.device)
    if not left.is_floating_point():
        return lambda: torch._int_mm(left, columns)  # noqa: SLF001 - as below
    return lambda: torch._scaled_mm(  # noqa: SLF001 - torch's only such product
        left, columns, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True
    )


def _convolutions(device: torch.device, dtype: torch.dtype, sizes: Sizes) -> Iterator[_Trial]:
    images = sizes.images
    for channels, pixels, outputs, kernel in sizes.convolutions:
        work = 2.0 * images * outputs * pixels**2 * channels * kernel**2
        for memory_format in (torch.contiguous_format, torch.channels_last):
            values = _random(device, dtype, images, channels, pixels, pixels).to(memory_format=memory_format)
            weights = _random(device, dtype, outputs, channels, kernel, kernel).to(memory_format=memory_format)
            yield _Trial(work, _convolution(values, weights, kernel // 2))


def _convolution(values: Tensor, weights: Tensor, padding: int) -> Callable[[], object]:
    return lambda: functional.conv2d(values, weights, padding=padding)


def _copies(device: torch.device, measures: Instruments, moved: int, clock: Clock, budget_s: float) -> Bandwidth | None:
    """Copy half of `moved` bytes: read once, written once. Small copies are timed many at a time.

    None where the device has no room for them.
    """
    try:
        source = torch.ones(moved // 2, dtype=torch.uint8, device=device)
        target = source.clone()  # its pages are there: the first copy would wait for them
    except torch.OutOfMemoryError:
        return None
    count = max(1, 16 * MIB // moved)

    def copy() -> None:
        for _ in range(count):
            target.copy_(source)

    trial = _Trial(float(moved * count), copy)
    return Bandwidth(moved_bytes=moved, byte_per_s=_best_rate(iter((trial,)), measures, clock, budget_s))


def _launch(device: torch.device, clock: Clock) -> float:
    value = torch.zeros(1, device=device)

    def launches() -> None:
        for _ in range(_LAUNCHES):
            value.add_(1)

    launches()
    return min(clock.time(launches, 1).host_s for _ in range(_TRIES)) / _LAUNCHES


def _random(device: torch.device, dtype: torch.dtype, *sizes: int) -> Tensor:
    return torch.randn(sizes, device=device).to(dtype)
