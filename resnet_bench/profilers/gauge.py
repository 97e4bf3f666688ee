"""Reads a device's state while it works, in the time in which the host would only wait for it.

So no thread takes turns with the host's own, and nothing is read on a sample's time: where the host waits for several
times as long as a reading takes, it is made then, elsewhere during further iterations that are no sample.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from resnet_bench.profilers.clock import Clock, Timing
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import DeviceState, Spread, UnderLoad

EVERY_S = 0.05
# The device works for so many times as long as a reading is thought to take; the first is thought to take 1 ms.
_ROOM = 4
_FIRST_S = 1e-3
# How far the halves of a window may lie apart: clocks by half a step of 15 MHz, power by what its meter wavers.
_SETTLED = {"sm_clock_hz": 0.005, "power_w": 0.02}
_LEAST_READINGS = 6


class Gauge:
    """The readings of one workload's device since the last `restart`, with the moments at which they were made.

    `further` counts the iterations since then that are no sample.
    """

    def __init__(self, workload: Workload, clock: Clock) -> None:
        self._measures, self._device = workload.instruments, workload.device
        self._clock = clock
        self._cost_s = _FIRST_S
        self.restart()

    def restart(self) -> None:
        """Forget what was read: a new window begins."""
        self._readings: list[tuple[float, DeviceState]] = []
        self._counted = self._measures.held_back_s(self._device)
        self._began = self._clock.now()
        self._waited_s, self._queued = 0.0, 0
        self.further = 0

    def timed(self, iterate: Callable[[], object], count: int) -> Timing:
        """Time iterations as the clock does, and read the state on the way where a reading is due."""
        is_due = self._tells and (not self._readings or self._clock.now() - self._readings[-1][0] >= EVERY_S)
        has_room = count == self._queued and self._waited_s >= _ROOM * self._cost_s
        timing = self._clock.time(iterate, count, meanwhile=self._read_while_waiting if is_due and has_room else None)
        if is_due and not has_room and timing.host_s > 0:
            further = math.ceil(_ROOM * self._cost_s * count / timing.host_s)
            self._clock.time(iterate, further, meanwhile=self._read)
            self.further += further
        self._waited_s, self._queued = timing.waited_s, count
        return timing

    def settled(self, window_s: float) -> bool | None:
        """Say whether clocks and power stay where they are: the halves of the last window agree; None where unknown."""
        if not self._tells:
            return None
        end = self._clock.now()
        window = [(moment, state) for moment, state in self._readings if moment >= end - window_s]
        if len(window) < _LEAST_READINGS or self._began > end - window_s:
            return False
        return all(
            _agree(
                [value for moment, state in window if moment < end - window_s / 2 and (value := getattr(state, name))],
                [value for moment, state in window if moment >= end - window_s / 2 and (value := getattr(state, name))],
                tolerance,
            )
            for name, tolerance in _SETTLED.items()
        )

    def under_load(self) -> UnderLoad | None:
        """Return what was read since the last restart; None where nothing was, or nothing could be told."""
        states = [state for _, state in self._readings]
        if not states or not self._tells:
            return None
        counted = self._measures.held_back_s(self._device)
        limits = [state.power_limit_w for state in states if state.power_limit_w is not None]
        reasons = dict.fromkeys(reason for state in states for reason in state.throttle_reasons)
        return UnderLoad(
            readings=len(states),
            window_s=self._clock.now() - self._began,
            sm_clock_hz=_spread(state.sm_clock_hz for state in states),
            memory_clock_hz=_spread(state.memory_clock_hz for state in states),
            power_w=_spread(state.power_w for state in states),
            power_limit_w=min(limits, default=None),
            temperature_c=_spread(state.temperature_c for state in states),
            throttled={it: sum(it in state.throttle_reasons for state in states) / len(states) for it in reasons},
            held_back_s={it: max(0.0, counted[it] - self._counted[it]) for it in counted if it in self._counted},
        )

    @property
    def _tells(self) -> bool:
        """Whether the device says anything of its clocks or power; it is taken to until it was asked."""
        return not self._readings or any(getattr(self._readings[-1][1], name) is not None for name in _SETTLED)

    def _read_while_waiting(self) -> None:
        """Read, again every 50 ms, and be done with it well before the device is."""
        until = self._clock.now() + self._waited_s - _ROOM * self._cost_s
        self._read()
        while self._clock.now() + EVERY_S < until:
            self._clock.pause(EVERY_S)
            self._read()

    def _read(self) -> None:
        began = self._clock.now()
        self._readings.append((began, self._measures.reading(self._device)))
        self._cost_s = self._clock.now() - began


def _agree(earlier: Sequence[float], later: Sequence[float], tolerance: float) -> bool:
    """Say whether two halves agree in the mean; what is not told disagrees with nothing."""
    if not earlier and not later:
        return True
    if not earlier or not later:
        return False
    before, now = statistics.fmean(earlier), statistics.fmean(later)
    return abs(now - before) <= tolerance * before


def _spread(values: Iterable[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    return Spread(least=min(known), median=statistics.median(known), most=max(known)) if known else None
