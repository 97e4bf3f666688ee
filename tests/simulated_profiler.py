"""torch's profiler over a simulated device: operators with the kernels that they launched, under ranges and nodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch

from tests.simulated_device import Kernel, SimulatedDevice

_US = 1e6


class Span(NamedTuple):
    """When something happened, in microseconds."""

    start: float
    end: float

    def elapsed_us(self) -> float:
        return self.end - self.start


class Event:
    """As much of a profiler's event as is read; what happens inside of it comes later, and ends before it."""

    device_type = SimpleNamespace(name="CPU")

    def __init__(self, name: str, start_s: float, parent: "Event | None", *, sequence_nr: int = -1) -> None:
        self.name, self.cpu_parent, self.sequence_nr = name, parent, sequence_nr
        self.kernels: list[Any] = []
        self.input_shapes: list[list[int]] = []
        self._start_s = self._end_s = start_s

    def ends(self, end_s: float) -> None:
        self._end_s = end_s

    @property
    def time_range(self) -> Span:
        return Span(self._start_s * _US, self._end_s * _US)

    @property
    def cpu_time_total(self) -> float:
        return self.time_range.elapsed_us()

    @property
    def device_time_total(self) -> float:
        return sum(kernel.duration for kernel in self.kernels)


class SimulatedProfiler:
    """The one profiler of a device; `events` are those of the last profile."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._open: list[Event] = []
        self._node: tuple[int, Event] | None = None
        self.recording = False
        self.found: list[Event] = []

    @contextmanager
    def profile(self, **_: Any) -> Iterator[Any]:
        self.found, self.recording, self._device.history = [], True, []
        try:
            yield SimpleNamespace(events=lambda: self.found)
        finally:
            self.recording, self._device.history = False, None

    @contextmanager
    def record_function(self, name: str) -> Iterator[None]:
        if not self.recording:
            yield
            return
        event = self._begin(name, self._open[-1] if self._open else None)
        self._open.append(event)
        try:
            yield
        finally:
            self._open.pop().ends(self._device.host_s)

    @contextmanager
    def operator(self, name: str, inputs: list[torch.Tensor]) -> Iterator[None]:
        """Record an operator and the kernels that it launches."""
        if not self.recording or self._device.history is None:
            yield
            return
        before = len(self._device.history)
        event = self._begin(name, *self._place(inputs))
        event.input_shapes = [list(tensor.shape) for tensor in inputs]
        yield
        event.ends(self._device.host_s)
        event.kernels = [_kernel(kernel) for kernel in self._device.history[before:]]

    def _begin(self, name: str, parent: Event | None, sequence_nr: int = -1) -> Event:
        event = Event(name, self._device.host_s, parent, sequence_nr=sequence_nr)
        self.found.append(event)
        return event

    def _place(self, inputs: list[torch.Tensor]) -> tuple[Event | None, int]:
        """Return what an operator runs in, a node of the backward pass or the innermost range, and its number.

        The number is that of the next node as the operator began, which by now is made where there is one.
        """
        node = torch._C._current_autograd_node()
        if node is None:
            made = torch.is_grad_enabled() and any(it.requires_grad for it in inputs)
            return (self._open[-1] if self._open else None), torch._C._autograd._get_sequence_nr() - made
        number = node._sequence_nr()
        if self._node is None or self._node[0] != number or self._node[1] not in self.found[-64:]:
            outer = self._open[-1] if self._open else None
            self._node = number, self._begin(f"autograd::engine::evaluate_function: {node.name()}", outer, number)
        self._node[1].ends(self._device.host_s)
        return self._node[1], number


def _kernel(kernel: Kernel) -> Any:
    return SimpleNamespace(name=kernel.name, duration=(kernel.end_s - kernel.start_s) * _US)
