"""One launch of one case, in this process: prepare, warm up, sample, read back. Imports torch."""

import time

from resnet_bench.child.agreement import agreement
from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.prepare import load
from resnet_bench.profilers import energy, throughput
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import collect
from resnet_bench.profilers.reference import beside
from resnet_bench.profilers.settling import settling
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Compilation, Executed, Launch, Samples, Warmup, remarks
from resnet_bench.wire.messages import MeasureRequest

# Two threads that share a core get 1.00 of it, and 1.3 and more where they have their own.
_SHARED_CORE = 1.15


def measure(request: MeasureRequest) -> Launch:
    """Measure one launch, which began with the process.

    Raises:
        UnsupportedError: the case cannot run on this device.
        DisagreesError: it does not compute the network.
        DeviceError: the device is not, or no longer, there.
    """
    case, protocol = request.case, request.protocol
    loaded = load(case, request.model, seed=protocol.seed, transfer=protocol.transfer)
    workload, clock = loaded
    reference = beside(workload, protocol.reference)
    memory = MemoryProbe(workload, beside_bytes=reference.held_bytes if reference else 0)
    with workload.running():
        before = workload.instruments.state(workload.device)
        warmup = loaded.warm_up(min_iterations=protocol.warmup_min_iterations, budget_s=protocol.warmup_budget_s)
        memory.warmed_up()
        watch = ContentionWatch(case.device, threads=case.threads)
        iteration_s = throughput.typical_iteration_s(warmup)
        turns = reference.turns(clock, iteration_s=iteration_s) if reference else throughput.no_turns
        samples = throughput.measure(workload.iterate, clock, protocol, iteration_s=iteration_s, turns=turns)
        after = workload.instruments.state(workload.device)
        contention = watch.finish(before, after)
        phases = throughput.measure_phases(workload.step, clock) if workload.step is not None else None
        joules = energy.measure(workload, clock, iteration_s=iteration_s)
        peaks = memory.measure()
    executed = workload.executed()
    compared, unknown = agreement(workload, request.model, seed=protocol.seed)
    return Launch(
        case=case,
        index=request.index,
        attempt=request.attempt,
        environment=collect(case.device).id,
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        warmup=warmup,
        isolated=samples.isolated,
        back_to_back=samples.back_to_back,
        phases=phases,
        compilation=_compilation(workload, warmup, iteration_s),
        memory=peaks,
        energy=joules,
        before=before,
        after=after,
        contention=contention,
        executed=executed,
        warnings=(*_warnings(samples.isolated, executed, threads=case.threads), *unknown),
        agreement=compared,
    )


def _warnings(isolated: Samples, executed: Executed, *, threads: int) -> tuple[str, ...]:
    change = settling(isolated.iteration_s)
    said = [] if change is None else [remarks.unsettled(change)]
    if isolated.cpu_s is not None and threads > 1:
        cores = sum(isolated.cpu_s) / sum(isolated.elapsed_s)
        said += [remarks.shared_core(threads, cores)] if cores < _SHARED_CORE else []
    said += remarks.switches(
        deterministic=executed.deterministic,
        cudnn_deterministic=executed.cudnn_deterministic,
        cudnn_benchmark=executed.cudnn_benchmark,
    )
    return tuple(said)


def _compilation(workload: Workload, warmup: Warmup, iteration_s: float) -> Compilation | None:
    made = workload.prepared.compiled()
    if made is None:
        return None
    return Compilation(
        compile_s=max(0.0, warmup.first_iteration_s - iteration_s), graphs=made.graphs, graph_breaks=made.breaks
    )
