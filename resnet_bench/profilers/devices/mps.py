"""Apple's GPUs by torch.mps; written against its documentation, no such device was at hand.

Its allocator counts what is held now and keeps no peak, so peaks are unavailable.
"""

import torch

from resnet_bench.machine import environment
from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.devices.instruments import Accelerator, Instruments


class Mps(Accelerator):
    """Instruments of Apple's GPUs."""

    kind = kind_named("mps")

    def facts(self, device: torch.device) -> DeviceFacts:  # noqa: ARG002 - there is one
        """Return the chip's name, and the memory that the GPU may use of the machine's."""
        limit = getattr(torch.mps, "recommended_max_memory", None)
        name = getattr(torch.backends.mps, "get_name", environment.cpu_name)  # torch 2.8 or so, and newer
        return DeviceFacts(name=name(), memory_bytes=None if limit is None else int(limit()))

    def empty_cache(self) -> None:
        """Give back what the allocator keeps."""
        torch.mps.empty_cache()


INSTRUMENTS: Instruments = Mps()
