"""The device's clock: events around all iterations, or the host's clock where it has none."""

import torch

from resnet_bench.profilers import clock
from resnet_bench.profilers.clock import DeviceClock
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import TimedBy


class Event:
    """An event that remembers when it was recorded."""

    def __init__(self, calls, *, timed=True):
        self.calls, self.timed = calls, timed

    def record(self):
        self.calls.append("event")

    def elapsed_time(self, _end):
        if not self.timed:
            raise RuntimeError("this backend does not time its events")
        return 12.5


def replayed(monkeypatch, *, timed=True):
    calls = []
    monkeypatch.setattr(torch, "Event", lambda **_: Event(calls, timed=timed))
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda _: calls.append("synchronize"))
    made = instruments("cuda").clock(torch.device("cuda"))
    calls.clear()
    return made, calls


def test_events_are_queued_around_all_iterations_and_read_after_one_synchronisation(monkeypatch):
    made, calls = replayed(monkeypatch)
    assert isinstance(made, DeviceClock)
    timing = made.time(lambda: calls.append("iteration"), 3)
    assert calls == ["synchronize", "event", *["iteration"] * 3, "event", "synchronize"]
    assert timing.device_s == 0.0125
    assert timing.host_s > 0


def test_a_backend_without_timed_events_has_the_hosts_clock_alone(monkeypatch):
    made, calls = replayed(monkeypatch, timed=False)
    assert made.time(lambda: calls.append("iteration"), 2).device_s is None
    assert calls == ["synchronize", "iteration", "iteration", "synchronize"]


def test_a_backend_without_timed_events_has_its_layers_cut_by_synchronisations(monkeypatch):
    made, calls = replayed(monkeypatch, timed=False)
    marker = made.marker()
    for _ in range(3):
        marker.mark()
    assert marker.timed_by is TimedBy.SYNCHRONISED_HOST_CLOCK
    assert calls == ["synchronize"] * 3
    assert len(marker.durations()) == 2
    assert marker.durations() == []


def test_the_hosts_clock_is_for_the_cpu():
    assert isinstance(instruments("cpu").clock(torch.device("cpu")), clock.HostClock)
