"""What NVIDIA's management library says of a device, found by its UUID; None wherever it cannot tell.

By UUID: NVML ignores CUDA_VISIBLE_DEVICES and numbers on its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What holds clocks back, in our words and NVML's.
THROTTLES = {
    "power": "nvmlClocksThrottleReasonSwPowerCap",
    "hardware slowdown": "nvmlClocksThrottleReasonHwSlowdown",
    "software thermal slowdown": "nvmlClocksThrottleReasonSwThermalSlowdown",
    "hardware thermal slowdown": "nvmlClocksThrottleReasonHwThermalSlowdown",
    "power brake": "nvmlClocksThrottleReasonHwPowerBrakeSlowdown",
}


def state(uuid: str) -> dict[str, Any]:
    """Return clocks in Hz, temperature in degrees Celsius, power in W and throttle reasons: fields of `DeviceState`."""
    with _device(uuid) as (nvml, handle):
        if nvml is None:
            return {}
        sm_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        memory_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_MEM)
        power = _reading(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
        reasons = _reading(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle) or 0
        return {
            "sm_clock_hz": None if sm_clock is None else sm_clock * 1e6,
            "memory_clock_hz": None if memory_clock is None else memory_clock * 1e6,
            "temperature_c": _reading(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            "power_w": None if power is None else power / 1e3,
            "throttle_reasons": tuple(
                word for word, name in THROTTLES.items() if int(reasons) & getattr(nvml, name, 0)
            ),
        }


def energy_j(uuid: str) -> float | None:
    """Return the device's total energy counter in joules."""
    with _device(uuid) as (nvml, handle):
        millijoules = None if nvml is None else _reading(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, handle)
        return None if millijoules is None else millijoules / 1e3


def processes(uuid: str) -> dict[int, int | None] | None:
    """Return the memory in bytes of each process on the device by its id."""
    with _device(uuid) as (nvml, handle):
        if nvml is None:
            return None
        try:
            found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        except nvml.NVMLError:
            return None
        return {process.pid: process.usedGpuMemory for process in found}


def driver() -> str | None:
    """Return the driver's version."""
    with _session() as nvml:
        return None if nvml is None else str(nvml.nvmlSystemGetDriverVersion())


def device_count() -> int:
    """Return how many devices NVML sees."""
    with _session() as nvml:
        return 0 if nvml is None else int(nvml.nvmlDeviceGetCount())


@contextmanager
def _session() -> Iterator[Any]:
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
def _device(uuid: str) -> Iterator[tuple[Any, Any]]:
    """Yield the NVML binding and its handle of a device, (None, None) where NVML does not know it."""
    with _session() as nvml:
        if nvml is None:
            yield None, None
            return
        try:
            found = nvml, nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        except nvml.NVMLError:
            found = None, None
        yield found


def _reading(nvml: Any, read: Callable[..., Any], *arguments: Any) -> float | None:
    """Return what a device can tell; not every one knows its power, clocks or temperature."""
    try:
        return float(read(*arguments))
    except nvml.NVMLError:
        return None
