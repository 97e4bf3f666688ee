"""Predicted memory of any module, by following its storages on the meta device: nothing is allocated or computed.

Convolution workspace (oneDNN, cuDNN) depends on the algorithm that the library picks and is not predicted; nor is what
a library keeps of a recurrent layer beside its tensors: oneDNN's LSTM packs its weights and has a workspace of its own.
"""

import contextlib
import itertools
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_bench.machine.devices import HOST
from resnet_bench.models.casting import cast
from resnet_bench.models.inputs import Inputs
from resnet_bench.models.loss import TrainingLoss, drawn_targets
from resnet_bench.profilers import hollow
from resnet_bench.profilers.fused_attention import inner_bytes
from resnet_bench.profilers.hollow_copy import hollow_copy
from resnet_bench.profilers.parameters import holdings, storage_key
from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory, Update
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.specs.liveness import AlwaysAlive, Log, assemble, rounding

# Modules hold fractions: what an int8 network's numbers take is followed on fractions of as many bytes.
_ONE_BYTE = torch.float8_e4m3fn


def traced_memory(
    module: nn.Module,
    inputs: Inputs,
    *,
    mode: Mode,
    precision: Precision,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
) -> PredictedMemory:
    """Return the predicted memory of one iteration of `module`, a throw-away copy on the meta device.

    Raises:
        Exception: whatever the module's own code raises.
    """
    follow = partial(_followed, module, inputs, mode=mode, precision=precision)
    try:
        with _AttentionWatch():
            log, always = follow(claims_host=arithmetic(precision).autocast)
    except _ChosenByDeviceError:
        log, always = follow(claims_host=True)
    return assemble(log, always, mode=mode, optimizer=optimizer, update=update)


def _followed(
    module: nn.Module, inputs: Inputs, *, claims_host: bool, mode: Mode, precision: Precision
) -> tuple[Log, AlwaysAlive]:
    """Follow one iteration on the meta device, or on tensors without data that say that they are on the host."""
    dtype: torch.dtype = getattr(torch, arithmetic(precision).weights)
    if not dtype.is_floating_point:
        dtype = _ONE_BYTE
    module = cast(module, dtype)
    inputs = inputs.in_type(dtype)
    held = holdings(module)
    training = mode is Mode.TRAINING
    module.train(training)
    trained: list[int] = []
    with _placed(module, inputs, precision, claims_host=claims_host) as (module, inputs, autocast):
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
                        trained.append(parameter.nbytes)
            else:
                with torch.no_grad(), autocast():
                    output = inputs.call(module)
                del output
    always = AlwaysAlive(
        weights=held.parameter_bytes,
        trained=tuple(trained),
        buffers=held.buffer_bytes,
        input=inputs.nbytes + sum(target.nbytes for target in storages.targets),
        rounding=rounding(
            each.nbytes for each in (*module.parameters(), *module.buffers(), *inputs.tensors, *storages.targets)
        ),
    )
    return storages.log, always


class _ChosenByDeviceError(Exception):
    """What a module does next depends on the kind of device that its tensors are on."""


class _AttentionWatch(TorchFunctionMode):
    """Stop at attention: on real devices torch has fused forms of it, which keep no scores, and on meta tensors not."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _CHOOSES:
            raise _ChosenByDeviceError
        return func(*args, **(kwargs or {}))


_CHOOSES = frozenset({functional.scaled_dot_product_attention, functional.multi_head_attention_forward})


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
        inside = inner_bytes(func, args)
        if inside:
            self._pass(inside)
        output = hollow.run(func, args, kwargs or {})
        for leaf in hollow.tensors(*output) if isinstance(output, tuple) else hollow.tensors(output):
            self._see(leaf)
        return output

    def _pass(self, size: int) -> None:
        """Log what an operator allocates and frees inside of itself."""
        key = next(self._keys)
        self.log.add(key, size)
        self.log.add(key, -size)

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
    module: nn.Module, inputs: Inputs, precision: Precision, *, claims_host: bool
) -> Iterator[tuple[nn.Module, Inputs, Callable[[], Any]]]:
    """Yield module, inputs and an autocast, which knows no meta device."""
    computes = arithmetic(precision)
    if not claims_host:
        yield module, inputs, contextlib.nullcontext
        return
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415 - slow to import, and seldom needed

    def autocast() -> Any:
        if not computes.autocast:
            return contextlib.nullcontext()
        return torch.autocast(HOST, dtype=getattr(torch, computes.computes))

    with FakeTensorMode():
        yield (
            hollow_copy(module, device=HOST),
            inputs.without_data(HOST),
            autocast,
        )
