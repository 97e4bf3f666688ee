"""How fast one case runs: warm-up, latency by the isolated protocol, throughput by the back-to-back one."""

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from resnet_bench.executors.protocol import TrainingStep
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.company import Company
from resnet_bench.profilers.interleaving import Interleaving
from resnet_bench.profilers.sampler import iterations_per_sample, sample
from resnet_bench.profilers.steady import queue_length, typical_queued_s
from resnet_bench.records import Phases, Protocol, Samples, State, TimingProtocol, Warmup

if TYPE_CHECKING:
    import torch

    from resnet_bench.profilers.gauge import Gauge

_PHASE_ITERATIONS = 5
_MIN_BACK_TO_BACK_SAMPLES = 2


class Pace(NamedTuple):
    """What a warm iteration takes, synchronised by itself and in a queue; without a queue both are the same."""

    isolated_s: float
    queued_s: float


Turns = Callable[[float], Interleaving | None]


def no_turns(_sample_s: float, /) -> None:
    """Let no reference take turns with the samples."""


def isolated(
    iterate: Callable[[], object],
    clock: Clock,
    protocol: Protocol,
    pace: Pace,
    *,
    turns: Turns = no_turns,
    gauge: "Gauge | None" = None,
    company: Company | None = None,
) -> Samples:
    """Sample iterations that are each synchronised.

    Args:
        iterate: one iteration.
        clock: of its device.
        protocol: how long and how often.
        pace: what one warm iteration takes.
        turns: given what a sample takes, how a reference takes turns with the samples; None for no reference.
        gauge: reads the state of a device with a queue; None for the host.
        company: processes that do the same at the same time; None for one that is alone.
    """
    return sample(
        iterate,
        clock,
        protocol=TimingProtocol.ISOLATED,
        iterations=1,
        min_samples=protocol.min_samples,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.sampling_budget_s,
        turns=turns(pace.isolated_s),
        gauge=gauge,
        company=company,
    )


def back_to_back(
    iterate: Callable[[], object],
    clock: Clock,
    protocol: Protocol,
    pace: Pace,
    *,
    turns: Turns = no_turns,
    gauge: "Gauge | None" = None,
    company: Company | None = None,
) -> Samples:
    """Sample iterations that follow one another; see `isolated`. On a device they are queued, three at once or more."""
    if gauge is None:
        together = iterations_per_sample(pace.queued_s, protocol.sample_min_s)
    else:
        together = queue_length(pace.queued_s, protocol.sample_min_s)
    return sample(
        iterate,
        clock,
        protocol=TimingProtocol.BACK_TO_BACK,
        iterations=together,
        min_samples=_MIN_BACK_TO_BACK_SAMPLES,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.throughput_budget_s,
        at_least_s=protocol.throughput_min_s if protocol.state is State.SUSTAINED else 0.0,
        turns=turns(pace.queued_s * together),
        gauge=gauge,
        company=company,
    )


def measure_phases(step: TrainingStep, clock: Clock) -> Phases:
    """Time forward, backward and optimizer step of a few iterations, synchronised between the parts."""
    forward, backward, optimizer = [], [], []
    losses: list[torch.Tensor] = []
    for _ in range(_PHASE_ITERATIONS):
        losses.clear()
        forward.append(clock.time(lambda: losses.append(step.forward()), 1).host_s)
        backward.append(clock.time(lambda: step.backward(losses[0]), 1).host_s)
        optimizer.append(clock.time(step.optimizer, 1).host_s)
    return Phases(forward_s=tuple(forward), backward_s=tuple(backward), optimizer_s=tuple(optimizer))


def pace_of(warmup: Warmup) -> Pace:
    """Return the median of the warm-up's last iterations, and of its last queues where there were any."""
    isolated_s = statistics.median(warmup.iteration_s[-3:])
    return Pace(isolated_s, typical_queued_s(warmup.queued_s) if warmup.queued_s else isolated_s)
