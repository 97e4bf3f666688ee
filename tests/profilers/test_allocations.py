"""Peaks of memory are the case's own: not what loading took, nor warm-up, nor other processes on the device."""

import itertools
import os
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.devices import instruments
from resnet_bench.profilers.workload import Workload

BEFORE_BYTES = 512 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can reset the high-water mark")
def test_peak_rss_forgets_what_loading_took() -> None:
    def peak() -> int:
        fields: dict[str, Any] = {
            "device": torch.device("cpu"),
            "instruments": instruments("cpu"),
            "weights_bytes": 0,
            "prepared": SimpleNamespace(alive_bytes=lambda: 0),
            "iterate": lambda: torch.ones(8),
        }
        probe = MemoryProbe(cast(Workload, SimpleNamespace(**fields)))
        measured = probe.measure().peak_rss_bytes
        assert measured is not None
        return measured

    held = torch.ones(BEFORE_BYTES // 4)
    with_it = peak()
    del held
    assert with_it - peak() > BEFORE_BYTES / 2


@pytest.mark.usefixtures("nvml")
def test_the_peak_of_warm_up_is_read_before_it_is_reset(monkeypatch):
    probe = memory_probe(monkeypatch, [9 * 2**30, 4 * 2**30])
    probe.warmed_up()
    assert probe.calls == ["read", "reset"]
    memory = probe.measure()
    assert memory.warmup_peak_allocated_bytes == 9 * 2**30
    assert memory.peak_allocated_bytes == 4 * 2**30
    assert memory.peak_reserved_bytes == 5 * 2**30
    assert memory.device_process_bytes == 3 * 2**30
    assert memory.device_total_bytes == 80 * 2**30
    assert memory.weights_bytes == 2**20
    assert memory.beside_bytes == 32 * 2**20 + 2**10  # what Hopper's library keeps, and a second input


@pytest.mark.parametrize(
    ("processes", "own"),
    [({}, None), ({4242: 60 * 2**30}, None), ({7: 100, 8: 200}, None), ({7: 100, os.getpid(): 50}, 50)],
)
def test_our_memory_on_the_device_is_found_by_number_and_a_strangers_is_not_taken_for_it(
    nvml, monkeypatch, processes, own
):
    nvml.processes = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in processes.items()]
    assert memory_probe(monkeypatch).measure().device_process_bytes == own


def memory_probe(monkeypatch, allocated_bytes=()):
    """A probe of a recorded device whose allocator says these peaks, and 0 after them."""
    calls, peaks = [], itertools.chain(allocated_bytes, itertools.repeat(0))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: calls.append("read") or next(peaks))
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda _: 5 * 2**30)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: calls.append("reset"))
    work = SimpleNamespace(
        device=torch.device("cuda:0"),
        instruments=instruments("cuda"),
        weights_bytes=2**20,
        transferred_bytes=2**10,
        prepared=SimpleNamespace(graph_peak_bytes=None),
    )
    probe = MemoryProbe(work)
    probe.calls = calls
    return probe
