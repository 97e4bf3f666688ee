"""Which bytes are alive when: a log of allocations and releases, and what its highest moment is made of.

Both sides write the same log: the closed form (`specs.walk`), which follows eager execution and autograd operation by
operation, and the tracer on the meta device.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from resnet_bench.records import Mode, Optimizer, PredictedMemory, Update
from resnet_bench.specs.updates import state_bytes, temporary_bytes

_SEGMENT, _OWN_SEGMENT, _LARGEST_REST = 2 * 2**20, 10 * 2**20, 2**20


class Log:
    """Allocations and releases in time order; `saved` and `gradients` name those of the two kinds."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int]] = []
        self.saved: frozenset[int] = frozenset()
        self.gradients: set[int] = set()

    def add(self, key: int, delta: int) -> None:
        """Note `delta` bytes more or less for the storage `key`."""
        self.events.append((key, delta))

    def end_of_forward(self) -> None:
        """Note that what is alive now is what the backward pass keeps."""
        self.saved = frozenset(self._alive(self.events))

    def peak(self) -> tuple[int, Mapping[int, int]]:
        """Return the most bytes alive at one moment, and the storages of that moment."""
        live = highest = moment = 0
        for index, (_, delta) in enumerate(self.events, start=1):
            live += delta
            if live > highest:
                highest, moment = live, index
        return highest, self._alive(self.events[:moment])

    def rounding_bytes(self) -> int:
        """Return how much higher the peak is where an allocator rounds every block up."""
        rounded = Log()
        for key, delta in self.events:
            rounded.add(key, allocated(delta) if delta > 0 else -allocated(-delta))
        return rounded.peak()[0] - self.peak()[0]

    def saved_bytes(self) -> int:
        """Return the bytes that the forward pass left alive for the backward pass."""
        return sum(delta for key, delta in self.events if key in self.saved and delta > 0)

    @staticmethod
    def _alive(events: Iterable[tuple[int, int]]) -> dict[int, int]:
        alive: dict[int, int] = {}
        for key, delta in events:
            alive[key] = alive.get(key, 0) + delta
        return {key: size for key, size in alive.items() if size}


class AlwaysAlive(NamedTuple):
    """Bytes that are there from the first iteration to the last, and what rounding adds to them.

    `trained` are those of each weight that the loss reaches, in the optimizer's order: others get no gradient and no
    state.
    """

    weights: int
    trained: tuple[int, ...]
    buffers: int
    input: int
    rounding: int = 0


def allocated(size: int) -> int:
    """Return what torch's caching allocator takes of a device for `size` bytes (c10/cuda/CUDACachingAllocator.cpp).

    From 10 MiB on a block is cut from a segment of a multiple of 2 MiB, whose rest stays with the block where it is no
    more than 1 MiB. That smaller ones are rounded to 512 bytes comes to nothing, and is left out.
    """
    if size < _OWN_SEGMENT:
        return size
    segment = -(-size // _SEGMENT) * _SEGMENT
    return segment if segment - size <= _LARGEST_REST else size


def rounding(sizes: Iterable[int]) -> int:
    """Return what the caching allocator takes beyond tensors of these sizes."""
    return sum(allocated(size) - size for size in sizes)


def assemble(log: Log, always: AlwaysAlive, *, mode: Mode, optimizer: Optimizer, update: Update) -> PredictedMemory:
    """Return the predicted memory of one iteration that logged `log`.

    The optimizer's own step comes after the backward pass, with every gradient there and no activation.
    """
    peak, alive = log.peak()
    if mode is Mode.INFERENCE:
        gradients = state = temporary = absent = rounded_state = 0
        activations = peak
    else:
        gradients = sum(always.trained)
        state = state_bytes(optimizer, always.trained)
        rounded_state = state_bytes(optimizer, [rounding(always.trained)])
        activations = log.saved_bytes()
        there = sum(size for key, size in alive.items() if key in log.gradients)
        kept = sum(size for key, size in alive.items() if key in log.saved)
        temporary = peak - there - kept
        absent = (gradients - there) + (activations - kept)
        of_step = temporary_bytes(optimizer, update, always.trained)
        if gradients + of_step > peak:  # at the optimizer's step: all gradients, no activations
            peak, temporary, absent = gradients + of_step, of_step, activations
    return PredictedMemory(
        weights_bytes=always.weights,
        buffers_bytes=always.buffers,
        input_bytes=always.input,
        gradients_bytes=gradients,
        optimizer_bytes=state,
        activations_bytes=activations,
        temporary_bytes=temporary,
        absent_bytes=absent,
        rounding_bytes=always.rounding + rounded_state + log.rounding_bytes(),
        peak_bytes=always.weights + always.buffers + always.input + state + peak,
    )
