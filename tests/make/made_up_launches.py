"""Launches of made-up runs."""

import math
from collections.abc import Sequence
from random import Random

from resnet_bench.machine import nvml
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import (
    Case,
    Compilation,
    Contention,
    DeviceState,
    Energy,
    Executed,
    Launch,
    Memory,
    Samples,
    StopReason,
    TimingProtocol,
    Warmup,
    remarks,
)
from resnet_bench.specs.arithmetic import arithmetic
from tests.make.cases import change
from tests.make.device import CORES, compiles, is_gpu, iteration_s, predicted_memory
from tests.make.launches import EXECUTED, launch, samples
from tests.make.spec import Spec


def made_up_launch(spec: Spec, random: Random, case: Case, index: int) -> Launch:
    base = iteration_s(case, speed=spec.speed) * math.exp(random.gauss(0, spec.noise))
    # In a troubled run one case in seven is noisy.
    noisy = spec.troubles and sum(case.key.encode()) % 7 == 0
    if noisy:
        base *= math.exp(random.gauss(0, 0.06))
    spread = spec.noise * (8 if noisy else 1)
    isolated = [_sample(random, base * 1.04, spread) for _ in range(spec.samples)]
    queued = [_sample(random, base, spread / 2) for _ in range(max(3, spec.samples // 4))]
    gpu = is_gpu(case.device)
    memory = _memory(spec, random, case)
    state = _state(random, gpu=gpu, throttled=noisy)
    compile_s = 21.5 + random.random() if compiles(case) else None
    return launch(
        isolated,
        of=case,
        index=index,
        environment=spec.where(case.machine),
        started_at=f"2026-11-01T12:{index:02d}:00+00:00",
        duration_s=base * spec.samples * 2 + 1.5,
        warmup=Warmup(
            first_iteration_s=base * 4,
            iteration_s=tuple(base * (1 + 0.5**i) for i in range(6)),
            stopped_by=StopReason.STABLE,
        ),
        back_to_back=_queued(queued),
        compilation=None if compile_s is None else Compilation(compile_s=compile_s, graphs=1, graph_breaks=0),
        memory=memory,
        energy=Energy(energy_j=base * 50 * 300, window_s=base * 50, images=50 * case.batch_size) if gpu else None,
        before=state,
        after=state,
        contention=_contention(case, state, busy=noisy),
        executed=_executed(case),
        warnings=(remarks.unsettled(0.042),) if noisy else (),
    )


def _queued(values: Sequence[float]) -> Samples:
    return samples(
        TimingProtocol.BACK_TO_BACK,
        [value * 4 for value in values],
        iterations_per_sample=4,
        stopped_by=StopReason.BUDGET,
    )


def _memory(spec: Spec, random: Random, case: Case) -> Memory:
    needed, gpu = predicted_memory(case), is_gpu(case.device)
    return Memory(
        weights_bytes=needed.weights_bytes,
        peak_allocated_bytes=round(needed.peak_bytes * 1.03) if gpu else None,
        peak_reserved_bytes=round(needed.peak_bytes * 1.15) if gpu else None,
        peak_rss_bytes=round(needed.peak_bytes * 1.1 + 320 * 2**20 + random.random() * 2**20),
        device_total_bytes=spec.memory_limit,
    )


def _state(random: Random, *, gpu: bool, throttled: bool) -> DeviceState:
    return DeviceState(
        load_average=round(0.8 + random.random(), 2),
        sm_clock_hz=1.98e9 if gpu else None,
        memory_clock_hz=2.6e9 if gpu else None,
        temperature_c=round(45 + 10 * random.random(), 1) if gpu else None,
        power_w=round(280 + 40 * random.random(), 1) if gpu else None,
        throttle_reasons=tuple(nvml.THROTTLES)[:1] if throttled and gpu else (),
    )


def _contention(case: Case, state: DeviceState, *, busy: bool) -> Contention:
    seen = dict(other_cpu_share=0.62 if busy else 0.01, foreign_gpu_processes=0 if is_gpu(case.device) else None)
    needed = case.threads + kind_of(case.device).host_cores
    said = remarks.disturbances(**seen, cores=CORES, needed_cores=needed, throttle_reasons=state.throttle_reasons)
    return Contention(**seen, disturbances=said)


def _sample(random: Random, base: float, spread: float) -> float:
    value = base * math.exp(abs(random.gauss(0, spread)))
    return value * 1.15 if random.random() < 0.02 else value


def _executed(case: Case) -> Executed:
    gpu, computes = is_gpu(case.device), arithmetic(case.precision)
    return change(
        EXECUTED,
        autocast_dtype=computes.computes if computes.autocast else None,
        tf32_matmul=False if gpu else None,
        tf32_convolution=False if gpu else None,
        cudnn_benchmark=True if gpu else None,
        threads=case.threads,
    )
