"""Which bytes are alive when: a log of allocations and releases, and what its highest moment is made of.

Both sides write the same log: the closed form below, which follows eager execution and autograd operation by operation,
and the tracer on the meta device. The rules of autograd that matter: a node's inputs, outputs and saved tensors are
alive together, then inputs and saved tensors go; a tensor used twice has its gradients added in place.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.program import Op, OperationType, Tensor

_FLOAT_BYTES = 4
_INDEX_BYTES = 8
_OPTIMIZER_NUMBERS = {Optimizer.SGD: 0, Optimizer.MOMENTUM: 1, Optimizer.ADAM: 2}
_WEIGHTED = (OperationType.CONV, OperationType.LINEAR)
_SAVES = (
    OperationType.CONV,
    OperationType.LINEAR,
    OperationType.NORM,
    OperationType.MAX_POOL,
    OperationType.RELU,
)  # their input, ReLU its output


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
    """Bytes that are there from the first iteration to the last."""

    weights: int
    trainable: int
    buffers: int
    input: int


def assemble(log: Log, always: AlwaysAlive, *, mode: Mode, optimizer: Optimizer) -> PredictedMemory:
    """Return the predicted memory of one iteration that logged `log`.

    The optimizer's own step comes after the backward pass, with every gradient there and no activation.
    """
    peak, alive = log.peak()
    if mode is Mode.INFERENCE:
        gradients = state = temporary = absent = 0
        activations = peak
    else:
        gradients = always.trainable
        state = _OPTIMIZER_NUMBERS[optimizer] * always.trainable
        activations = log.saved_bytes()
        there = sum(size for key, size in alive.items() if key in log.gradients)
        kept = sum(size for key, size in alive.items() if key in log.saved)
        temporary = peak - there - kept
        absent = (gradients - there) + (activations - kept)
        if gradients > peak:  # at the optimizer's step: all gradients, nothing else
            peak, temporary, absent = gradients, 0, activations
    return PredictedMemory(
        weights_bytes=always.weights,
        buffers_bytes=always.buffers,
        input_bytes=always.input,
        gradients_bytes=gradients,
        optimizer_bytes=state,
        activations_bytes=activations,
        temporary_bytes=temporary,
        absent_bytes=absent,
        peak_bytes=always.weights + always.buffers + always.input + state + peak,
    )


class _Storage:
    __slots__ = ("key", "refs", "size")

    def __init__(self, key: int, size: int) -> None:
        self.key, self.size, self.refs = key, size, 1


class Walk:
    """One iteration followed operation by operation; `run` returns its log."""

    def __init__(self, ops: list[Op], *, mode: Mode, precision: Precision, batch_size: int) -> None:
        self.ops = ops
        self.training = mode is Mode.TRAINING
        self.arithmetic = arithmetic(precision)
        self.autocast = self.arithmetic.autocast
        self.batch_size = batch_size
        self.log = Log()
        self.count = 0
        self.named: dict[int, _Storage] = {}
        self.saved: list[list[_Storage]] = []
        self.pending: dict[int, _Storage] = {}

    def run(self) -> Log:
        """Return the log of a forward pass, or of forward, loss and backward."""
        cast: list[_Storage] = []
        for op in self.ops:
            self._forward(op, cast)
        if not self.training:
            return self.log
        self._loss_and_backward(cast)
        return self.log

    # -- storages ------------------------------------------------------------------------------------------

    def _new(self, size: int) -> _Storage:
        self.count += 1
        storage = _Storage(self.count, size)
        self.log.add(storage.key, size)
        return storage

    def _hold(self, storage: _Storage) -> _Storage:
        storage.refs += 1
        return storage

    def _release(self, storage: _Storage) -> None:
        storage.refs -= 1
        if storage.refs == 0:
            self.log.add(storage.key, -storage.size)

    def _release_all(self, storages: Iterable[_Storage]) -> None:
        for storage in storages:
            self._release(storage)

    def _size(self, tensor: Tensor) -> int:
        return tensor.elements * self.batch_size * self.arithmetic.activation_bytes

    # -- forward -------------------------------------------------------------------------------------------

    def _forward(self, op: Op, cast: list[_Storage]) -> None:
        """Allocate what `op` writes, keep what its backward needs, and let go of what the code lets go of."""
        saved: list[_Storage] = []
        if self.autocast and op.kind in _WEIGHTED:
            if op.reads[0].number == 0:
                self.named[0] = self._new(self._size(op.reads[0]))
            biases = op.writes.channels if op.kind is OperationType.LINEAR else 0
            lowered = self.arithmetic.activation_bytes
            cast += [self._new((op.parameters - biases) * lowered), self._new(biases * lowered)]
            saved.append(self._hold(cast[-2]))
        if op.writes.number not in self.named:
            self.named[op.writes.number] = self._new(self._size(op.writes))
        if op.kind is OperationType.NORM:
            saved.append(self._new(2 * op.writes.channels * self.arithmetic.statistic_bytes))
        if op.kind is OperationType.MAX_POOL:
            saved.append(self._new(op.writes.elements * self.batch_size * _INDEX_BYTES))
        kept = op.writes if op.kind is OperationType.RELU else op.reads[0]
        if op.kind in _SAVES and kept.number in self.named:
            saved.append(self._hold(self.named[kept.number]))
        if self.training:
            self.saved.append(saved)
        else:
            self._release_all(saved)
        self._release_all(self.named[number] for number in op.drops if number in self.named)

    # -- loss and backward ---------------------------------------------------------------------------------

    def _loss_and_backward(self, cast: list[_Storage]) -> None:
        """Cross entropy in fp32 under autocast, else in the activations' precision."""
        logits = self.named[self.ops[-1].writes.number]
        element = _FLOAT_BYTES if self.autocast else self.arithmetic.activation_bytes
        size = self.ops[-1].writes.elements * self.batch_size * element
        full = self._new(size) if self.autocast else None
        log_probabilities = self._new(size)
        if full is not None:
            self._release(full)
        loss, total_weight = self._new(element), self._new(element)
        self._release(logits)
        self._release_all(cast)
        self.log.end_of_forward()
        root = self._new(loss.size)
        of_probabilities = self._new(size)
        gradient = self._new(size)
        self._release(of_probabilities)
        self._release(log_probabilities)
        self._release(total_weight)
        if self.autocast:
            half = self._new(logits.size)
            self._release(gradient)
            gradient = half
        self.pending[self.ops[-1].writes.number] = gradient
        for op, saved in zip(reversed(self.ops), reversed(self.saved), strict=True):
            self._backward(op, saved)
        self._release(root)

    def _backward(self, op: Op, saved: list[_Storage]) -> None:
        gradient = self.pending.pop(op.writes.number)
        source = op.reads[0]
        outputs: list[tuple[Tensor, _Storage]] = []
        lowered: _Storage | None = None
        if op.kind is OperationType.ADD:
            outputs = [(tensor, self._hold(gradient)) for tensor in op.reads]
        elif source.number != 0:
            outputs = [(source, self._new(self._size(source)))]
        if op.parameters:
            if op.kind is not OperationType.NORM and self.autocast:
                lowered = self._new(op.parameters * self.arithmetic.activation_bytes)
            else:
                self._gradient(op)
        self._release(gradient)
        self._release_all(saved)
        for tensor, storage in outputs:
            self._route(tensor, storage)
        if lowered is not None:
            self._gradient(op)
            self._release(lowered)

    def _gradient(self, op: Op) -> None:
        self.log.gradients.add(self._new(op.parameters * self.arithmetic.weight_bytes).key)

    def _route(self, tensor: Tensor, gradient: _Storage) -> None:
        """Hand a gradient to whoever made `tensor`; a second one is added to the first, in place if unshared."""
        first = self.pending.get(tensor.number)
        if first is None:
            self.pending[tensor.number] = gradient
        elif first.refs == 1:
            self._release(gradient)
        else:
            self.pending[tensor.number] = self._new(first.size)
            self._release(first)
            self._release(gradient)
