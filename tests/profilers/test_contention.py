"""What else ran on the device, and what held it back."""

import os
from types import SimpleNamespace

import pytest
import torch

from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import DeviceState


def state_of(name):
    return instruments(name).state(torch.device(name))


@pytest.mark.parametrize(
    ("pids", "foreign"), [(["own"], 0), (["own", 1], 1), ([2], 0), ([2, 3, 4], 2), ([], 0), (None, None)]
)
def test_processes_on_the_gpu_beside_our_own_disturb(nvml, pids, foreign):
    """In a container NVML gives numbers from outside, so that ours is one that nobody here knows."""
    numbers = None if pids is None else [os.getpid() if pid == "own" else pid for pid in pids]
    nvml.processes = numbers and [SimpleNamespace(pid=pid, usedGpuMemory=2**30) for pid in numbers]
    nvml.processes = [] if numbers == [] else nvml.processes
    found = ContentionWatch("cuda:0", threads=1).finish(DeviceState(), DeviceState())
    assert found.foreign_gpu_processes == foreign
    assert any("on the GPU" in text for text in found.disturbances) is bool(foreign)


@pytest.mark.usefixtures("nvml")
def test_clocks_that_were_throttled_before_or_after_disturb():
    throttled = state_of("cuda:0")
    found = ContentionWatch("cuda:0", threads=1).finish(throttled, DeviceState())
    assert "clocks throttled: power, software thermal slowdown" in found.disturbances
