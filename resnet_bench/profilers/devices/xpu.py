"""Intel's GPUs by torch.xpu; written against its documentation, no such device was at hand."""

import torch
from torch.profiler import ProfilerActivity

from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.devices.instruments import Accelerator, Instruments


class Xpu(Accelerator):
    """Instruments of Intel's GPUs."""

    kind = kind_named("xpu")

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return name, memory and driver."""
        properties = torch.xpu.get_device_properties(device)
        return DeviceFacts(
            name=properties.name,
            memory_bytes=properties.total_memory,
            driver=getattr(properties, "driver_version", None),
        )

    def reset_peaks(self, device: torch.device) -> None:
        """Forget the peaks of the caching allocator."""
        torch.xpu.reset_peak_memory_stats(device)

    def peak_allocated_bytes(self, device: torch.device) -> int | None:
        """Return the peak of tensors."""
        return torch.xpu.max_memory_allocated(device)

    def peak_reserved_bytes(self, device: torch.device) -> int | None:
        """Return the peak of the caching allocator."""
        return torch.xpu.max_memory_reserved(device)

    def free_bytes(self, device: torch.device) -> int | None:
        """Return what the driver says, None where it does not tell, or torch has no word for it."""
        try:
            return torch.xpu.mem_get_info(device)[0]
        except (RuntimeError, AttributeError):
            return None

    def empty_cache(self) -> None:
        """Give back what the caching allocator keeps."""
        torch.xpu.empty_cache()

    def activities(self) -> list[ProfilerActivity]:
        """Return the host's and the device's."""
        return [ProfilerActivity.CPU, ProfilerActivity.XPU]

    def pins_memory(self) -> bool:
        """Copies from pageable memory wait."""
        return True


INSTRUMENTS: Instruments = Xpu()
