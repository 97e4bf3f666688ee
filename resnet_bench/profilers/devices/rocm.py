"""AMD's devices, which torch calls "cuda" too: its allocator's counters; their state is not read yet."""

import torch

from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.devices.cuda import TorchCuda
from resnet_bench.profilers.devices.instruments import Instruments
from resnet_bench.specs.arithmetic import Arithmetic


class Rocm(TorchCuda):
    """Instruments of AMD's devices."""

    kind = kind_named("rocm")

    def _is_ours(self, current: torch.device) -> bool:
        return super()._is_ours(current) and torch.version.hip is not None

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return name, memory and HIP's version."""
        properties = torch.cuda.get_device_properties(device)
        return DeviceFacts(name=properties.name, memory_bytes=properties.total_memory, hip=torch.version.hip)

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        """Refuse TF32, and let MIOpen try its algorithms.

        Raises:
            UnsupportedError: TF32 was asked for.
        """
        super().set_arithmetic(arithmetic, device)
        torch.backends.cudnn.benchmark = True


INSTRUMENTS: Instruments = Rocm()
