"""Launches and skips; what they say in words is made by the product's own makers of sentences."""

import signal
import statistics
from collections.abc import Sequence

import msgspec

from resnet_bench.errors import DisagreesError
from resnet_bench.records import (
    Case,
    Contention,
    Copy,
    DeviceState,
    Executed,
    Launch,
    Memory,
    ReferenceSamples,
    Samples,
    Skip,
    SkipReason,
    StopReason,
    TimingProtocol,
    Warmup,
    remarks,
)
from resnet_bench.runner.launchers.process import Ended
from resnet_bench.runner.launchers.variables import WAIT_POLICY
from tests.make.cases import CASE

EXECUTED = Executed(
    parameter_dtype="float32",
    autocast_dtype=None,
    tf32_matmul=False,
    tf32_convolution=False,
    cudnn_benchmark=False,
    deterministic=False,
    threads=1,
    interop_threads=1,
    wait_policy=WAIT_POLICY,
    batch_norm_statistics=remarks.batch_norm_statistics(2),
)


def samples(protocol: TimingProtocol, elapsed_s: Sequence[float], **changes) -> Samples:
    fields = dict(iterations_per_sample=1, stopped_by=StopReason.INTERVAL)
    return Samples(protocol=protocol, elapsed_s=tuple(elapsed_s), **fields | changes)


def launch(
    latency_s: Sequence[float],
    *,
    index: int = 0,
    of: Case = CASE,
    environment: str = "e1",
    throughput_images_per_s: Sequence[float] | None = None,
    **changes,
) -> Launch:
    """Return a launch of these latencies; its other fields are those of a quiet CPU unless `changes` names them."""
    queued = latency_s if throughput_images_per_s is None else [of.batch_size / v for v in throughput_images_per_s]
    fields = dict(
        case=of,
        index=index,
        environment=environment,
        started_at="2026-01-01T00:00:00Z",
        duration_s=3.0,
        warmup=Warmup(first_iteration_s=0.1, iteration_s=(0.02,), stopped_by=StopReason.STABLE),
        isolated=samples(TimingProtocol.ISOLATED, latency_s),
        back_to_back=samples(TimingProtocol.BACK_TO_BACK, queued),
        memory=Memory(peak_rss_bytes=400 * 2**20),
        compilation=None,
        energy=None,
        before=DeviceState(),
        after=DeviceState(),
        contention=Contention(),
        executed=EXECUTED,
    )
    return Launch(**fields | changes)


def in_company(latencies_s: Sequence[Sequence[float]], *, of: Case = CASE, outside: int = 0, **changes) -> Launch:
    """Return a launch of as many copies as there are series of latencies, each on a core of its own.

    Their iterations back to back last as long as isolated ones.
    """
    each = [launch(it, of=of) for it in latencies_s]
    copies = tuple(
        Copy(
            cores=(core,),
            warmup=it.warmup,
            isolated=it.isolated,
            back_to_back=it.back_to_back,
            memory=it.memory,
            outside=outside,
        )
        for core, it in enumerate(each)
    )
    slowest = max(latencies_s, key=statistics.median)
    memory = Memory(peak_rss_bytes=sum(it.memory.peak_rss_bytes for it in each))
    return launch(slowest, of=of, **dict(copies=copies, memory=memory) | changes)


def reference(pass_s: float, count: int, *, version: str = "cpu-1", passes: int = 1) -> ReferenceSamples:
    """Return a burst before and one after so many samples."""
    return ReferenceSamples(version=version, passes=passes, taken=(0, count), elapsed_s=(pass_s, pass_s))


def beside_reference(made: Launch, pass_s: float, *, version: str = "cpu-1", passes: int = 1) -> Launch:
    """Return the launch as if each pass of the reference had taken so long, before and after all of its samples."""

    def both(of: Samples) -> Samples:
        beside = reference(pass_s, len(of.elapsed_s), version=version, passes=passes)
        return msgspec.structs.replace(of, reference=beside)

    return msgspec.structs.replace(made, isolated=both(made.isolated), back_to_back=both(made.back_to_back))


class OutOfMemoryError(RuntimeError):
    """Torch's own, by name."""


# The words after the class are torch's and the system's.
DETAILS = {
    SkipReason.OUT_OF_MEMORY: remarks.raised(
        OutOfMemoryError("CUDA out of memory. Tried to allocate 3.06 GiB (GPU 0; 24.00 GiB total)")
    ),
    SkipReason.UNSUPPORTED: remarks.raised(NotImplementedError("\"slow_conv2d_cpu\" not implemented for 'Half'")),
    SkipReason.DISAGREES: remarks.raised(
        DisagreesError("cuda_graph in fp32: the output is not finite, eager float32's is.")
    ),
    SkipReason.INTERRUPTED: remarks.STOPPED,
    SkipReason.TIMEOUT: remarks.not_finished(600),
    SkipReason.CRASHED: Ended(returncode=-signal.SIGSEGV, answer=b"", errors="").cause,
}


def skip(of: Case = CASE, reason: SkipReason = SkipReason.OUT_OF_MEMORY, **changes) -> Skip:
    return Skip(**dict(case=of, index=0, reason=reason, detail=DETAILS[reason]) | changes)
