"""What machine this is, which software runs on it, and in what state it is at this moment.

torch and NVML are imported only by the functions that need them, so the parent of a sweep never loads torch.
"""

import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from resnet_bench.errors import DeviceError
from resnet_bench.records import DeviceState, Environment, Identity, MachineState

if TYPE_CHECKING:
    import torch

_PACKAGES = ("resnet-bench", "torch", "torchvision", "fvcore", "numpy", "pandas", "plotly", "asv", "timm")
_CPU_FREQUENCY = Path("/sys/devices/system/cpu/cpu0/cpufreq")
_THROTTLES = {
    "power": "nvmlClocksThrottleReasonSwPowerCap",
    "hardware slowdown": "nvmlClocksThrottleReasonHwSlowdown",
    "software thermal slowdown": "nvmlClocksThrottleReasonSwThermalSlowdown",
    "hardware thermal slowdown": "nvmlClocksThrottleReasonHwThermalSlowdown",
    "power brake": "nvmlClocksThrottleReasonHwPowerBrakeSlowdown",
}


def collect(device: str) -> Environment:
    """Describe this machine as seen by `device`. Imports torch.

    Raises:
        DeviceError: the device is not there.
    """
    import torch

    target = find_device(device)
    name, memory, cuda, cudnn, driver = cpu_name(), None, None, None, None
    if target.type == "cuda":
        properties = torch.cuda.get_device_properties(target)
        name, memory, driver = properties.name, properties.total_memory, _driver()
        cuda, cudnn = torch.version.cuda, str(torch.backends.cudnn.version())
    identity = Identity(
        device=target.type,
        device_name=name,
        device_memory_bytes=memory,
        cpu_name=cpu_name(),
        physical_cores=psutil.cpu_count(logical=False) or logical_cores(),
        logical_cores=logical_cores(),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=str(torch.__version__),
        cuda=cuda,
        cudnn=cudnn,
        driver=driver,
    )
    return Environment(id=_digest(identity), identity=identity, state=_machine_state(str(target)))


def find_device(device: str) -> "torch.device":
    """Return the torch device called `device`; "auto" is the first accelerator, or else the CPU.

    Raises:
        DeviceError: no such device, with those that are there.
    """
    import torch

    present = available_devices()
    if device == "auto":
        return torch.device("cpu" if len(present) == 1 else present[1])
    try:
        target = torch.device(device)
    except RuntimeError as error:
        raise DeviceError(f"unknown device '{device}'; here are: {', '.join(present)}.") from error
    # "cuda" is the first of its kind, under the name that "auto" gives it: a case has one name.
    named = next((name for name in present if str(target) in {name, name.split(":")[0]}), None)
    if named is None:
        raise DeviceError(f"device '{device}' is not here; here are: {', '.join(present)}.")
    return torch.device(named)


def available_devices() -> tuple[str, ...]:
    """Return the devices that torch can use here, the CPU first: ("cpu", "cuda:0", "cuda:1")."""
    import torch

    if not torch.accelerator.is_available():
        return ("cpu",)
    accelerator = torch.accelerator.current_accelerator()
    kind = accelerator.type if accelerator is not None else "cuda"
    return ("cpu", *(f"{kind}:{index}" for index in range(torch.accelerator.device_count())))


def device_state(device: str) -> DeviceState:
    """Return load and clocks now; of a CUDA device also temperature, power and throttle reasons."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    clock = _cpu_clock_hz()
    if not device.startswith("cuda"):
        return DeviceState(load_average=load, cpu_clock_hz=clock)
    with _nvml_device(device) as (nvml, handle):
        if nvml is None:
            return DeviceState(load_average=load, cpu_clock_hz=clock)
        sm_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        memory_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_MEM)
        power = _reading(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
        reasons = _reading(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle) or 0
        return DeviceState(
            load_average=load,
            cpu_clock_hz=clock,
            sm_clock_hz=None if sm_clock is None else sm_clock * 1e6,
            memory_clock_hz=None if memory_clock is None else memory_clock * 1e6,
            temperature_c=_reading(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            power_w=None if power is None else power / 1e3,
            throttle_reasons=tuple(word for word, name in _THROTTLES.items() if int(reasons) & getattr(nvml, name, 0)),
        )


def energy_j(device: str) -> float | None:
    """Return the device's total energy counter in joules, or None where it has none."""
    if not device.startswith("cuda"):
        return None
    with _nvml_device(device) as (nvml, handle):
        millijoules = None if nvml is None else _reading(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, handle)
        return None if millijoules is None else millijoules / 1e3


def gpu_processes(device: str) -> dict[int, int | None] | None:
    """Return the memory in bytes of each process on a CUDA device by its id, or None where that is unknown."""
    if not device.startswith("cuda"):
        return None
    with _nvml_device(device) as (nvml, handle):
        if nvml is None:
            return None
        try:
            processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        except nvml.NVMLError:
            return None
        return {process.pid: process.usedGpuMemory for process in processes}


def cpu_name() -> str:
    """Return the processor's name as the system knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def logical_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads() -> int:
    """Return all physical cores but one: idle OpenMP threads spin, and a neighbour on the last core stalls them all."""
    physical = psutil.cpu_count(logical=False) or logical_cores()
    return max(1, min(physical, logical_cores()) - 1)


def has_nvidia_device() -> bool:
    """Say whether NVML sees a device, without loading torch: a guess at what "auto" will be."""
    with _nvml() as nvml:
        return nvml is not None and nvml.nvmlDeviceGetCount() > 0


def _machine_state(device: str) -> MachineState:
    governor = _CPU_FREQUENCY / "scaling_governor"
    maximum = _CPU_FREQUENCY / "cpuinfo_max_freq"
    return MachineState(
        hostname=platform.node(),
        governor=governor.read_text().strip() if governor.exists() else None,
        cpu_clock_max_hz=float(maximum.read_text()) * 1e3 if maximum.exists() else None,
        packages=dict(_versions()),
        state=device_state(device),
    )


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def _cpu_clock_hz() -> float | None:
    frequency = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    return frequency.current * 1e6 if frequency is not None and frequency.current else None


def _digest(identity: Identity) -> str:
    return hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:12]


def _driver() -> str | None:
    with _nvml() as nvml:
        return None if nvml is None else str(nvml.nvmlSystemGetDriverVersion())


@contextmanager
def _nvml() -> Iterator[Any]:
    """Yield the NVML binding, or None where there is no NVIDIA driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


@contextmanager
def _nvml_device(device: str) -> Iterator[tuple[Any, Any]]:
    """Yield the NVML binding and its handle of a torch device, (None, None) where NVML does not know it.

    By UUID: NVML ignores CUDA_VISIBLE_DEVICES and numbers on its own.
    """
    import torch

    with _nvml() as nvml:
        if nvml is None:
            yield None, None
            return
        index = int(device.split(":")[1]) if ":" in device else torch.cuda.current_device()
        try:
            found = nvml, nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(index).uuid}")
        except nvml.NVMLError:
            found = None, None
        yield found


def _reading(nvml: Any, read: Callable[..., Any], *arguments: Any) -> float | None:
    """Return what a device can tell; not every one knows its power, clocks or temperature."""
    try:
        return float(read(*arguments))
    except nvml.NVMLError:
        return None
