"""What else used the machine while a launch sampled."""

import os
import time

import psutil

from resnet_bench.machine.environment import logical_cores
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import Contention, DeviceState, remarks


class ContentionWatch:
    """Counts CPU time from its creation to `finish`: the machine's, less this process's own."""

    def __init__(self, device: str, *, threads: int) -> None:
        self._device = device
        self._threads = threads
        self._start = (time.monotonic(), _busy_s(), _own_s())

    def finish(self, before: DeviceState, after: DeviceState) -> Contention:
        """Return what the others used since the start, and say in words what was too much."""
        elapsed = time.monotonic() - self._start[0]
        own = _own_s() - self._start[2]
        others = max(0.0, _busy_s() - self._start[1] - own)
        cores = logical_cores()
        share = min(1.0, others / (elapsed * cores)) if elapsed > 0 else None
        measures = instruments(self._device)
        processes = measures.processes(measures.device(self._device))
        # One is ours, whatever number it has outside of our container.
        foreign = None if processes is None else max(0, len(processes) - 1)
        disturbances = remarks.disturbances(
            other_cpu_share=share,
            cores=cores,
            threads=self._threads,
            foreign_gpu_processes=foreign,
            throttle_reasons=(*before.throttle_reasons, *after.throttle_reasons),
        )
        return Contention(other_cpu_share=share, foreign_gpu_processes=foreign, disturbances=disturbances)


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0) + getattr(times, "irq", 0.0))


def _own_s() -> float:
    own = os.times()
    return own.user + own.system
