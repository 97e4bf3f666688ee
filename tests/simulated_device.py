"""An accelerator that is not there, with a time of its own: a queue, kernels that last, a governor, a meter of energy.

It stands where a device kind would: torch's CUDA layer and NVML are replaced below the instruments (`simulated_torch`,
`simulated_nvml`), and everything of the package runs on it unchanged. Its figures are made up; they are near enough to
a large card for a fault of measuring to show, and say nothing of a real one.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Card:
    """What a made-up card is like; rates are those at its highest clock.

    Attributes:
        sustained: what of its highest clock is left once it has worked for long.
        settling_s: how quickly it falls there, and rises again: a time constant.
        flop_per_s: by the bytes of an element.
        launch_s: what the host needs to start an operator, `convolution_launch_s` a convolution.
        kernel_s: what the shortest kernel lasts.
        loss_scale: above it a gradient overflows.
    """

    name: str = "NVIDIA H100 80GB HBM3"
    memory_bytes: int = 80 * GIB
    capability: tuple[int, int] = (9, 0)
    highest_hz: float = 1.98e9
    sustained: float = 0.8
    settling_s: float = 0.5
    flop_per_s: dict[int, float] = field(default_factory=lambda: {8: 25e12, 4: 50e12, 2: 700e12, 1: 1400e12})
    byte_per_s: float = 3e12
    cache_bytes: int = 50 * MIB
    cache_byte_per_s: float = 7e12
    bus_byte_per_s: float = 25e9
    launch_s: float = 4e-6
    convolution_launch_s: float = 12e-6
    event_s: float = 2e-6
    kernel_s: float = 2e-6
    queue_length: int = 1024
    idle_w: float = 120.0
    limit_w: float = 700.0
    energy_step_s: float = 0.05
    reading_s: float = 2e-4
    session_s: float = 0.02
    matmul_workspace_bytes: int = 32 * MIB
    convolution_workspace_bytes: int = 0
    loss_scale: float = math.inf
    processes: tuple[tuple[int, int], ...] = ()
    silent: frozenset[str] = frozenset()


class Kernel(NamedTuple):
    """Work of the device between two moments, and how far the governor had gone when it began (0 to 1)."""

    name: str
    start_s: float
    end_s: float
    heat: float


class Reading(NamedTuple):
    """What the driver would say at one moment."""

    clock_hz: float
    power_w: float
    temperature_c: float
    capped: bool


class SimulatedDevice:
    """One card, the host beside it, and their time: `host_s`, which only they advance."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.host_s = 0.0
        self.free_at_s = 0.0
        self.busy_s = 0.0
        self.launches = 0
        self.synchronisations = 0
        self.readings: list[bool] = []  # of each reading of its state: was it working?
        self.energy_j = self.counter_j = self.capped_s = 0.0
        self.captured: list[tuple[str, float]] | None = None
        self.history: list[Kernel] | None = None
        self._heat = 0.0
        self._kernels: deque[Kernel] = deque()
        self._accounted_s = 0.0

    # -- the host's side

    def work(self, seconds: float) -> None:
        """Let the host be busy for so long."""
        self.host_s += seconds

    def launch(self, name: str, kernel_s: float, *, host_s: float) -> None:
        """Start a kernel of so many seconds at the highest clock; it waits for those before it."""
        if self.captured is not None:
            self.host_s += host_s
            self.captured.append((name, max(kernel_s, self.card.kernel_s)))
            return
        self.launches += 1
        self._wait_for_room()
        self.host_s += host_s
        self._run(name, max(kernel_s, self.card.kernel_s))

    def replay(self, kernels: list[tuple[str, float]]) -> None:
        """Start captured kernels as one."""
        self.launches += 1
        self._wait_for_room()
        self.host_s += 2 * self.card.launch_s
        for name, kernel_s in kernels:
            self._run(name, kernel_s)

    def synchronize(self) -> None:
        """Let the host wait until nothing is queued."""
        self.synchronisations += 1
        self.host_s = max(self.host_s, self.free_at_s)

    def reading(self) -> Reading:
        """Return what the driver says now; asking takes the host a while."""
        self.work(self.card.reading_s)
        self.account()
        card, now = self.card, self._now()
        self.readings.append(now is not None)
        heat = self._heat_at(self.host_s) if now is None else now.heat
        if now is None:
            return Reading(card.highest_hz, card.idle_w, 35 + 30 * heat, capped=False)
        return Reading(card.highest_hz * self._speed(heat), self._watts(heat), 35 + 30 * heat, capped=heat > _CAPPED)

    def account(self) -> None:
        """Bring the meters to the host's time: energy, its counter, and how long clocks were held back."""
        while self._accounted_s < self.host_s:
            first = self._kernels[0] if self._kernels else None
            if first is not None and first.start_s <= self._accounted_s:
                until = min(first.end_s, self.host_s)
                self._spend(self._watts(first.heat), until)
                self.capped_s += (until - self._accounted_s) * (first.heat > _CAPPED)
            else:
                until = self.host_s if first is None else min(first.start_s, self.host_s)
                self._spend(self.card.idle_w, until)
            self._accounted_s = until
            if first is not None and until >= first.end_s:
                self._kernels.popleft()

    # -- the device's side

    def _wait_for_room(self) -> None:
        if len(self._kernels) >= self.card.queue_length:
            self.account()
            while len(self._kernels) >= self.card.queue_length:
                self.host_s = max(self.host_s, self._kernels[0].end_s)
                self.account()

    def _run(self, name: str, kernel_s: float) -> None:
        start_s = max(self.host_s, self.free_at_s)
        self._heat = self._heat_at(start_s)
        lasting_s = kernel_s / self._speed(self._heat)
        kernel = Kernel(name, start_s, start_s + lasting_s, self._heat)
        self._kernels.append(kernel)
        if self.history is not None:
            self.history.append(kernel)
        self._heat = 1 - (1 - self._heat) * math.exp(-lasting_s / self.card.settling_s)
        self.free_at_s, self.busy_s = kernel.end_s, self.busy_s + lasting_s

    def _heat_at(self, moment_s: float) -> float:
        """Return how far the governor has gone once the queue has been empty until then."""
        return self._heat * math.exp(-max(0.0, moment_s - self.free_at_s) / self.card.settling_s)

    def _speed(self, heat: float) -> float:
        return 1 - (1 - self.card.sustained) * heat

    def _watts(self, heat: float) -> float:
        return self.card.limit_w * (0.9 + 0.1 * heat)

    def _now(self) -> Kernel | None:
        first = self._kernels[0] if self._kernels else None
        return first if first is not None and first.start_s <= self.host_s < first.end_s else None

    def _spend(self, watts: float, until_s: float) -> None:
        tick_s = math.floor(until_s / self.card.energy_step_s) * self.card.energy_step_s
        if tick_s >= self._accounted_s:
            self.counter_j = self.energy_j + watts * (tick_s - self._accounted_s)
        self.energy_j += watts * (until_s - self._accounted_s)


_CAPPED = 0.05


class SimulatedEvent:
    """An event of the queue: it comes when everything queued before it is done."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self.at_s: float | None = None

    def record(self) -> None:
        self._device.work(self._device.card.event_s)
        self.at_s = max(self._device.host_s, self._device.free_at_s)

    def query(self) -> bool:
        return self.at_s is not None and self.at_s <= self._device.host_s

    def elapsed_time(self, later: "SimulatedEvent") -> float:
        if self.at_s is None or later.at_s is None or not later.query():
            raise RuntimeError("both events must be recorded and have come")
        return (later.at_s - self.at_s) * 1e3
