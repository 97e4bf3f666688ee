"""What else ran on the device, and what held it back."""

import os
from types import SimpleNamespace

import pytest
import torch

from resnet_bench.profilers import contention
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import DeviceState


def state_of(name):
    return instruments(name).state(torch.device(name))


@pytest.mark.parametrize(
    ("pids", "foreign"), [(["own"], 0), (["own", 1], 1), ([2], None), ([2, 3, 4], 2), ([], None), (None, None)]
)
def test_processes_on_the_gpu_beside_our_own_disturb(nvml, pids, foreign):
    """In a container NVML gives numbers from outside, or none: a lone one is anybody's, no number says nothing."""
    numbers = None if pids is None else [os.getpid() if pid == "own" else pid for pid in pids]
    nvml.processes = numbers and [SimpleNamespace(pid=pid, usedGpuMemory=2**30) for pid in numbers]
    nvml.processes = [] if numbers == [] else nvml.processes
    found = ContentionWatch("cuda:0", threads=1).finish(DeviceState(), DeviceState())
    assert found.foreign_gpu_processes == foreign
    assert any("on the GPU" in text for text in found.disturbances) is bool(foreign)


def on_a_host(monkeypatch, *, cores, busy):
    """Let other processes keep so many of the host's cores busy for ten seconds."""
    moments, used = iter((0.0, 10.0)), iter((0.0, 10.0 * busy))
    monkeypatch.setattr(contention, "logical_cores", lambda: cores)
    monkeypatch.setattr(contention.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(contention.psutil, "cpu_times", lambda: SimpleNamespace(user=next(used), system=0.0))
    monkeypatch.setattr(contention.os, "times", lambda: SimpleNamespace(user=0.0, system=0.0))


@pytest.mark.usefixtures("nvml")
@pytest.mark.parametrize(("busy", "disturbed"), [(1.3, False), (13.9, False), (14.5, True)])
def test_a_launch_on_a_gpu_needs_two_cores_of_its_host_and_the_others_may_be_busy(monkeypatch, busy, disturbed):
    on_a_host(monkeypatch, cores=16, busy=busy)
    found = ContentionWatch("cuda:0", threads=0).finish(DeviceState(), DeviceState())
    assert any("the launch needs 2" in text for text in found.disturbances) is disturbed


@pytest.mark.parametrize(("busy", "disturbed"), [(1.0, False), (1.3, True)])
def test_a_launch_on_the_host_needs_a_core_for_each_thread(monkeypatch, busy, disturbed):
    on_a_host(monkeypatch, cores=16, busy=busy)
    found = ContentionWatch("cpu", threads=15).finish(DeviceState(), DeviceState())
    assert any("the launch needs 15" in text for text in found.disturbances) is disturbed


@pytest.mark.usefixtures("nvml")
def test_clocks_that_heat_held_back_before_or_after_disturb_and_a_power_cap_does_not():
    throttled = state_of("cuda:0")
    found = ContentionWatch("cuda:0", threads=1).finish(throttled, DeviceState())
    assert throttled.throttle_reasons == ("power", "software thermal slowdown")
    assert "clocks throttled: software thermal slowdown" in found.disturbances
