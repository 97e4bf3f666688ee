"""NVIDIA's devices: allocator counters, TF32, and what NVML says of clocks, power and throttling."""

import os
from contextlib import AbstractContextManager

import torch
from torch.profiler import ProfilerActivity

from resnet_bench.machine import environment, nvml
from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.devices import float32
from resnet_bench.profilers.devices.instruments import Accelerator, Instruments, Switches, refuse_tensor_float
from resnet_bench.records import DeviceState
from resnet_bench.specs.arithmetic import Arithmetic
from resnet_bench.words import counted, listed

_TF32_CAPABILITY = (8, 0)
_WHEELS = "https://download.pytorch.org/whl lists them"
# Bytes, by the major number of the compute capability (aten/src/ATen/cuda/CublasHandlePool.cpp): 4096 KiB and more
# twice and 16 KiB eight times; from Hopper on 32 MiB.
_WORKSPACE, _WORKSPACES = (2 * 4096 + 8 * 16) * 1024, dict.fromkeys((9, 10, 12), 4096 * 8 * 1024)
_WORKSPACE_VARIABLE = "CUBLAS_WORKSPACE_CONFIG"


class TorchCuda(Accelerator):
    """What torch.cuda says, whoever made the device."""

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return name and memory."""
        properties = torch.cuda.get_device_properties(device)
        return DeviceFacts(name=properties.name, memory_bytes=properties.total_memory)

    def switches(self) -> Switches:
        """Return those of cuBLAS and cuDNN."""
        return Switches(
            tf32_matmul=float32.tensor_float_products(),
            tf32_convolution=float32.tensor_float_convolutions(),
            cudnn_benchmark=torch.backends.cudnn.benchmark,
            cudnn_deterministic=torch.backends.cudnn.deterministic,
        )

    def reset_peaks(self, device: torch.device) -> None:
        """Forget the peaks of the caching allocator."""
        torch.cuda.reset_peak_memory_stats(device)

    def peak_allocated_bytes(self, device: torch.device) -> int | None:
        """Return the peak of tensors."""
        return torch.cuda.max_memory_allocated(device)

    def peak_reserved_bytes(self, device: torch.device) -> int | None:
        """Return the peak of the caching allocator."""
        return torch.cuda.max_memory_reserved(device)

    def free_bytes(self, device: torch.device) -> int | None:
        """Return what the driver says."""
        return torch.cuda.mem_get_info(device)[0]

    def empty_cache(self) -> None:
        """Give back what the caching allocator keeps."""
        torch.cuda.empty_cache()

    def activities(self) -> list[ProfilerActivity]:
        """Return the host's and the device's."""
        return [ProfilerActivity.CPU, ProfilerActivity.CUDA]

    def pins_memory(self) -> bool:
        """Copies from pageable memory wait."""
        return True


class Cuda(TorchCuda):
    """Instruments of NVIDIA's devices."""

    kind = kind_named("cuda")

    def _is_ours(self, current: torch.device) -> bool:
        return super()._is_ours(current) and torch.version.hip is None

    def unusable(self) -> str | None:
        """Say why torch cannot use the devices that NVML sees, unless they are hidden from it on purpose."""
        names = nvml.device_names()
        if not names or os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in {"", "-1", "none", "NoDevFiles"}:
            return None
        newest = nvml.newest_cuda()
        runs = f", which runs CUDA up to {newest}" if newest else ""
        cards = f"{counted(len(names), 'NVIDIA device')} ({listed(list(dict.fromkeys(names)))})"
        there = f"{cards} of driver {nvml.driver() or 'unknown'}{runs}, cannot be used by torch {torch.__version__}"
        built = torch.version.cuda
        if built is None:
            return f"{there}, which was built without CUDA; install a build for CUDA ({_WHEELS})"
        if newest and _major(newest) < _major(built):
            older = f"a torch for CUDA {_major(newest)} ({_WHEELS})"
            return f"{there}, which was built for CUDA {built}; update the driver, install {older}"
        return f"{there}, which was built for CUDA {built}: {_words_of_torch()}; mend that"

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return name, memory, libraries and driver."""
        properties = torch.cuda.get_device_properties(device)
        return DeviceFacts(
            name=properties.name,
            memory_bytes=properties.total_memory,
            cuda=torch.version.cuda,
            cudnn=str(torch.backends.cudnn.version()),
            driver=nvml.driver(),
            mig=_slice_of(properties.name),
            **nvml.settings(_uuid(device)),
        )

    def state(self, device: torch.device) -> DeviceState:
        """Return the host's state, and clocks, temperature, power and throttling."""
        host = environment.host_state()
        return DeviceState(load_average=host.load_average, cpu_clock_hz=host.cpu_clock_hz, **nvml.state(_uuid(device)))

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        """Allow TF32 where it is asked for, on every backend that has it, and let cuDNN try its algorithms.

        Raises:
            UnsupportedError: the device has no TF32.
        """
        if arithmetic.tensor_float and torch.cuda.get_device_capability(device) < _TF32_CAPABILITY:
            refuse_tensor_float(arithmetic, device)
        float32.set_rounding(tensor_float=arithmetic.tensor_float)
        torch.backends.cudnn.benchmark = True

    def reading(self, device: torch.device) -> DeviceState:
        """Return clocks, temperature, power and throttling."""
        return DeviceState(**nvml.state(_uuid(device)))

    def session(self) -> AbstractContextManager[None]:
        """Keep NVML open."""
        return nvml.session()

    def held_back_s(self, device: torch.device) -> dict[str, float]:
        """Return what the driver counts of power and heat."""
        return nvml.held_back_s(_uuid(device))

    def workspace_bytes(self, device: torch.device) -> int | None:
        """Return what torch gives cuBLAS by default, by architecture; None where a variable says otherwise."""
        if _WORKSPACE_VARIABLE in os.environ:
            return None
        return _WORKSPACES.get(torch.cuda.get_device_capability(device)[0], _WORKSPACE)

    def energy_j(self, device: torch.device) -> float | None:
        """Return NVML's counter."""
        return nvml.energy_j(_uuid(device))

    def processes(self, device: torch.device) -> dict[int, int | None] | None:
        """Return what NVML knows of them."""
        return nvml.processes(_uuid(device))


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _words_of_torch() -> str:
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().partition("\n")[0].rstrip(".")
    return "it finds none"


def _slice_of(name: str) -> str | None:
    """Return which slice of a card a device is, "1g.10gb"; None for a whole one."""
    _, is_slice, profile = name.partition(" MIG ")
    return profile if is_slice else None


def _uuid(device: torch.device) -> str:
    index = torch.cuda.current_device() if device.index is None else device.index
    return str(torch.cuda.get_device_properties(index).uuid)


INSTRUMENTS: Instruments = Cuda()
