"""How fast one case runs: warm-up, latency by the isolated protocol, throughput by the back-to-back one."""

import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch

from resnet_bench.executors.protocol import TrainingStep
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.interleaving import Interleaving
from resnet_bench.profilers.sampler import iterations_per_sample, sample
from resnet_bench.records import Phases, Protocol, Samples, TimingProtocol, Warmup

_PHASE_ITERATIONS = 5
_MIN_BACK_TO_BACK_SAMPLES = 2


class Throughput(NamedTuple):
    """Both protocols' samples of one workload in this process."""

    isolated: Samples
    back_to_back: Samples


Turns = Callable[[float], Interleaving | None]


def no_turns(_sample_s: float, /) -> None:
    """Let no reference take turns with the samples."""


def measure(
    iterate: Callable[[], object],
    clock: Clock,
    protocol: Protocol,
    *,
    iteration_s: float,
    turns: Turns = no_turns,
) -> Throughput:
    """Sample both protocols.

    Args:
        iterate: one iteration.
        clock: of its device.
        protocol: how long and how often.
        iteration_s: what one warm iteration takes.
        turns: given what a sample takes, how a reference takes turns with the samples; None for no reference.
    """
    together = iterations_per_sample(iteration_s, protocol.sample_min_s)
    isolated = sample(
        iterate,
        clock,
        protocol=TimingProtocol.ISOLATED,
        iterations=1,
        min_samples=protocol.min_samples,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.sampling_budget_s,
        turns=turns(iteration_s),
    )
    back_to_back = sample(
        iterate,
        clock,
        protocol=TimingProtocol.BACK_TO_BACK,
        iterations=together,
        min_samples=_MIN_BACK_TO_BACK_SAMPLES,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.throughput_budget_s,
        turns=turns(iteration_s * together),
    )
    return Throughput(isolated, back_to_back)


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


def typical_iteration_s(warmup: Warmup) -> float:
    """Return the median of the warm-up's last iterations."""
    return statistics.median(warmup.iteration_s[-3:])
