"""Energy from the device's total-energy counter over a window of its own; None where there is no counter."""

import math

from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Energy

# The counter moves every 20 to 100 ms; over two seconds its step is at most a few per cent of the window.
WINDOW_S = 2.0


def measure(workload: Workload, clock: Clock, *, iteration_s: float) -> Energy | None:
    """Run back to back for at least two seconds between two readings of the counter."""
    measures, device = workload.instruments, workload.device
    before = measures.energy_j(device)
    if before is None:
        return None
    iterations = max(1, math.ceil(WINDOW_S / iteration_s))
    window_s = clock.time(workload.iterate, iterations).host_s
    after = measures.energy_j(device)
    if after is None or after <= before:
        return None
    return Energy(energy_j=after - before, window_s=window_s, images=iterations * workload.case.batch_size)
