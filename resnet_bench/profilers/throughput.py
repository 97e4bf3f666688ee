"""How fast one case runs: warm-up, latency by the isolated protocol, throughput by the back-to-back one."""

import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch

from resnet_bench.executors.protocol import TrainingStep
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.sampler import iterations_per_sample, sample
from resnet_bench.records import Phases, Protocol, Samples, TimingProtocol, Warmup

_PHASE_ITERATIONS = 5
_MIN_BACK_TO_BACK_SAMPLES = 2


class Throughput(NamedTuple):
    """Both protocols' samples of one workload in this process."""

    isolated: Samples
    back_to_back: Samples


def measure(iterate: Callable[[], object], clock: Clock, protocol: Protocol, *, iteration_s: float) -> Throughput:
    """Sample both protocols; `iteration_s` is what one warm iteration takes."""
    isolated = sample(
        iterate,
        clock,
        protocol=TimingProtocol.ISOLATED,
        iterations=1,
        min_samples=protocol.min_samples,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.sampling_budget_s,
    )
    back_to_back = sample(
        iterate,
        clock,
        protocol=TimingProtocol.BACK_TO_BACK,
        iterations=iterations_per_sample(iteration_s, protocol.sample_min_s),
        min_samples=_MIN_BACK_TO_BACK_SAMPLES,
        max_samples=protocol.max_samples,
        target_interval=protocol.target_interval,
        budget_s=protocol.throughput_budget_s,
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
