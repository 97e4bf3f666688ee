"""In the child: where one case's time goes, and what its device can do at best. Imports torch."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import torch

from resnet_bench.machine import environment
from resnet_bench.profilers import ceilings as device_ceilings
from resnet_bench.profilers import clock as clocks
from resnet_bench.profilers import kernels, layers, throughput
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.layers import Parts
from resnet_bench.profilers.timeline import survey
from resnet_bench.profilers.trace import write_trace
from resnet_bench.profilers.workload import Workload, make_current
from resnet_bench.records import (
    Bandwidth,
    Ceilings,
    Contention,
    Executor,
    Layer,
    LayerProfile,
    Rate,
)
from resnet_bench.wire.messages import CeilingsRequest, LayersRequest


def dissect(request: LayersRequest) -> LayerProfile:
    """Time the layers of one case, and write its trace where one was asked for.

    Raises:
        UnsupportedError: the case cannot run here, or not twice in the same way.
        StoreError: the trace cannot be written.
    """
    case = request.case
    started_at = _now()
    torch.set_num_threads(case.threads)
    if case.executor is not Executor.EAGER:
        kernels.name_kernels()
    static = static_profile(
        request.model,
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=case.image_size,
    )
    workload = Workload(case, request.model, seed=request.protocol.seed)
    clock = clocks.for_device(workload.device)
    with workload.running():
        before = environment.device_state(case.device)
        throughput.first_iterations(workload, clock, request.protocol)
        watch = ContentionWatch(case.device, threads=case.threads)
        parts = _parts(workload, clock, static.layers, budget_s=request.budget_s)
        contention = watch.finish(before, environment.device_state(case.device))
        if request.trace is not None:
            write_trace(workload, Path(request.trace))
    return LayerProfile(
        case=case,
        environment=environment.collect(case.device).id,
        started_at=started_at,
        timed_by=parts.timed_by,
        iterations=parts.iterations,
        whole_s=parts.whole_s,
        instrumented_s=parts.instrumented_s,
        overhead_s=parts.overhead_s,
        layers=parts.layers,
        not_run=parts.not_run,
        disturbances=contention.disturbances,
    )


def _parts(workload: Workload, clock: Clock, static: tuple[Layer, ...], *, budget_s: float) -> Parts:
    if workload.case.executor is Executor.EAGER:
        return layers.measure(workload, clock, static, budget_s=budget_s)
    with torch.inference_mode():
        calls = survey(workload.network, workload.forward_uncompiled)
    return kernels.measure(workload, clock, calls, static)


def ceilings(request: CeilingsRequest) -> Ceilings:
    """Measure a device's ceilings, again while the machine was disturbed; the best of all attempts counts.

    Raises:
        DeviceError: the device is not here.
    """
    target = environment.find_device(request.device)
    device = str(target)
    make_current(target)
    torch.set_num_threads(request.threads)
    clock = clocks.for_device(target)
    attempts: list[device_ceilings.Found] = []
    while True:
        before = environment.device_state(device)
        watch = ContentionWatch(device, threads=request.threads)
        attempts.append(device_ceilings.measure(target, clock, request.precisions, budget_s=request.budget_s))
        contention: Contention = watch.finish(before, environment.device_state(device))
        if not contention.disturbances or len(attempts) >= request.attempts:
            break
    return Ceilings(
        environment=environment.collect(device).id,
        device=device,
        threads=request.threads,
        measured_at=_now(),
        rates=tuple(_best_rate(rates) for rates in zip(*(each.rates for each in attempts), strict=True)),
        bandwidths=tuple(_best_copy(copies) for copies in zip(*(each.bandwidths for each in attempts), strict=True)),
        launch_s=min(each.launch_s for each in attempts),
        attempts=len(attempts),
        disturbances=contention.disturbances,
    )


def _best_rate(rates: tuple[Rate, ...]) -> Rate:
    return Rate(
        precision=rates[0].precision,
        matmul_flop_per_s=_best(rate.matmul_flop_per_s for rate in rates),
        convolution_flop_per_s=_best(rate.convolution_flop_per_s for rate in rates),
    )


def _best(rates: Iterable[float | None]) -> float | None:
    return max((rate for rate in rates if rate is not None), default=None)


def _best_copy(copies: tuple[Bandwidth, ...]) -> Bandwidth:
    return max(copies, key=lambda copy: copy.byte_per_s)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
