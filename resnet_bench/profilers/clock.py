"""The only place that reads time or synchronises a device.

A sample is timed on the host from the first call to the end of the last synchronisation: what a caller waits for.
Accelerators time the same sample with their own events, queued with the work and read after it.
"""

import itertools
import resource
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from resnet_bench.records import TimedBy

if TYPE_CHECKING:
    import torch


class Timing(NamedTuple):
    """Seconds of one sample by the host's clock, and by the device's events where it has them.

    `cpu_s` is what this process got of the CPU in that time, all its threads together, `page_faults` the minor ones
    that it met; None for an accelerator. `waited_s` is how long the host, everything queued, waited for the device.
    """

    host_s: float
    device_s: float | None
    cpu_s: float | None = None
    page_faults: int | None = None
    waited_s: float = 0.0


class Marker(Protocol):
    """Marks moments inside an iteration; what they lie apart is known after it."""

    timed_by: TimedBy

    def mark(self) -> None:
        """Mark this moment."""

    def durations(self) -> list[float]:
        """Return the seconds from each mark to the next one, and forget the marks."""


class Clock(Protocol):
    """What the sampler needs to know of time."""

    def now(self) -> float:
        """Return the host's monotonic time in seconds."""

    def pause(self, seconds: float) -> None:
        """Let the host do nothing for so long."""

    def time(self, iterate: Callable[[], object], count: int, *, meanwhile: Callable[[], None] | None = None) -> Timing:
        """Queue `count` iterations, synchronise once, and return the time from before to after.

        `meanwhile` is what the host does when everything is queued, rather than wait at once. It must be done before
        the device is, or it is timed; where the device has finished when the call returns, it is not called.
        """

    def marker(self) -> Marker:
        """Return a marker of moments inside an iteration."""


class HostClock:
    """For devices that have finished when the call returns: the CPU."""

    def now(self) -> float:
        """Return the host's monotonic time in seconds."""
        return time.perf_counter()

    def pause(self, seconds: float) -> None:
        """Sleep for so long."""
        time.sleep(seconds)

    def time(
        self,
        iterate: Callable[[], object],
        count: int,
        *,
        meanwhile: Callable[[], None] | None = None,  # noqa: ARG002 - the host itself works
    ) -> Timing:
        """Run `count` iterations and return the time from before to after."""
        iterations = range(count)
        faults = _page_faults()
        cpu_start = time.process_time()
        start = time.perf_counter()
        for _ in iterations:
            iterate()
        host_s = time.perf_counter() - start
        cpu_s = time.process_time() - cpu_start
        return Timing(host_s, None, cpu_s, _page_faults() - faults)

    def marker(self) -> Marker:
        """Return a marker by the host's clock."""
        return TimeMarker(time.perf_counter, TimedBy.HOST_CLOCK)


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

    def pause(self, seconds: float) -> None:
        """Sleep for so long."""
        time.sleep(seconds)

    def time(self, iterate: Callable[[], object], count: int, *, meanwhile: Callable[[], None] | None = None) -> Timing:
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
        queued = time.perf_counter()
        if meanwhile is not None:
            meanwhile()
        self._synchronize(self._device)
        end = time.perf_counter()
        return Timing(end - start, self._between_events_s(), waited_s=end - queued)

    def marker(self) -> Marker:
        """Return a marker by the device's events, or by synchronisations where its events carry no time."""
        if self._events is None:
            return TimeMarker(self._synchronised, TimedBy.SYNCHRONISED_HOST_CLOCK)
        return _EventMarker(self._device, self._synchronize)

    def _synchronised(self) -> float:
        self._synchronize(self._device)
        return time.perf_counter()

    def _between_events_s(self) -> float | None:
        if self._events is None:
            return None
        begin, end = self._events
        return float(begin.elapsed_time(end)) / 1e3


class TimeMarker:
    """Marks by a function that tells the time."""

    def __init__(self, now: Callable[[], float], timed_by: TimedBy) -> None:
        self.timed_by = timed_by
        self._now = now
        self._moments: list[float] = []

    def mark(self) -> None:
        """Mark this moment."""
        self._moments.append(self._now())

    def durations(self) -> list[float]:
        """Return the seconds between the marks, and forget them."""
        moments, self._moments = self._moments, []
        return [later - earlier for earlier, later in itertools.pairwise(moments)]


class _EventMarker:
    """Events come from a pool: making one takes longer than recording it."""

    timed_by = TimedBy.DEVICE_EVENTS

    def __init__(self, device: "torch.device", synchronize: Callable[["torch.device"], None]) -> None:
        self._device = device
        self._synchronize = synchronize
        self._pool: list[torch.Event] = []
        self._used = 0

    def mark(self) -> None:
        if self._used == len(self._pool):
            import torch

            self._pool.append(torch.Event(device=self._device, enable_timing=True))
        self._pool[self._used].record()
        self._used += 1

    def durations(self) -> list[float]:
        self._synchronize(self._device)
        events, self._used = self._pool[: self._used], 0
        return [float(earlier.elapsed_time(later)) / 1e3 for earlier, later in itertools.pairwise(events)]


def _page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


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
