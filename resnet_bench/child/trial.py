"""One batch size tried, in this process: does it fit, and how long does an iteration take? Imports torch."""

import os
import resource
from pathlib import Path

import torch

from resnet_bench.profilers import clock as clocks
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.workload import Workload
from resnet_bench.wire.messages import TrialRequest, Tried

_TRIAL_SEED = 0
_STATM = Path("/proc/self/statm")


def attempt(request: TrialRequest) -> Tried:
    """Run two iterations of the case under the memory limit, and time the second.

    Raises:
        Exception: what the model, torch or the allocator raises, want of memory included.
    """
    torch.set_num_threads(request.case.threads)
    if request.memory_limit_bytes is not None:
        _limit_address_space(request.memory_limit_bytes)
    workload = Workload(request.case, request.model, seed=_TRIAL_SEED, transfer=request.transfer)
    clock = clocks.for_device(workload.device)
    memory = MemoryProbe(workload)
    with workload.running():
        clock.time(workload.iterate, 1)
        memory.warmed_up()
        iteration_s = clock.time(workload.iterate, 1).host_s
        peaks = memory.measure()
    return Tried(iteration_s=iteration_s, peak_allocated_bytes=peaks.peak_allocated_bytes)


def _limit_address_space(beyond_bytes: int) -> None:
    """Let this process map so much more than it has mapped; where that cannot be asked, it stays unlimited."""
    try:
        mapped = int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + beyond_bytes, hard))
