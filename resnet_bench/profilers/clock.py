"""The only place that reads time or synchronises a device.

A sample is timed on the host from the first call to the end of the last synchronisation: what a caller waits for.
Accelerators time the same sample with their own events, queued with the work and read after it.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import torch


class Timing(NamedTuple):
    """Seconds of one sample by the host's clock, and by the device's events where it has them.

    `cpu_s` is what this process got of the CPU in that time, all its threads together; None for an accelerator.
    """

    host_s: float
    device_s: float | None
    cpu_s: float | None = None


class Clock(Protocol):
    """What the sampler needs to know of time."""

    def now(self) -> float:
        """Return the host's monotonic time in seconds."""

    def time(self, iterate: Callable[[], object], count: int) -> Timing:
        """Queue `count` iterations, synchronise once, and return the time from before to after."""


class HostClock:
    """For devices that have finished when the call returns: the CPU."""

    def now(self) -> float:
        """Return the host's monotonic time in seconds."""
        return time.perf_counter()

    def time(self, iterate: Callable[[], object], count: int) -> Timing:
        """Run `count` iterations and return the time from before to after."""
        iterations = range(count)
        cpu_start = time.process_time()
        start = time.perf_counter()
        for _ in iterations:
            iterate()
        host_s = time.perf_counter() - start
        return Timing(host_s, None, time.process_time() - cpu_start)


class DeviceClock:
    """For devices that work through a queue: CUDA and every other `torch.accelerator`."""

    def __init__(self, device: "torch.device") -> None:
        import torch

        self._device = device
        self._synchronize = torch.accelerator.synchronize
        self._events = _events(device)

    def now(self) -> float:
        """Return the host's monotonic time in seconds."""
        return time.perf_counter()

    def time(self, iterate: Callable[[], object], count: int) -> Timing:
        """Queue `count` iterations between two events, synchronise once, and return both times."""
        iterations = range(count)
        self._synchronize(self._device)
        start = time.perf_counter()
        if self._events is not None:
            self._events[0].record()
        for _ in iterations:
            iterate()
        if self._events is not None:
            self._events[1].record()
        self._synchronize(self._device)
        host_s = time.perf_counter() - start
        return Timing(host_s, self._between_events_s())

    def _between_events_s(self) -> float | None:
        if self._events is None:
            return None
        begin, end = self._events
        return float(begin.elapsed_time(end)) / 1e3


class FakeClock:
    """A clock for tests: time stands still unless an iteration advances it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.seconds += seconds

    def now(self) -> float:
        """Return the time that tests have let pass, in seconds."""
        return self.seconds

    def time(self, iterate: Callable[[], object], count: int) -> Timing:
        """Run `count` iterations and return how far they advanced the clock."""
        start = self.seconds
        for _ in range(count):
            iterate()
        return Timing(self.seconds - start, None)


def for_device(device: "torch.device") -> HostClock | DeviceClock:
    """Return the clock that fits a device."""
    return HostClock() if device.type == "cpu" else DeviceClock(device)


def _events(device: "torch.device") -> "tuple[torch.Event, torch.Event] | None":
    import torch

    try:
        begin, end = (torch.Event(device=device, enable_timing=True) for _ in range(2))
        begin.record()
        end.record()
        torch.accelerator.synchronize(device)
        begin.elapsed_time(end)
    except (RuntimeError, NotImplementedError):
        # Not every backend times its events; the host's clock then stands alone.
        return None
    return begin, end
