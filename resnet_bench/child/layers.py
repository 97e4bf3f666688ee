"""Where one case's time goes, layer by layer. Imports torch."""

import datetime as dt
from pathlib import Path

import msgspec

from resnet_bench.child.prepare import load
from resnet_bench.child.profile import slim
from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import table as executors
from resnet_bench.profilers import kernels, layers
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import collect, find
from resnet_bench.profilers.layers import LayerTimes
from resnet_bench.profilers.reference import Reference, beside
from resnet_bench.profilers.timeline import survey
from resnet_bench.profilers.trace import write_trace
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import (
    Layer,
    LayerProfile,
)
from resnet_bench.wire.answers import Dissected
from resnet_bench.wire.messages import LayersRequest


def dissect(request: LayersRequest) -> Dissected:
    """Time the layers of one case, and write its trace where one was asked for.

    Raises:
        DeviceError: its device is not here.
        UnsupportedError: the case cannot run here, or not twice in the same way.
        StoreError: the trace cannot be written.
    """
    case = msgspec.structs.replace(request.case, device=find(request.case.device))
    environment = collect(case.device)
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    executors.load(case.executor).name_kernels()
    static = static_profile(
        request.model,
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=None if case.input else case.image_size,
        input=case.input,
        arguments=case.arguments,
        optimizer=case.optimizer,
    )
    loaded = load(case, request.model, seed=request.protocol.seed, calibration=request.protocol.calibration)
    workload, clock = loaded
    # On an accelerator layers are at the clock that their own case makes; nothing brings those to one speed.
    on_host = not workload.instruments.kind.accelerator
    reference = beside(workload, request.protocol.reference) if on_host else None
    with workload.running(), workload.instruments.session():
        before = workload.instruments.state(workload.device)
        loaded.warm_up(request.protocol, loaded.gauge())
        watch = ContentionWatch(case.device, threads=case.threads)
        parts = _parts(workload, clock, static.layers, reference, budget_s=request.budget_s)
        contention = watch.finish(before, workload.instruments.state(workload.device))
        if request.trace is not None:
            write_trace(workload, Path(request.trace))
    profile = LayerProfile(
        case=case,
        environment=environment.id,
        started_at=started_at,
        timed_by=parts.timed_by,
        iterations=parts.iterations,
        whole_s=parts.whole_s,
        instrumented_s=parts.instrumented_s,
        overhead_s=parts.overhead_s,
        layers=parts.layers,
        not_run=parts.not_run,
        work=slim(static).work,
        disturbances=contention.disturbances,
        samples=parts.samples,
    )
    return Dissected(layers=profile, environment=environment)


def _parts(
    workload: Workload, clock: Clock, static: tuple[Layer, ...], reference: Reference | None, *, budget_s: float
) -> LayerTimes:
    prepared = workload.prepared
    if prepared.modules is not None:
        return layers.measure(workload, prepared.modules, clock, static, budget_s=budget_s, reference=reference)
    plain = prepared.plain()
    if plain is None:
        raise UnsupportedError(f"{workload.case.executor} runs nothing that could be timed by layer.")
    return kernels.measure(workload, clock, survey(*plain), static)
