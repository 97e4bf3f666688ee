"""One launch of one case, in this process: prepare, warm up, sample, read back. Imports torch."""

import os
import time

import torch

from resnet_bench.child.prepare import load
from resnet_bench.profilers import energy, throughput
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import collect
from resnet_bench.profilers.settling import settling
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Compilation, Executed, Launch, Samples, Warmup, remarks
from resnet_bench.wire.messages import MeasureRequest


def measure(request: MeasureRequest, *, started: float, started_at: str) -> Launch:
    """Measure one launch; `started` is when the process began, by the clock of `time.perf_counter`.

    Raises:
        UnsupportedError: the case cannot run on this device.
        DeviceError: the device is not, or no longer, there.
    """
    case, protocol = request.case, request.protocol
    loaded = load(case, request.model, seed=protocol.seed, transfer=protocol.transfer)
    workload, clock = loaded
    memory = MemoryProbe(workload)
    with workload.running():
        before = workload.instruments.state(workload.device)
        warmup = loaded.warm_up(min_iterations=protocol.warmup_min_iterations, budget_s=protocol.warmup_budget_s)
        memory.warmed_up()
        watch = ContentionWatch(case.device, threads=case.threads)
        iteration_s = throughput.typical_iteration_s(warmup)
        samples = throughput.measure(workload.iterate, clock, protocol, iteration_s=iteration_s)
        after = workload.instruments.state(workload.device)
        contention = watch.finish(before, after)
        phases = throughput.measure_phases(workload.step, clock) if workload.step is not None else None
        joules = energy.measure(workload, clock, iteration_s=iteration_s)
        peaks = memory.measure()
    return Launch(
        case=case,
        index=request.index,
        attempt=request.attempt,
        environment=collect(case.device).id,
        started_at=started_at,
        duration_s=time.perf_counter() - started,
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
        executed=_executed(workload),
        warnings=_warnings(samples.isolated),
    )


def _warnings(isolated: Samples) -> tuple[str, ...]:
    change = settling(isolated.iteration_s)
    return () if change is None else (remarks.unsettled(change),)


def _compilation(workload: Workload, warmup: Warmup, iteration_s: float) -> Compilation | None:
    if not workload.executor.compiles:
        return None
    from torch._dynamo.utils import counters  # noqa: PLC0415 - only a compiled case has loaded it

    return Compilation(
        compile_s=max(0.0, warmup.first_iteration_s - iteration_s),
        graphs=counters["stats"]["unique_graphs"],
        graph_breaks=sum(counters["graph_break"].values()),
    )


def _executed(workload: Workload) -> Executed:
    """Read back what really ran."""
    autocast, switches = workload.autocast_dtype, workload.instruments.switches()
    return Executed(
        parameter_dtype=_dtype(next(workload.network.parameters()).dtype),
        autocast_dtype=None if autocast is None else _dtype(autocast),
        tf32_matmul=switches.tf32_matmul,
        tf32_convolution=switches.tf32_convolution,
        cudnn_benchmark=switches.cudnn_benchmark,
        deterministic=torch.are_deterministic_algorithms_enabled(),
        threads=torch.get_num_threads(),
        interop_threads=torch.get_num_interop_threads(),
        wait_policy=os.environ.get("OMP_WAIT_POLICY"),
        kmp_blocktime=os.environ.get("KMP_BLOCKTIME"),
        batch_norm_statistics=workload.batch_norm_statistics,
    )


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
