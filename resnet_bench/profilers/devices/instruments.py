"""What is measured on a device of any kind: the torch half of `machine/devices.py`. Imports torch."""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

import torch
from torch.profiler import ProfilerActivity

from resnet_bench.errors import UnsupportedError
from resnet_bench.machine import environment
from resnet_bench.machine.devices import DeviceFacts, DeviceKind
from resnet_bench.profilers.clock import Clock, DeviceClock
from resnet_bench.records import DeviceState
from resnet_bench.specs.arithmetic import Arithmetic


class Switches(NamedTuple):
    """What torch is allowed to do with products and convolutions, read back; None where there is no such switch."""

    tf32_matmul: bool | None = None
    tf32_convolution: bool | None = None
    cudnn_benchmark: bool | None = None
    cudnn_deterministic: bool | None = None


class Instruments(Protocol):
    """Clock, memory, energy and state of the devices of one kind; None is what a device cannot tell."""

    kind: DeviceKind

    def count(self) -> int:
        """Return how many devices of the kind torch can use here."""

    def unusable(self) -> str | None:
        """Say which devices the system has that torch cannot use, why, and what to do; None where there are none."""

    def device(self, name: str) -> torch.device:
        """Return torch's device of a name, "cuda:1"."""

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return what a device says of itself."""

    def state(self, device: torch.device) -> DeviceState:
        """Return the host's state and the device's, now."""

    def reading(self, device: torch.device) -> DeviceState:
        """Return the device's state alone, which is quicker; empty where it cannot tell."""

    def session(self) -> AbstractContextManager[None]:
        """Keep open what `reading` and `energy_j` ask, so that asking takes little while the device works."""

    def held_back_s(self, device: torch.device) -> dict[str, float]:
        """Return for how long the clocks have ever been held back, by reason; empty where nobody counts."""

    def clock(self, device: torch.device) -> Clock:
        """Return the clock by which iterations on a device are timed."""

    def synchronize(self, device: torch.device) -> None:
        """Wait until a device has done what was queued."""

    def make_current(self, device: torch.device) -> None:
        """Make a device the process's own: streams, events and graph captures belong to that one alone."""

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        """Let products be computed as asked for and not otherwise: float32 never silently means TF32.

        Raises:
            UnsupportedError: the device has no such arithmetic.
        """

    def switches(self) -> Switches:
        """Return how the switches stand that `set_arithmetic` moves."""

    def reset_peaks(self, device: torch.device) -> None:
        """Forget the peaks of the allocator's counters."""

    def peak_allocated_bytes(self, device: torch.device) -> int | None:
        """Return the most bytes that tensors held since the last reset."""

    def peak_reserved_bytes(self, device: torch.device) -> int | None:
        """Return the most bytes that the allocator's cache held since the last reset."""

    def workspace_bytes(self, device: torch.device) -> int | None:
        """Return what the library of products takes from the allocator, for each stream, and keeps."""

    def free_bytes(self, device: torch.device) -> int | None:
        """Return how much of the device's memory nobody has taken; the allocator's cache is taken."""

    def empty_cache(self) -> None:
        """Let the allocator give back what it keeps for later, so that nobody else is given parts of it."""

    def energy_j(self, device: torch.device) -> float | None:
        """Return the device's total energy counter in joules."""

    def processes(self, device: torch.device) -> dict[int, int | None] | None:
        """Return the memory in bytes of each process on the device by its id."""

    def activities(self) -> list[ProfilerActivity]:
        """Return what torch's profiler is to record."""

    def pins_memory(self) -> bool:
        """Say whether host memory must be pinned for a copy that does not wait."""


class Accelerator:
    """What torch.accelerator says of every kind; the kinds' own classes know more."""

    kind: DeviceKind

    def count(self) -> int:
        """Return how many devices of the kind torch can use here."""
        if not torch.accelerator.is_available():
            return 0
        current = torch.accelerator.current_accelerator()
        return torch.accelerator.device_count() if current is not None and self._is_ours(current) else 0

    def _is_ours(self, current: torch.device) -> bool:
        return current.type == self.kind.torch_type

    def unusable(self) -> str | None:
        """Return None: nobody but torch can be asked."""
        return None

    def device(self, name: str) -> torch.device:
        """Return torch's device of a name."""
        return torch.device(name)

    def facts(self, device: torch.device) -> DeviceFacts:
        """Return the device's name."""
        return DeviceFacts(name=str(device))

    def state(self, device: torch.device) -> DeviceState:  # noqa: ARG002 - the host's, where the device cannot tell
        """Return the host's state."""
        return environment.host_state()

    def reading(self, device: torch.device) -> DeviceState:  # noqa: ARG002 - the device cannot tell
        """Return nothing."""
        return DeviceState()

    def session(self) -> AbstractContextManager[None]:
        """There is nothing to keep open."""
        return nullcontext()

    def held_back_s(self, device: torch.device) -> dict[str, float]:  # noqa: ARG002 - the device cannot tell
        """Return nothing: nobody counts."""
        return {}

    def clock(self, device: torch.device) -> Clock:
        """Return a clock by the device's events, or the host's where they carry no time."""
        return DeviceClock(device)

    def synchronize(self, device: torch.device) -> None:
        """Wait until a device has done what was queued."""
        torch.accelerator.synchronize(device)

    def make_current(self, device: torch.device) -> None:
        """Make a device the process's own."""
        torch.accelerator.set_device_index(device)

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        """Refuse TF32, which only some kinds have.

        Raises:
            UnsupportedError: it was asked for.
        """
        refuse_tensor_float(arithmetic, device)

    def switches(self) -> Switches:
        """There are none."""
        return Switches()

    def reset_peaks(self, device: torch.device) -> None:
        """There are no counters to reset."""

    def peak_allocated_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - as above
        """Return None: there is no such counter."""
        return None

    def peak_reserved_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - as above
        """Return None: there is no such counter."""
        return None

    def workspace_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - as above
        """Return None: nothing is known of it."""
        return None

    def free_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - as above
        """Return None: nothing is known of it."""
        return None

    def empty_cache(self) -> None:
        """There is none that is known of."""

    def energy_j(self, device: torch.device) -> float | None:  # noqa: ARG002 - as above
        """Return None: there is no such counter."""
        return None

    def processes(self, device: torch.device) -> dict[int, int | None] | None:  # noqa: ARG002 - as above
        """Return None: the device cannot tell."""
        return None

    def activities(self) -> list[ProfilerActivity]:
        """Return the host's alone."""
        return [ProfilerActivity.CPU]

    def pins_memory(self) -> bool:
        """Memory need not be pinned."""
        return False


def refuse_tensor_float(arithmetic: Arithmetic, device: torch.device) -> None:
    """Refuse TF32 on a device that has none.

    Raises:
        UnsupportedError: it was asked for.
    """
    if arithmetic.tensor_float:
        raise UnsupportedError(f"tf32 needs a CUDA device of compute capability 8.0 or later, not {device}.")
