"""The CUDA half without a GPU: what a recorded device said is replayed to the code that reads it."""

# ruff: noqa: N802, N815 - the names are NVML's own

import contextlib
import itertools
import os
import sys
import types
from types import SimpleNamespace

import pytest
import torch

from resnet_bench.errors import DeviceError, UnsupportedError
from resnet_bench.machine import advice
from resnet_bench.machine import nvml as nvml_library
from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.machine.devices import kind_of
from resnet_bench.profilers import devices, energy
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import DeviceState, Precision
from resnet_bench.specs.arithmetic import ARITHMETICS
from tests import make
from tests.fake_clock import FakeClock

# Two devices; NVML numbers them the other way round, as it does where CUDA_DEVICE_ORDER is the default.
UUIDS = ("1111", "2222")


class Recorded(types.ModuleType):
    """What pynvml answered; a value that is an error is raised, as where a device cannot tell."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    nvmlClocksThrottleReasonSwPowerCap = 0x4
    nvmlClocksThrottleReasonHwSlowdown = 0x8
    nvmlClocksThrottleReasonSwThermalSlowdown = 0x20

    class NVMLError(Exception):
        pass

    def __init__(self):
        super().__init__("pynvml")
        self.sessions = 0
        self.values = {"clocks": {1: 1755, 2: 2619}, "temperature": 61, "power": 412_345, "reasons": 0x24}
        self.millijoules = iter(range(10_000_000, 99_000_000, 700_000))
        self.processes = [SimpleNamespace(pid=os.getpid(), usedGpuMemory=3 * 2**30)]

    def nvmlInit(self):
        self.sessions += 1

    def nvmlShutdown(self):
        self.sessions -= 1

    def nvmlSystemGetDriverVersion(self):
        return "570.86.15"

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid not in {f"GPU-{each}" for each in UUIDS}:
            raise self.NVMLError("Not Found")
        return uuid

    def _tell(self, value):
        if value is None:
            raise self.NVMLError("Not Supported")
        return value

    def nvmlDeviceGetClockInfo(self, _handle, kind):
        return self._tell(self.values["clocks"] and self.values["clocks"][kind])

    def nvmlDeviceGetTemperature(self, _handle, _sensor):
        return self._tell(self.values["temperature"])

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._tell(self.values["power"] if handle == "GPU-1111" else 99_000)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, _handle):
        return self._tell(self.values["reasons"])

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle):
        return self._tell(next(self.millijoules, None))

    def nvmlDeviceGetComputeRunningProcesses(self, _handle):
        return self._tell(self.processes)


PROPERTIES = SimpleNamespace(name="NVIDIA H100 80GB HBM3", total_memory=80 * 2**30)


@pytest.fixture
def nvml(monkeypatch):
    recorded = Recorded()
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)

    def properties(device):
        index = device if isinstance(device, int) else device.index or 0
        return SimpleNamespace(**vars(PROPERTIES), uuid=UUIDS[index])

    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    yield recorded
    assert recorded.sessions == 0  # whatever was opened is closed


@pytest.mark.usefixtures("nvml")
def test_the_first_accelerator_is_the_default_and_a_missing_one_names_those_that_are_there():
    assert devices.present() == ("cpu", "cuda:0", "cuda:1")
    assert (devices.find("auto")) == "cuda:0"
    assert (devices.find("cuda")) == "cuda:0"  # the same case as where nobody named a device
    assert (devices.find("cuda:1")) == "cuda:1"
    assert nvml_library.device_count() == 2
    with pytest.raises(DeviceError, match="'cuda:2' is not here; here are: cpu, cuda:0, cuda:1"):
        devices.find("cuda:2")


@pytest.mark.usefixtures("nvml")
def test_the_environment_names_device_driver_and_libraries():
    seen = devices.collect("cuda:0")
    identity = seen.identity
    assert identity.device_name == "NVIDIA H100 80GB HBM3"
    assert identity.device_memory_bytes == 80 * 2**30
    assert (identity.driver, identity.cuda, identity.cudnn) == ("570.86.15", "12.8", "91002")
    assert identity.cpu_name != identity.device_name
    assert seen.id != devices.collect("cpu").id


@pytest.mark.usefixtures("nvml")
def test_the_state_is_in_base_units_and_throttling_in_words():
    state = state_of("cuda:0")
    assert (state.sm_clock_hz, state.memory_clock_hz) == (1.755e9, 2.619e9)
    assert (state.temperature_c, state.power_w) == (61.0, 412.345)
    assert state.throttle_reasons == ("power", "software thermal slowdown")
    assert state_of("cuda:1").power_w == 99.0


@pytest.mark.parametrize("silent", ["clocks", "temperature", "power", "reasons"])
def test_what_a_device_cannot_tell_is_unavailable_and_the_rest_is_there(nvml, silent):
    nvml.values[silent] = None
    state = state_of("cuda:0")
    told = {
        "clocks": state.sm_clock_hz,
        "temperature": state.temperature_c,
        "power": state.power_w,
        "reasons": state.throttle_reasons,
    }
    assert not told.pop(silent)
    assert all(told.values())


@pytest.mark.usefixtures("nvml")
def test_a_device_that_nvml_does_not_know_is_unavailable_and_never_zero(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="a MIG slice"))
    state = state_of("cuda:0")
    assert (state.sm_clock_hz, state.temperature_c, state.power_w) == (None, None, None)
    assert instruments("cuda").energy_j(torch.device("cuda:0")) is None
    assert instruments("cuda").processes(torch.device("cuda:0")) is None


def state_of(name):
    return instruments(name).state(torch.device(name))


def working(seconds, *, batch_size=8, device="cuda:0"):
    """A workload whose iterations take so long by a fake clock."""
    fake = FakeClock()
    work = SimpleNamespace(
        case=make.case(device=device, batch_size=batch_size),
        device=torch.device(device),
        instruments=instruments(device),
        iterate=lambda: fake.advance(seconds),
    )
    return work, fake


@pytest.mark.usefixtures("nvml")
def test_energy_is_the_counter_over_a_window_of_two_seconds_and_more():
    work, fake = working(0.3)
    measured = energy.measure(work, fake, iteration_s=0.3)
    assert measured.energy_j == 700.0
    assert measured.window_s == pytest.approx(2.1)
    assert measured.images == 7 * 8


def test_energy_is_unavailable_where_the_counter_stands_still_or_is_not_there(nvml):
    work, fake = working(0.3)
    nvml.millijoules = iter([5_000_000, 5_000_000])
    assert energy.measure(work, fake, iteration_s=0.3) is None
    nvml.millijoules = iter([])
    assert energy.measure(work, fake, iteration_s=0.3) is None
    assert energy.measure(working(0.3, device="cpu")[0], fake, iteration_s=0.3) is None


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


@pytest.mark.parametrize(
    ("processes", "own"),
    [({}, None), ({7: 100}, 100), ({7: 100, 8: 200}, None), ({7: 100, os.getpid(): 50}, 50), ({7: None}, None)],
)
def test_our_memory_on_the_device_is_found_by_number_or_where_nobody_else_is(nvml, monkeypatch, processes, own):
    nvml.processes = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in processes.items()]
    assert memory_probe(monkeypatch).measure().device_process_bytes == own


def memory_probe(monkeypatch, allocated_bytes=()):
    """A probe of a recorded device whose allocator says these peaks, and 0 after them."""
    calls, peaks = [], itertools.chain(allocated_bytes, itertools.repeat(0))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: calls.append("read") or next(peaks))
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda _: 5 * 2**30)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: calls.append("reset"))
    work = SimpleNamespace(device=torch.device("cuda:0"), instruments=instruments("cuda"), weights_bytes=2**20)
    probe = MemoryProbe(work)
    probe.calls = calls
    return probe


@contextlib.contextmanager
def arithmetic():
    """Leave the process's flags as they were."""
    flags = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = flags[:2]
        torch.backends.cudnn.benchmark = flags[2]


