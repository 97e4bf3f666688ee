"""A new kind of device is one row and one file; it is then known to every command."""

import json

import pytest

ROW = """
    DeviceKind(
        name="npu",
        torch_type="npu",
        instruments="npu",
        accelerator=True,
        ceilings=(Precision.FP32,),
        out_of_memory=("npu is full",),
        nodes=("null",),
        advice="give the NPU a rest.",
    ),
)


def kind_of("""

# It computes on the host and says that it has a clock and counters of its own.
INSTRUMENTS = '''"""A made-up device."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.profiler import ProfilerActivity

from resnet_bench.machine import environment
from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.clock import Clock, HostClock
from resnet_bench.profilers.devices.instruments import Instruments, Switches, refuse_tensor_float
from resnet_bench.records import DeviceState
from resnet_bench.specs.arithmetic import Arithmetic


class Npu:
    kind = kind_named("npu")

    def count(self) -> int:
        return 1

    def unusable(self) -> str | None:
        return None

    def device(self, name: str) -> torch.device:
        return torch.device("cpu")

    def facts(self, device: torch.device) -> DeviceFacts:
        return DeviceFacts(name="Made-up 9000", memory_bytes=2**30, driver="1.2")

    def state(self, device: torch.device) -> DeviceState:
        return environment.host_state()

    def reading(self, device: torch.device) -> DeviceState:
        return DeviceState()

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def held_back_s(self, device: torch.device) -> dict[str, float]:
        return {}

    def clock(self, device: torch.device) -> Clock:
        return HostClock()

    def synchronize(self, device: torch.device) -> None:
        pass

    def make_current(self, device: torch.device) -> None:
        pass

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        refuse_tensor_float(arithmetic, device)

    def switches(self) -> Switches:
        return Switches()

    def reset_peaks(self, device: torch.device) -> None:
        pass

    def peak_allocated_bytes(self, device: torch.device) -> int | None:
        return 123 * 2**20

    def peak_reserved_bytes(self, device: torch.device) -> int | None:
        return 124 * 2**20

    def workspace_bytes(self, device: torch.device) -> int | None:
        return None

    def free_bytes(self, device: torch.device) -> int | None:
        return None

    def empty_cache(self) -> None:
        pass

    def energy_j(self, device: torch.device) -> float | None:
        return None

    def processes(self, device: torch.device) -> dict[int, int | None] | None:
        return None

    def activities(self) -> list[ProfilerActivity]:
        return [ProfilerActivity.CPU]

    def pins_memory(self) -> bool:
        return False


INSTRUMENTS: Instruments = Npu()
'''

RUN = ("run", "--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1", "--device", "npu:0")


@pytest.fixture
def npu(house):
    house.replace("machine/devices.py", "\n)\n\n\ndef kind_of(", ROW)
    house.write("profilers/devices/npu.py", INSTRUMENTS)
    return house


@pytest.mark.slow
def test_every_command_knows_it(npu):
    assert "npu" in npu.run("run", "--help").stdout
    planned = npu.run(*RUN, "--dry-run")
    assert "on npu:0" in planned.stdout, planned.stderr

    shown = npu.run("machine", "--device", "auto")
    assert "npu (Made-up 9000)" in shown.stdout, shown.stderr
    assert "advice: give the NPU a rest." in shown.stdout

    missing = npu.run("machine", "--device", "npu:3")
    assert (missing.returncode, "here are: cpu, npu:0" in missing.stderr) == (2, True)

    measured = npu.run(*RUN, "-o", "measured")
    assert measured.returncode == 0, measured.stderr
    page = (npu.home / "measured" / "report.html").read_text()
    assert "npu:0" in page
    assert "Made-up 9000" in page
    rows = json.loads(npu.run("report", "measured", "--format", "json").stdout)
    assert str(123 * 2**20) in json.dumps(rows)
    (held,) = npu.gated("measured", 'metric = "parameters"\ndevice = "npu*"')
    assert (held["case"]["device"], held["status"]) == ("npu:0", "passed")


@pytest.mark.slow
def test_the_type_checker_names_whoever_forgot_a_part(npu):
    forgotten = "    def energy_j(self, device: torch.device) -> float | None:\n        return None\n\n"
    npu.replace("profilers/devices/npu.py", forgotten, "")
    checked = npu.python("-m", "mypy", "--strict", "resnet_bench/profilers/devices/npu.py", timeout=500)
    assert checked.returncode == 1, checked.stderr
    assert "energy_j" in checked.stdout
