"""One iteration followed operation by operation, as eager execution and autograd go: which storages live when.

The rules of autograd that matter: a node's inputs, outputs and saved tensors are alive together, then inputs and saved
tensors go; a tensor used twice has its gradients added in place.
"""

from collections.abc import Iterable

from resnet_bench.records import Mode, Precision
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.liveness import Log
from resnet_bench.specs.operation import (
    ACTIVATIONS,
    BATCH_NORMS,
    TRAINED_NORMS,
    WEIGHTED,
    Op,
    OperationType,
    Tensor,
)
from resnet_bench.specs.variants import NORM_GROUPS

_FLOAT_BYTES = 4
_INDEX_BYTES = 8
_SAVES_OUTPUT = frozenset({OperationType.RELU, OperationType.SIGMOID})
_SAVES_INPUT = (
    (ACTIVATIONS - _SAVES_OUTPUT)
    | WEIGHTED
    | TRAINED_NORMS
    | {OperationType.MAX_POOL, OperationType.AVG_POOL, OperationType.BLUR}
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

    def _bytes(self, elements: int) -> int:
        """Bytes of so many elements of one image's activations, for the batch."""
        return elements * self.batch_size * self.arithmetic.activation_bytes

    def _size(self, tensor: Tensor) -> int:
        return self._bytes(tensor.elements)

    # -- forward -------------------------------------------------------------------------------------------

    def _forward(self, op: Op, cast: list[_Storage]) -> None:
        """Allocate what `op` writes, keep what its backward needs, and let go of what the code lets go of."""
        saved: list[_Storage] = []
        if self.autocast and op.kind in WEIGHTED:
            if op.reads[0].number == 0:
                self.named[0] = self._new(self._size(op.reads[0]))
            lowered = [self._new(weight * self.arithmetic.activation_bytes) for weight in op.weights]
            cast += lowered
            saved.append(self._hold(lowered[0]))
        passing = self._made_before(op, saved)
        if op.writes.number not in self.named:
            self.named[op.writes.number] = self._new(self._size(op.writes))
        self._made_after(op, saved)
        self._release_all(passing)
        saved += [self._hold(self.named[it.number]) for it in _kept(op) if it.number in self.named]
        if self.training:
            self.saved.append(saved)
        else:
            self._release_all(saved)
        self._release_all(self.named[number] for number in op.drops if number in self.named)

    def _made_before(self, op: Op, saved: list[_Storage]) -> list[_Storage]:
        """Allocate what an operation needs before its result; return what goes once the result is there."""
        match op.kind:
            case OperationType.BLUR:
                saved.append(self._new(self._bytes(op.padded)))
            case OperationType.DROPOUT:
                saved.append(self._new(self._size(op.writes)))  # the mask, in the input's type
            case OperationType.DROP_PATH:
                saved.append(self._new(self._bytes(1)))
            case OperationType.FROZEN_NORM:
                return self._frozen(op, saved)
        return []

    def _made_after(self, op: Op, saved: list[_Storage]) -> None:
        """Allocate what an operation gives beside its result: statistics, positions of maxima."""
        if op.kind in BATCH_NORMS:
            saved.append(self._new(2 * op.writes.channels * self.arithmetic.statistic_bytes))
        elif op.kind is OperationType.GROUP_NORM:
            # Kernels keep them in fp32 where images and weights are of two types.
            element = self.arithmetic.statistic_bytes if self.autocast else self.arithmetic.activation_bytes
            saved.append(self._new(2 * NORM_GROUPS * self.batch_size * element))
        elif op.kind is OperationType.MAX_POOL:
            saved.append(self._new(op.writes.elements * self.batch_size * _INDEX_BYTES))

    def _frozen(self, op: Op, saved: list[_Storage]) -> list[_Storage]:
        """Scale and shift from constants, then their product with the input; the scale is kept."""
        size = op.writes.channels * self.arithmetic.weight_bytes
        passing = []
        variance = self._new(size)
        root = self._new(size)
        self._release(variance)
        scale = self._new(size)
        self._release(root)
        product = self._new(size)
        shift = self._new(size)
        self._release(product)
        if self.autocast:
            passing.append(scale)
            scale = self._new(op.writes.channels * self.arithmetic.activation_bytes)
        passing += [shift, self._new(self._size(op.writes))]
        if self.autocast:
            if not self.training:
                self._release(scale)
            passing.append(self._new(scale.size))
        if self.training or not self.autocast:
            saved.append(scale)
        return passing

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
        self._release(total_weight)
        gradient = self._new(size)
        self._release(of_probabilities)
        self._release(log_probabilities)
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
        if op.kind is OperationType.BLUR:
            gradient = self._through_convolution(gradient, saved.pop(0))
        outputs = self._gradients(op, gradient)
        lowered: list[tuple[int, _Storage]] = []
        if self.autocast and op.kind in WEIGHTED:
            lowered = [(it, self._new(it * self.arithmetic.activation_bytes)) for it in op.weights]
        elif op.parameters:
            self._gradient(op.parameters)
        self._release(gradient)
        self._release_all(saved)
        for tensor, storage in outputs:
            self._route(tensor, storage)
        for elements, storage in lowered:
            self._gradient(elements)
            self._release(storage)

    def _through_convolution(self, gradient: _Storage, padded: _Storage) -> _Storage:
        """Return the gradient of a blur's input with its edge."""
        of_padded = self._new(padded.size)
        self._release(gradient)
        self._release(padded)
        return of_padded

    def _gradients(self, op: Op, gradient: _Storage) -> list[tuple[Tensor, _Storage]]:
        """Return the gradients of what an operation read; images need none."""
        source = op.reads[0]
        if op.kind is OperationType.ADD:
            return [(tensor, self._hold(gradient)) for tensor in op.reads]
        if op.kind is OperationType.MUL:
            of_source, of_pixels = self._new(self._size(source)), self._new(self._size(source))
            of_gate = self._new(self._size(op.reads[1]))  # summed over the pixels that shared it
            self._release(of_pixels)
            return [(source, of_source), (op.reads[1], of_gate)]
        return [] if source.number == 0 else [(source, self._new(self._size(source)))]

    def _gradient(self, elements: int) -> None:
        self.log.gradients.add(self._new(elements * self.arithmetic.weight_bytes).key)

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


def _kept(op: Op) -> tuple[Tensor, ...]:
    """Return those of its inputs and results that an operation keeps for its backward pass."""
    if op.kind is OperationType.MUL:
        return op.reads
    if op.kind in _SAVES_OUTPUT:
        return (op.writes,)
    return op.reads[:1] if op.kind in _SAVES_INPUT else ()
