"""Warm up until stable, sample until the median is known well enough, and stop for a reason that is recorded.

Knows nothing of models or devices: it gets something to iterate and a `Clock`. Samples keep their time order.
"""

import bisect
import gc
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from resnet_bench.profilers.clock import Clock, Timing
from resnet_bench.profilers.company import Company, JointSeries
from resnet_bench.profilers.interleaving import LEAST_BURSTS, Bursts, Interleaving
from resnet_bench.records import Moments, ReferenceSamples, Samples, StopReason, TimingProtocol, Warmup

if TYPE_CHECKING:
    from resnet_bench.profilers.gauge import Gauge

CONFIDENCE = 0.99
EXACT_UP_TO = 100
_NEVER = -math.inf  # no interval is as narrow
STABLE_WINDOW = 3
STABLE_TOLERANCE = 0.05


def no_skips() -> int:
    """Skip nothing: every iteration does all of its work."""
    return 0


def warm_up(
    iterate: Callable[[], object],
    clock: Clock,
    *,
    min_iterations: int,
    budget_s: float,
    until_complete: Callable[[], int] = no_skips,
) -> Warmup:
    """Iterate until two successive windows of iterations agree within 5 %, or the budget is spent.

    The first iteration (allocation, autotuning, compilation) stands apart and does not count towards the budget.

    Args:
        iterate: one iteration.
        clock: of its device.
        min_iterations: iterations after the first one, at least.
        budget_s: seconds of them.
        until_complete: iterates after the first one until an iteration does all of its work; returns how many did not.
    """
    first = clock.time(iterate, 1).host_s
    skipped = until_complete()
    start = clock.now()
    taken: list[float] = []
    while True:
        taken.append(clock.time(iterate, 1).host_s)
        if len(taken) < min_iterations:
            continue
        if _is_stable(taken):
            stopped_by = StopReason.STABLE
            break
        if clock.now() - start >= budget_s:
            stopped_by = StopReason.BUDGET
            break
    return Warmup(first_iteration_s=first, iteration_s=tuple(taken), stopped_by=stopped_by, skipped_steps=skipped)


def iterations_per_sample(iteration_s: float, sample_min_s: float) -> int:
    """Return how many iterations make a sample last at least `sample_min_s`, given what one lasts."""
    if iteration_s <= 0:
        return 1
    return max(1, math.ceil(sample_min_s / iteration_s))


def sample(
    iterate: Callable[[], object],
    clock: Clock,
    *,
    protocol: TimingProtocol,
    iterations: int,
    min_samples: int,
    max_samples: int,
    target_interval: float,
    budget_s: float,
    at_least_s: float = 0.0,
    turns: Interleaving | None = None,
    gauge: "Gauge | None" = None,
    company: Company | None = None,
) -> Samples:
    """Take samples of `iterations` iterations each until the median is known, or the budget is spent.

    The median is known when the half-width of its distribution-free 99 % interval is at most `target_interval` of it,
    and a reference that takes turns with the samples had eight bursts. Never fewer than `min_samples`, never more than
    `max_samples`, never before `at_least_s`. A gauge reads the device's state on the way. In company the first sample
    waits until all are at work, and the work goes on until all have their samples.
    """
    timed = clock.time if gauge is None else gauge.timed
    timings: list[Timing] = []
    ordered: list[float] = []
    bursts = None if turns is None else Bursts(turns, clock)
    with without_garbage_collection():
        together = None if company is None else JointSeries(company, lambda: timed(iterate, iterations))
        start = clock.now()
        while True:
            if bursts is not None:
                bursts.before_sample(len(timings), iterate)
            if together is not None:
                together.sample()
            timing = timed(iterate, iterations)
            timings.append(timing)
            bisect.insort(ordered, timing.host_s)
            stopped_by = _reason_to_stop(
                ordered,
                elapsed_s=clock.now() - start,
                min_samples=min_samples,
                max_samples=max_samples,
                target_interval=target_interval if bursts is None or len(bursts) >= LEAST_BURSTS else _NEVER,
                budget_s=budget_s,
                at_least_s=at_least_s,
            )
            if stopped_by is not None:
                break
        finished = None if bursts is None else bursts.finish(len(timings))
        moments = None if together is None else together.finish()
    return samples_of(
        timings, finished, protocol=protocol, iterations=iterations, stopped_by=stopped_by, moments=moments
    )


def samples_of(
    timings: Sequence[Timing],
    reference: ReferenceSamples | None,
    *,
    protocol: TimingProtocol,
    iterations: int,
    stopped_by: StopReason,
    moments: Moments | None = None,
) -> Samples:
    """Return the record of timings of `iterations` iterations each, in time order, with what took turns with them."""
    device_s = tuple(timing.device_s for timing in timings if timing.device_s is not None)
    cpu_s = tuple(timing.cpu_s for timing in timings if timing.cpu_s is not None)
    faults = [timing.page_faults for timing in timings if timing.page_faults is not None]
    return Samples(
        protocol=protocol,
        iterations_per_sample=iterations,
        elapsed_s=tuple(timing.host_s for timing in timings),
        device_elapsed_s=device_s if len(device_s) == len(timings) else None,
        cpu_s=cpu_s if len(cpu_s) == len(timings) else None,
        page_faults=sum(faults) if len(faults) == len(timings) else None,
        moments=moments,
        reference=reference,
        stopped_by=stopped_by,
    )


@cache
def median_ranks(count: int, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Return the 0-based ranks of the order statistics that bound the median with at least `confidence`.

    Distribution-free: the number of values below the median is binomial(n, 1/2) (Conover, Practical
    Nonparametric Statistics, section 3.2); exact up to 100 values, by its normal approximation rounded
    outwards above. None where `count` is too small for any such interval.
    """
    tail = (1 - confidence) / 2
    if count > EXACT_UP_TO:
        z = statistics.NormalDist().inv_cdf(1 - tail)
        below_median = math.floor((count - z * math.sqrt(count)) / 2) - 1
        return below_median, count - 1 - below_median
    cumulative, low = 0.0, -1
    for below in range(count // 2):
        cumulative += math.comb(count, below) / 2**count
        if cumulative > tail:
            break
        low = below
    return None if low < 0 else (low, count - 1 - low)


def _reason_to_stop(
    ordered: list[float],
    *,
    elapsed_s: float,
    min_samples: int,
    max_samples: int,
    target_interval: float,
    budget_s: float,
    at_least_s: float,
) -> StopReason | None:
    count = len(ordered)
    if count < min_samples or elapsed_s < at_least_s:
        return None
    if _relative_half_width(ordered) <= target_interval:
        return StopReason.INTERVAL
    if count >= max_samples:
        return StopReason.MAXIMUM
    if elapsed_s >= budget_s:
        return StopReason.BUDGET
    return None


def _relative_half_width(ordered: list[float]) -> float:
    ranks = median_ranks(len(ordered))
    median = ordered[len(ordered) // 2]
    if ranks is None or median <= 0:
        return math.inf
    low, high = ranks
    return (ordered[high] - ordered[low]) / 2 / median


def _is_stable(taken: list[float]) -> bool:
    if len(taken) < 2 * STABLE_WINDOW:
        return False
    earlier = statistics.median(taken[-2 * STABLE_WINDOW : -STABLE_WINDOW])
    latest = statistics.median(taken[-STABLE_WINDOW:])
    return abs(latest - earlier) <= STABLE_TOLERANCE * earlier


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep the collector out of the samples, as `timeit` does; its pauses are Python's, not the model's."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
