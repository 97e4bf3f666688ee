"""Predicted memory of any module, by following its storages on the meta device: nothing is allocated or computed.

Convolution workspace (oneDNN, cuDNN) depends on the algorithm that the library picks and is not predicted.
"""

import contextlib
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_bench.machine.devices import HOST
from resnet_bench.models.inputs import Inputs
from resnet_bench.models.loss import TrainingLoss, drawn_targets
from resnet_bench.profilers import hollow
from resnet_bench.profilers.hollow_copy import hollow_copy
from resnet_bench.profilers.parameters import holdings, storage_key
from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.liveness import AlwaysAlive, Log, allocated, assemble


def traced_memory(
    module: nn.Module,
    inputs: Inputs,
    *,
    mode: Mode,
    precision: Precision,
    optimizer: Optimizer = Optimizer.MOMENTUM,
) -> PredictedMemory:
    """Return the predicted memory of one iteration of `module`, a throw-away copy on the meta device.

    Raises:
        Exception: whatever the module's own code raises.
    """
    dtype: torch.dtype = getattr(torch, arithmetic(precision).weights)
    module = module.to(dtype)
    inputs = inputs.in_type(dtype)
    held = holdings(module)
    training = mode is Mode.TRAINING
    module.train(training)
    with _placed(module, inputs, precision) as (module, inputs, autocast):
        known = [*module.parameters(), *module.buffers(), *inputs.tensors]
        with _Storages(known) as storages:
            if training:
                loss_of = TrainingLoss(storages.targets_for)
                with autocast():
                    loss = loss_of(inputs.call(module))
                torch.clear_autocast_cache()  # it outlives an autocast that the caller may be in
                storages.log.end_of_forward()
                storages.backward = True
                torch.autograd.backward(loss)
                for parameter in module.parameters():
                    if parameter.grad is not None:
                        storages.log.gradients.add(storages.key(parameter.grad))
            else:
                with torch.no_grad(), autocast():
                    output = inputs.call(module)
                del output
    always = AlwaysAlive(
        weights=held.parameter_bytes,
        trainable=held.trainable_bytes,
        buffers=held.buffer_bytes,
        input=inputs.nbytes + sum(target.nbytes for target in storages.targets),
        rounding=_rounding([*module.buffers(), *inputs.tensors, *storages.targets]),
        weights_rounding=_rounding(module.parameters()),
    )
    return assemble(storages.log, always, mode=mode, optimizer=optimizer)


def _rounding(tensors: Iterable[Tensor]) -> int:
    return sum(allocated(tensor.nbytes) - tensor.nbytes for tensor in tensors)


class _Storages(TorchDispatchMode):
    """Log every storage that is born and dies while the mode is on, those of `known` tensors excepted."""

    def __init__(self, known: list[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.log = Log()
        self.backward = False
        self.targets: list[Tensor] = []
        self._exempt = False
        self._known = {storage_key(tensor) for tensor in known}
        self._keys = itertools.count(1)
        self._alive: dict[int, tuple[int, Any]] = {}

    def targets_for(self, output: Tensor) -> Tensor:
        """Return targets for an output; they are there from the first iteration on, as the input is."""
        self._exempt = True
        target = drawn_targets(output)
        self._exempt = False
        self.targets.append(target)
        return target

    def key(self, tensor: Tensor) -> int:
        """Return the key under which the living storage of `tensor` is logged."""
        return self._alive[storage_key(tensor)][0]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.add.Tensor and self.backward and args[0].shape == args[1].shape:
            # The engine adds a second gradient to the first one in place; only a watching mode makes it allocate.
            func = torch.ops.aten.add_.Tensor
        output = hollow.run(func, args, kwargs or {})
        for leaf in hollow.tensors(*output) if isinstance(output, tuple) else hollow.tensors(output):
            self._see(leaf)
        return output

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        address, size = storage_key(tensor), storage.nbytes()
        if address in self._known or address in self._alive or size == 0:
            return
        if self._exempt:
            self._known.add(address)
            return
        key = next(self._keys)
        self.log.add(key, size)

        def gone(_: Any) -> None:
            del self._alive[address]
            self.log.add(key, -size)

        self._alive[address] = (key, weakref.ref(storage, gone))


@contextlib.contextmanager
def _placed(
    module: nn.Module, inputs: Inputs, precision: Precision
) -> Iterator[tuple[nn.Module, Inputs, Callable[[], Any]]]:
    """Yield module, inputs and an autocast; autocast knows no meta device, so there they claim to be on the CPU."""
    computes = arithmetic(precision)
    if not computes.autocast:
        yield module, inputs, contextlib.nullcontext
        return
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415 - slow to import, and only for autocast

    with FakeTensorMode():
        yield (
            hollow_copy(module, device=HOST),
            inputs.without_data(HOST),
            lambda: torch.autocast(HOST, dtype=getattr(torch, computes.computes)),
        )
