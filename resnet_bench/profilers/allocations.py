"""Measured memory: what tensors took at their peak, what the allocator held, what the process took.

On CUDA the allocator's own counters, reset after warm-up. On the CPU the allocation events of torch's profiler, in a
pass of its own that is not timed: exact tensor bytes, convolution workspace and reordered weights included.
"""

import os
from collections.abc import Callable

from torch.autograd.profiler import profile

from resnet_bench.profilers import resident
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Memory

# Iterations over which peaks are read before something else takes memory of the device: a second one meets the input
# that the first one copied, and one more is certain.
_BY_ITSELF = 3


class MemoryProbe:
    """Reads the peaks of one workload: `warmed_up` once after warm-up, `measure` once after sampling.

    `beside_bytes` of the host are the process's and not the workload's.
    """

    def __init__(self, workload: Workload, *, beside_bytes: int = 0) -> None:
        self._workload = workload
        self._beside_bytes = beside_bytes
        self._warmup_peak: int | None = None
        self._by_itself: Memory | None = None
        resident.reset_peak()  # the workload is loaded: importing torch and building the model are not the case's peak

    def warmed_up(self) -> None:
        """Keep the peak of warm-up (autotuning tries workspaces) apart from the steady state's."""
        if self._by_itself is not None:
            return
        measures, device = self._workload.instruments, self._workload.device
        self._warmup_peak = measures.peak_allocated_bytes(device)
        measures.reset_peaks(device)

    def by_itself(self, clock: Clock) -> None:
        """Measure now, over a few iterations: the workload is warm, and shares its device from here on."""
        self.warmed_up()
        clock.time(self._workload.iterate, _BY_ITSELF)
        self._by_itself = self.measure()

    def measure(self) -> Memory:
        """Return the peaks in bytes; on the CPU this runs one more iteration under the profiler."""
        if self._by_itself is not None:
            return self._by_itself
        workload, measures, device = self._workload, self._workload.instruments, self._workload.device
        rss = resident.peak_bytes() - self._beside_bytes  # before the profiler's own allocations
        if not measures.kind.accelerator:
            alive = workload.prepared.alive_bytes()
            peak = None if alive is None else alive + peak_allocation_bytes(workload.iterate)
            return Memory(weights_bytes=workload.weights_bytes, peak_allocated_bytes=peak, peak_rss_bytes=rss)
        # A graph's replays never ask the allocator: what they hold is what its capture held.
        peaks = (measures.peak_allocated_bytes(device), workload.prepared.graph_peak_bytes)
        return Memory(
            weights_bytes=workload.weights_bytes,
            peak_allocated_bytes=max((it for it in peaks if it is not None), default=None),
            peak_reserved_bytes=measures.peak_reserved_bytes(device),
            warmup_peak_allocated_bytes=self._warmup_peak,
            peak_rss_bytes=rss,
            device_process_bytes=(measures.processes(device) or {}).get(os.getpid()),
            device_total_bytes=measures.facts(device).memory_bytes,
            **self._beside_the_network(),
        )

    def _beside_the_network(self) -> dict[str, int]:
        """Return the workspace of products, of a captured graph also that of its own stream, and a second input.

        Products are a network's last layer, and the capture's stream has met none before.
        """
        workload = self._workload
        workspace = workload.instruments.workspace_bytes(workload.device)
        if workspace is None:
            return {}
        if workload.prepared.graph_peak_bytes is not None:
            return {"beside_bytes": 2 * workspace, "late_bytes": workspace}
        return {"beside_bytes": workspace + workload.transferred_bytes}


def peak_allocation_bytes(iterate: Callable[[], object]) -> int:
    """Return the highest sum of bytes that one iteration holds on the CPU beyond what was alive before it."""
    # The profiler under torch.profiler: that one loads the compiler, for two seconds in each launch.
    with profile(profile_memory=True) as recorded:
        iterate()
    events = recorded.kineto_results.events()
    allocations = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    held = peak = 0
    for _, change in allocations:
        held += change
        peak = max(peak, held)
    return peak
