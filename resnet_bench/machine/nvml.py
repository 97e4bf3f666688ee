"""What NVIDIA's management library says of a device, found by its UUID; None wherever it cannot tell.

By UUID: NVML ignores CUDA_VISIBLE_DEVICES and numbers on its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# What holds clocks back, in our words and NVML's.
THROTTLES = {
    "power": "nvmlClocksThrottleReasonSwPowerCap",
    "hardware slowdown": "nvmlClocksThrottleReasonHwSlowdown",
    "software thermal slowdown": "nvmlClocksThrottleReasonSwThermalSlowdown",
    "hardware thermal slowdown": "nvmlClocksThrottleReasonHwThermalSlowdown",
    "power brake": "nvmlClocksThrottleReasonHwPowerBrakeSlowdown",
}

# A card at its power limit works as it is meant to; the other reasons say that something is wrong with it or its place.
POWER_CAP = "power"
# What the driver counts the time of, in our words and NVML's.
_COUNTED = {POWER_CAP: "NVML_PERF_POLICY_POWER", "thermal": "NVML_PERF_POLICY_THERMAL"}


@contextmanager
def session() -> Iterator[None]:
    """Keep the library open: opening it takes tens of milliseconds, in which a device that is measured would idle."""
    with _session():
        yield


def state(uuid: str) -> dict[str, Any]:
    """Return clocks in Hz, temperature in degrees Celsius, power in W and throttle reasons: fields of `DeviceState`."""
    with _device(uuid) as (nvml, handle):
        if nvml is None:
            return {}
        sm_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        memory_clock = _reading(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_MEM)
        power = _reading(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
        limit = _reading(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        reasons = _reading(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle) or 0
        return {
            "sm_clock_hz": None if sm_clock is None else sm_clock * 1e6,
            "memory_clock_hz": None if memory_clock is None else memory_clock * 1e6,
            "temperature_c": _reading(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            "power_w": None if power is None else power / 1e3,
            "power_limit_w": None if limit is None else limit / 1e3,
            "throttle_reasons": tuple(
                word for word, name in THROTTLES.items() if int(reasons) & getattr(nvml, name, 0)
            ),
        }


def settings(uuid: str) -> dict[str, Any]:
    """Return what an administrator has set and what decides its speed: fields of `Identity`."""
    with _device(uuid) as (nvml, handle):
        if nvml is None:
            return {}
        limit = _reading(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        ecc = _reading(nvml, lambda it: nvml.nvmlDeviceGetEccMode(it)[0], handle)
        persistence = _reading(nvml, nvml.nvmlDeviceGetPersistenceMode, handle)
        return {
            "power_limit_w": None if limit is None else limit / 1e3,
            "ecc": None if ecc is None else bool(ecc),
            "persistence": None if persistence is None else bool(persistence),
        }


def held_back_s(uuid: str) -> dict[str, float]:
    """Return for how long clocks have been held back since the driver was loaded, by reason, where it counts that."""
    with _device(uuid) as (nvml, handle):
        if nvml is None:
            return {}

        def nanoseconds(policy: int) -> float:
            return float(nvml.nvmlDeviceGetViolationStatus(handle, policy).violationTime)

        found = {word: _reading(nvml, nanoseconds, getattr(nvml, name)) for word, name in _COUNTED.items()}
        return {word: value / 1e9 for word, value in found.items() if value is not None}


def energy_j(uuid: str) -> float | None:
    """Return the device's total energy counter in joules."""
    with _device(uuid) as (nvml, handle):
        millijoules = None if nvml is None else _reading(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, handle)
        return None if millijoules is None else millijoules / 1e3


def processes(uuid: str) -> dict[int, int | None] | None:
    """Return the memory in bytes of each process on the device by its id."""
    with _device(uuid) as (nvml, handle):
        found = None if nvml is None else _told(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle)
        # Whoever asks has a context there: an empty list is that of a container that may see no process.
        return {process.pid: process.usedGpuMemory for process in found} if found else None


def driver() -> str | None:
    """Return the driver's version."""
    with _session() as nvml:
        version = None if nvml is None else _told(nvml, nvml.nvmlSystemGetDriverVersion)
        return None if version is None else str(version)


def newest_cuda() -> str | None:
    """Return the newest version of CUDA that the driver runs: "12.4"."""
    with _session() as nvml:
        version = None if nvml is None else _told(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2)
        return None if version is None else f"{version // 1000}.{version % 1000 // 10}"


def device_names() -> tuple[str, ...]:
    """Return the names of the devices that NVML sees."""
    with _session() as nvml:
        if nvml is None:
            return ()
        count = _told(nvml, nvml.nvmlDeviceGetCount) or 0
        handles = [_told(nvml, nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
        names = [None if handle is None else _told(nvml, nvml.nvmlDeviceGetName, handle) for handle in handles]
        return tuple("an NVIDIA device" if name is None else str(name) for name in names)


def device_count() -> int:
    """Return how many devices NVML sees."""
    with _session() as nvml:
        return int((nvml and _told(nvml, nvml.nvmlDeviceGetCount)) or 0)


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
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


@contextmanager
def _device(uuid: str) -> Iterator[tuple[Any, Any]]:
    """Yield the NVML binding and its handle of a device, (None, None) where NVML does not know it."""
    with _session() as nvml:
        if nvml is None:
            yield None, None
            return
        handle = _told(nvml, nvml.nvmlDeviceGetHandleByUUID, f"GPU-{uuid}")
        yield (None, None) if handle is None else (nvml, handle)


def _reading(nvml: Any, read: Callable[..., Any], *arguments: Any) -> float | None:
    """Return what a device can tell; not every one knows its power, clocks or temperature."""
    told = _told(nvml, read, *arguments)
    return None if told is None else float(told)


def _told(nvml: Any, ask: Callable[..., Any], *arguments: Any) -> Any:
    """Return an answer, None where there is none: not supported, not permitted, or lost on the way."""
    try:
        return ask(*arguments)
    except nvml.NVMLError:
        return None
