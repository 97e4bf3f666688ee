"""The host itself: work is done when the call returns, and memory is the process's."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.profiler import ProfilerActivity

from resnet_bench.machine import environment
from resnet_bench.machine.devices import DeviceFacts, kind_named
from resnet_bench.profilers.clock import Clock, HostClock
from resnet_bench.profilers.devices.instruments import Instruments, Switches, refuse_tensor_float
from resnet_bench.records import DeviceState
from resnet_bench.specs.arithmetic import Arithmetic


class Cpu:
    """Instruments of the host."""

    kind = kind_named("cpu")

    def count(self) -> int:
        """There is one."""
        return 1

    def unusable(self) -> str | None:
        """Return None: torch always can."""
        return None

    def device(self, name: str) -> torch.device:
        """Return torch's device."""
        return torch.device(name)

    def facts(self, device: torch.device) -> DeviceFacts:  # noqa: ARG002 - there is one
        """Return the processor's name."""
        return DeviceFacts(name=environment.cpu_name())

    def state(self, device: torch.device) -> DeviceState:  # noqa: ARG002 - there is one
        """Return load and clock."""
        return environment.host_state()

    def reading(self, device: torch.device) -> DeviceState:  # noqa: ARG002 - there is one
        """Return nothing: what the host is like is its state."""
        return DeviceState()

    def session(self) -> AbstractContextManager[None]:
        """There is nothing to keep open."""
        return nullcontext()

    def held_back_s(self, device: torch.device) -> dict[str, float]:  # noqa: ARG002 - there is one
        """Return nothing: nobody counts."""
        return {}

    def clock(self, device: torch.device) -> Clock:  # noqa: ARG002 - there is one
        """Return the host's clock."""
        return HostClock()

    def synchronize(self, device: torch.device) -> None:
        """Nothing is queued."""

    def make_current(self, device: torch.device) -> None:
        """It always is."""

    def set_arithmetic(self, arithmetic: Arithmetic, device: torch.device) -> None:
        """Refuse TF32.

        Raises:
            UnsupportedError: it was asked for.
        """
        refuse_tensor_float(arithmetic, device)

    def switches(self) -> Switches:
        """There are none."""
        return Switches()

    def reset_peaks(self, device: torch.device) -> None:
        """There are no counters: allocations are counted by torch's profiler."""

    def peak_allocated_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - there is one
        """Return None: allocations are counted by torch's profiler."""
        return None

    def peak_reserved_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - there is one
        """Return None: the allocator keeps no cache."""
        return None

    def workspace_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - there is one
        """Return None: nothing is known of it."""
        return None

    def free_bytes(self, device: torch.device) -> int | None:  # noqa: ARG002 - there is one
        """Return None: nothing is held apart from the host's."""
        return None

    def empty_cache(self) -> None:
        """There is none."""

    def energy_j(self, device: torch.device) -> float | None:  # noqa: ARG002 - there is one
        """Return None: there is no counter that any user may read."""
        return None

    def processes(self, device: torch.device) -> dict[int, int | None] | None:  # noqa: ARG002 - there is one
        """Return None: CPU time tells of others."""
        return None

    def activities(self) -> list[ProfilerActivity]:
        """Return the host's."""
        return [ProfilerActivity.CPU]

    def pins_memory(self) -> bool:
        """Nothing is copied."""
        return False


INSTRUMENTS: Instruments = Cpu()
