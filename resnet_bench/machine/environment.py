"""What machine this is, which software runs on it, and in what state it is at this moment. Never torch.

What a device says of itself comes from whoever has torch (`profilers/devices/`).
"""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import psutil

from resnet_bench.machine import cores, nvml, processor
from resnet_bench.machine.devices import DeviceFacts, DeviceKind
from resnet_bench.machine.identity import environment_id, memory_class
from resnet_bench.records import Allocator, DeviceState, Environment, Identity, MachineState

_PACKAGES = (
    *("resnet-bench", "torch", "torchvision", "fvcore", "numpy", "pandas", "plotly", "asv", "timm"),
    *("onnxruntime", "onnxruntime-gpu", "onnx", "onnxscript", "openvino", "nncf", "tensorrt"),
)
_CPU_FREQUENCY = Path("/sys/devices/system/cpu/cpu0/cpufreq")


def describe(kind: DeviceKind, facts: DeviceFacts, state: DeviceState, *, torch: str) -> Environment:
    """Describe this machine as seen by a device.

    Args:
        kind: of the device.
        facts: what the device says of itself.
        state: of the device and the host, now.
        torch: its version.
    """
    identity = Identity(
        device=kind.name,
        device_name=facts.name,
        device_memory_bytes=facts.memory_bytes,
        cpu_name=cpu_name(),
        physical_cores=psutil.cpu_count(logical=False) or logical_cores(),
        logical_cores=logical_cores(),
        memory_bytes=memory_class(psutil.virtual_memory().total),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=torch,
        cuda=facts.cuda,
        cudnn=facts.cudnn,
        driver=facts.driver,
        hip=facts.hip,
        power_limit_w=facts.power_limit_w,
        ecc=facts.ecc,
        persistence=facts.persistence,
        mig=facts.mig,
    )
    return Environment(id=environment_id(identity), identity=identity, state=machine_state(state))


def as_it_is_now(identity: Identity) -> Identity:
    """Return an identity of this machine with all that can be seen without torch as it is at present.

    What only torch can tell of a device stays as it was: its name, its memory, its libraries.
    """
    installed = dict(_versions()).get("torch", "")
    same_torch = identity.torch.partition("+")[0] == installed.partition("+")[0]  # an index may leave the build out
    return msgspec.structs.replace(
        identity,
        cpu_name=cpu_name(),
        physical_cores=psutil.cpu_count(logical=False) or logical_cores(),
        logical_cores=logical_cores(),
        memory_bytes=memory_class(psutil.virtual_memory().total),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=identity.torch if same_torch else installed or "not installed",
        driver=nvml.driver() or identity.driver if identity.cuda else identity.driver,
    )


def host_state() -> DeviceState:
    """Return the host's load and clock now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return DeviceState(load_average=load, cpu_clock_hz=_cpu_clock_hz())


def cpu_name() -> str:
    """Return the processor's name as the system knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@cache
def logical_cores() -> int:
    """Return the cores that this process may use, as first asked: OpenMP may bind the main thread to one later."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def has_glibc() -> bool:
    """Say whether the C library is glibc, whose allocator the environment can fix."""
    return platform.libc_ver()[0] == "glibc"


def usual_allocator() -> Allocator:
    """Return how the allocator of a case on the host is set where nothing is said."""
    return Allocator.FIXED if has_glibc() else Allocator.SHIPPED


def default_threads() -> int:
    """Return all physical cores but one: idle OpenMP threads spin, and a neighbour on the last core stalls them all."""
    return _spared(psutil.cpu_count(logical=False) or logical_cores(), logical_cores())


def threads_of(identity: Identity) -> int:
    """Return `default_threads` of another machine."""
    return _spared(identity.physical_cores, identity.logical_cores)


def _spared(physical: int, logical: int) -> int:
    return max(1, min(physical, logical) - 1)


def machine_state(state: DeviceState) -> MachineState:
    """Return what of this machine may differ between comparable runs, beside a device's state."""
    governor = _CPU_FREQUENCY / "scaling_governor"
    maximum = _CPU_FREQUENCY / "cpuinfo_max_freq"
    return MachineState(
        hostname=platform.node(),
        governor=governor.read_text().strip() if governor.exists() else None,
        cpu_clock_max_hz=float(maximum.read_text()) * 1e3 if maximum.exists() else None,
        packages=dict(_versions()),
        state=state,
        memory_bytes=psutil.virtual_memory().total,
        cores=cores.confined_to(),
        cpu_flags=processor.flags(),
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