def test_streams_events_and_captures_are_the_cases_devices(monkeypatch):
    current = []
    monkeypatch.setattr(torch.accelerator, "set_device_index", lambda device: current.append(str(device)))
    instruments("cuda").make_current(torch.device("cuda:1"))
    instruments("cpu").make_current(torch.device("cpu"))
    assert current == ["cuda:1"]


@pytest.mark.parametrize("precision", Precision)
def test_tf32_is_allowed_for_tf32_alone(monkeypatch, precision):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    with arithmetic():
        instruments("cuda").set_arithmetic(ARITHMETICS[precision], torch.device("cuda"))
        allowed = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
        assert allowed == (precision is Precision.TF32,) * 2
        assert torch.backends.cudnn.benchmark


@pytest.mark.parametrize(("device", "capability"), [("cuda", (7, 5)), ("cpu", None)])
def test_tf32_is_refused_where_no_device_has_it(monkeypatch, device, capability):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    with arithmetic(), pytest.raises(UnsupportedError, match=r"capability 8\.0"):
        instruments(device).set_arithmetic(ARITHMETICS[Precision.TF32], torch.device(device))


@pytest.mark.usefixtures("nvml")
def test_an_amd_device_is_none_of_nvidia(monkeypatch):
    monkeypatch.setattr(torch.version, "hip", "6.4.1", raising=False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    seen = devices.collect("cuda:0")
    assert (seen.identity.device, seen.identity.cuda, seen.identity.hip) == ("rocm", None, "6.4.1")
    assert any("rocm-smi" in hint for hint in advice.for_machine(seen))
    assert data_sheet(make.change(seen.identity, device_name="AMD Instinct MI300X")) is None
    assert Precision.TF32 not in kind_of(seen.identity.device).ceilings
    measures = instruments("cuda:0")
    assert measures.energy_j(torch.device("cuda:0")) is None
    with arithmetic(), pytest.raises(UnsupportedError, match="tf32"):
        measures.set_arithmetic(ARITHMETICS[Precision.TF32], torch.device("cuda:0"))
