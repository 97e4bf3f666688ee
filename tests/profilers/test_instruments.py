"""Instruments of CUDA and ROCm without a GPU: what a recorded device said is replayed to the code that reads it."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from resnet_bench.errors import DeviceError, UnsupportedError
from resnet_bench.machine import advice
from resnet_bench.machine import nvml as nvml_library
from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.machine.devices import kind_of
from resnet_bench.machine.identity import environment_id
from resnet_bench.profilers import devices
from resnet_bench.profilers.devices import float32, instruments
from resnet_bench.records import Precision
from resnet_bench.specs.arithmetic import ARITHMETICS
from tests import make


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


@pytest.mark.parametrize(
    ("function", "ask", "answer"),
    [
        ("nvmlSystemGetDriverVersion", nvml_library.driver, None),
        ("nvmlSystemGetCudaDriverVersion_v2", nvml_library.newest_cuda, None),
        ("nvmlDeviceGetCount", nvml_library.device_count, 0),
        ("nvmlDeviceGetCount", nvml_library.device_names, ()),
        ("nvmlDeviceGetHandleByIndex", nvml_library.device_names, ("an NVIDIA device", "an NVIDIA device")),
        ("nvmlDeviceGetName", nvml_library.device_names, ("an NVIDIA device", "an NVIDIA device")),
        ("nvmlInit", nvml_library.driver, None),
        ("nvmlShutdown", nvml_library.driver, "570.86.15"),
        ("nvmlDeviceGetHandleByUUID", lambda: nvml_library.state("1111"), {}),
        ("nvmlDeviceGetTotalEnergyConsumption", lambda: nvml_library.energy_j("1111"), None),
        ("nvmlDeviceGetComputeRunningProcesses", lambda: nvml_library.processes("1111"), None),
    ],
)
def test_no_error_of_nvml_escapes(nvml, monkeypatch, function, ask, answer):
    def fails(*_):
        nvml.sessions -= function == "nvmlShutdown"
        raise nvml.NVMLError("Unknown Error")

    monkeypatch.setattr(nvml, function, fails)
    assert ask() == answer


@pytest.mark.usefixtures("nvml")
def test_the_driver_says_which_cuda_it_runs_and_nvml_what_the_devices_are_called():
    assert nvml_library.newest_cuda() == "12.8"
    assert nvml_library.device_names() == ("NVIDIA H100 80GB HBM3",) * 2


@pytest.mark.usefixtures("nvml")
def test_a_device_that_nvml_does_not_know_is_unavailable_and_never_zero(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="a MIG slice"))
    state = state_of("cuda:0")
    assert (state.sm_clock_hz, state.temperature_c, state.power_w) == (None, None, None)
    assert instruments("cuda").energy_j(torch.device("cuda:0")) is None
    assert instruments("cuda").processes(torch.device("cuda:0")) is None


def state_of(name):
    return instruments(name).state(torch.device(name))


@contextlib.contextmanager
def arithmetic():
    """Leave the process's flags as other tests expect them: a mixture of both interfaces makes the older one raise."""
    benchmark = torch.backends.cudnn.benchmark
    float32.set_rounding(tensor_float=False)
    try:
        yield
    finally:
        float32.set_rounding(tensor_float=False)
        torch.backends.cudnn.benchmark = benchmark


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
    assert "AMD" in data_sheet(make.change(seen.identity, device_name="AMD Instinct MI300X")).source
    assert Precision.TF32 not in kind_of(seen.identity.device).ceilings
    measures = instruments("cuda:0")
    assert measures.energy_j(torch.device("cuda:0")) is None
    with arithmetic(), pytest.raises(UnsupportedError, match="tf32"):
        measures.set_arithmetic(ARITHMETICS[Precision.TF32], torch.device("cuda:0"))


@pytest.fixture
def another(monkeypatch):
    """Return what puts a device of another kind in the place of CUDA's."""

    def put(word, **answers):
        monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(word))
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)
        for name, answer in answers.items():
            monkeypatch.setattr(f"torch.{name.replace('__', '.')}", lambda *_, answer=answer: answer, raising=False)
        return devices.collect(f"{word}:0").identity

    return put


def test_a_card_of_intel_has_its_own_name_memory_and_driver_and_is_no_other_card(another):
    def card(name):
        return SimpleNamespace(name=name, total_memory=16 * 2**30, driver_version="1.6.33578")

    one = another("xpu", xpu__get_device_properties=card("Intel(R) Arc(TM) B580 Graphics"))
    other = another("xpu", xpu__get_device_properties=card("Intel(R) Data Center GPU Max 1550"))
    assert (one.device, one.device_name) == ("xpu", "Intel(R) Arc(TM) B580 Graphics")
    assert (one.device_memory_bytes, one.driver, one.cuda) == (16 * 2**30, "1.6.33578", None)
    assert environment_id(one) != environment_id(other)
    assert data_sheet(one) is None


def test_an_apple_gpu_has_the_name_that_metal_gives_it_and_no_peak_that_nobody_counts(another):
    one = another("mps", backends__mps__get_name="Apple M4 Pro", mps__recommended_max_memory=36 * 2**30)
    assert (one.device, one.device_name, one.device_memory_bytes) == ("mps", "Apple M4 Pro", 36 * 2**30)
    assert (one.driver, one.cuda, one.hip) == (None, None, None)
    assert instruments("mps").peak_allocated_bytes(torch.device("mps")) is None
