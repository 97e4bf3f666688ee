"""One batch size tried, in this process: does it fit, and how long does an iteration take? Imports torch."""

import os
import resource
from pathlib import Path

from resnet_bench.child.prepare import load, refuse_another_computation
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.wire.answers import Fits
from resnet_bench.wire.messages import FitRequest

_SEED = 0
_STATM = Path("/proc/self/statm")


def fit(request: FitRequest) -> Fits:
    """Run two iterations of the case under the memory limit, and time the second; both do all of their work.

    Raises:
        UnsupportedError: the case cannot run here, or not in its arithmetic.
        Exception: what the model, torch or the allocator raises, want of memory included.
    """
    if request.memory_limit_bytes is not None:
        _limit_address_space(request.memory_limit_bytes)
    loaded = load(request.case, request.model, seed=_SEED, transfer=request.transfer)
    workload, clock = loaded
    memory = MemoryProbe(workload)
    with workload.running():
        first: list[object] = []
        clock.time(lambda: first.append(workload.iterate()), 1)
        refuse_another_computation(first.pop(), request.case)
        loaded.until_it_steps()
        memory.warmed_up()
        iteration_s = clock.time(workload.iterate, 1).host_s
        peaks = memory.measure()
    return Fits(iteration_s=iteration_s, peak_allocated_bytes=peaks.peak_allocated_bytes)


def _limit_address_space(beyond_bytes: int) -> None:
    """Let this process map so much more than it has mapped; where that cannot be asked, it stays unlimited."""
    try:
        mapped = int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + beyond_bytes, hard))
