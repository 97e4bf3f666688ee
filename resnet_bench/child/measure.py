"""One launch of one case, in this process: prepare, warm up, sample, read back. Imports torch."""

import time
from collections.abc import Callable
from functools import partial

from resnet_bench.child.agreement import agreement
from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.launch_warnings import of_int8, warnings
from resnet_bench.child.logits import images_of
from resnet_bench.child.prepare import load, nothing
from resnet_bench.executors.deployed import refuse_otherwise
from resnet_bench.profilers import throughput
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.company import Company
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import collect
from resnet_bench.profilers.energy import Meter
from resnet_bench.profilers.reference import beside
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Compilation, Launch, ReferenceUse, Warmup
from resnet_bench.wire.messages import MeasureRequest


def measure(request: MeasureRequest, company: Company | None = None) -> Launch:
    """Measure one launch, which began with the process; in company samples are taken while all others take theirs.

    Raises:
        UnsupportedError: the case cannot run on this device.
        DisagreesError: it does not compute the network.
        DeviceError: the device is not, or no longer, there.
    """
    case, protocol = request.case, request.protocol
    loaded = load(case, request.model, seed=protocol.seed, transfer=protocol.transfer, calibration=protocol.calibration)
    workload, clock = loaded
    # A reference would slow down with the samples by what the others do, and take that off.
    reference = beside(workload, protocol.reference if company is None else ReferenceUse.OFF)
    memory = MemoryProbe(workload, beside_bytes=reference.host_bytes if reference else 0)
    with workload.running(), workload.instruments.session():
        before = workload.instruments.state(workload.device)
        gauge = loaded.gauge()
        if company is not None:
            company.wait()
        alone = partial(memory.by_itself, clock)
        placed: Callable[[], None] = partial(reference.place, alone) if reference else nothing
        warmup = loaded.warm_up(protocol, gauge, once_stable=placed)
        memory.warmed_up()
        watch = ContentionWatch(case.device, threads=case.threads)
        skipped_before = workload.prepared.skipped_steps()
        pace = throughput.pace_of(warmup)
        turns = reference.turns(clock, iteration_s=pace.isolated_s) if reference else throughput.no_turns
        if gauge is not None:
            gauge.restart()
        isolated = throughput.isolated(
            workload.iterate, clock, protocol, pace, turns=turns, gauge=gauge, company=company
        )
        meter = None if company else Meter(workload, clock, iteration_s=pace.queued_s)  # the counter is the device's
        # Bursts of a reference are no images: what it takes turns with is not metered, but a window of its own.
        if meter is not None and reference is None:
            meter.start()
        further = gauge.further if gauge is not None else 0
        queued = throughput.back_to_back(
            workload.iterate, clock, protocol, pace, turns=turns, gauge=gauge, company=company
        )
        further = gauge.further - further if gauge is not None else 0
        metered = len(queued.elapsed_s) * queued.iterations_per_sample + further
        if meter is not None and reference is not None:
            meter.start()
            metered = 0
        joules = meter.finish(metered) if meter else None
        load_state = gauge.under_load() if gauge is not None else None
        after = workload.instruments.state(workload.device)
        contention = watch.finish(before, after, load_state)
        phases = throughput.measure_phases(workload.step, clock) if workload.step is not None else None
        peaks = memory.measure()
        if reference is not None:
            reference.leave()
        skipped_by_now = workload.prepared.skipped_steps()
    skipped = None if skipped_before is None or skipped_by_now is None else skipped_by_now - skipped_before
    executed = workload.executed()
    if executed.runtime is not None:
        refuse_otherwise(case, executed.runtime)
    sampled = (isolated,) if gauge is None else (isolated, queued)
    compared, unknown = agreement(
        workload,
        request.model,
        seed=protocol.seed,
        images=images_of(request.index),
        calibrated_by=protocol.calibration,
    )
    return Launch(
        case=case,
        index=request.index,
        attempt=request.attempt,
        environment=collect(case.device).id,
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        warmup=warmup,
        isolated=isolated,
        back_to_back=queued,
        phases=phases,
        compilation=_compilation(workload, warmup, pace.isolated_s),
        memory=peaks,
        energy=joules,
        before=before,
        after=after,
        contention=contention,
        executed=executed,
        warnings=(
            *of_int8(case, executed),
            *warnings(sampled, executed, skipped=skipped, threads=case.threads),
            *unknown,
            *(reference.said if reference else ()),
        ),
        agreement=compared,
        load=load_state,
        skipped_steps=skipped,
    )


def _compilation(workload: Workload, warmup: Warmup, iteration_s: float) -> Compilation | None:
    made = workload.prepared.compiled()
    if made is None:
        return None
    return Compilation(
        compile_s=max(0.0, warmup.first_iteration_s - iteration_s), graphs=made.graphs, graph_breaks=made.breaks
    )
