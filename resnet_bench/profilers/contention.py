"""What else used the machine while a launch sampled. torch is asked of accelerators alone."""

import os
import time
from collections.abc import Callable, Collection

import psutil

from resnet_bench.machine.devices import DeviceKind, kind_of
from resnet_bench.machine.environment import logical_cores
from resnet_bench.machine.nvml import POWER_CAP
from resnet_bench.records import Contention, DeviceState, UnderLoad, remarks


class CpuWatch:
    """Counts the machine's CPU time from its creation, less that of the processes that are measured.

    `own_s` says how much they have used so far: this process, where nothing else is said.
    """

    def __init__(self, own_s: Callable[[], float] | None = None) -> None:
        self._own_s = own_s or used_s
        self._start = (time.monotonic(), _busy_s(), self._own_s())

    def others_share(self) -> float | None:
        """Return which share of all cores the others used since the start."""
        elapsed = time.monotonic() - self._start[0]
        own = self._own_s() - self._start[2]
        others = max(0.0, _busy_s() - self._start[1] - own)
        return min(1.0, others / (elapsed * logical_cores())) if elapsed > 0 else None


class ContentionWatch:
    """Counts CPU time from its creation to `finish`: the machine's, less this process's own."""

    def __init__(self, device: str, *, threads: int) -> None:
        self._device = device
        self._needed_cores = threads + _kind(device).host_cores
        self._cpu = CpuWatch()

    def finish(self, before: DeviceState, after: DeviceState, load: UnderLoad | None = None) -> Contention:
        """Return what the others used since the start, and say in words what was too much.

        Args:
            before: the device, idle, before the samples.
            after: the same after them.
            load: what it was like while it worked; that it then met its power limit is nobody's fault.
        """
        return judged(
            self._cpu.others_share(),
            needed_cores=self._needed_cores,
            foreign=foreign_processes(_processes(self._device)),
            throttled={*before.throttle_reasons, *after.throttle_reasons, *(load.throttled if load else ())},
        )


def judged(share: float | None, *, needed_cores: int, foreign: int | None, throttled: Collection[str]) -> Contention:
    """Return what else used the machine, and say in words what of it was too much.

    Args:
        share: of all cores, that others used.
        needed_cores: those that what is measured could not have shared.
        foreign: processes on an accelerator that are not measured.
        throttled: what held its clocks back.
    """
    disturbances = remarks.disturbances(
        other_cpu_share=share,
        cores=logical_cores(),
        needed_cores=needed_cores,
        foreign_gpu_processes=foreign,
        throttle_reasons={*throttled} - {POWER_CAP},
    )
    return Contention(other_cpu_share=share, foreign_gpu_processes=foreign, disturbances=disturbances)


def foreign_processes(on_device: Collection[int] | None) -> int | None:
    """Return how many of the processes on a device are not this one, None where that cannot be known.

    Seen from a container each has a number from outside, this one too: of several all but one are foreign at least, of
    a single one with another number nobody knows whether it is this one.
    """
    if on_device is None or (len(on_device) <= 1 and os.getpid() not in on_device):
        return None
    return len(on_device) - 1


def _kind(device: str) -> DeviceKind:
    kind = kind_of(device)
    if not kind.accelerator:
        return kind
    from resnet_bench.profilers.devices import instruments  # noqa: PLC0415 - it imports torch

    return instruments(device).kind


def _processes(device: str) -> Collection[int] | None:
    if not kind_of(device).accelerator:
        return None
    from resnet_bench.profilers.devices import instruments  # noqa: PLC0415 - it imports torch

    measures = instruments(device)
    return measures.processes(measures.device(device))


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0) + getattr(times, "irq", 0.0))


def used_s() -> float:
    """Return the CPU time that this process has used so far."""
    own = os.times()
    return own.user + own.system
