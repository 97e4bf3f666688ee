"""Throw-away copies of a module, most of them without its data: every tensor a meta tensor, and all else as it was.

A hook is part of what a module computes (pruning, weight and spectral norm, adapters, feature extractors), so it is
copied with the variables that its function closes over: the copy's hook then writes where the copy reads.
"""

import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from resnet_bench.machine.devices import HOST
from resnet_bench.models.stored import mark_as
from resnet_bench.profilers.deep_copy import Memo, copied


def hollow_copy(module: nn.Module, *, device: str = "meta") -> nn.Module:
    """Return a copy of `module` on the meta device, without its data and its gradients.

    Under FakeTensorMode another `device` may be named; nothing is allocated there either.
    """
    memo: Memo = {}
    for parameter in module.parameters():
        memo[id(parameter)] = _hollow_parameter(parameter, device)
    for buffer in module.buffers():
        memo[id(buffer)] = _hollow_tensor(buffer, device)
    with _HollowTensors(device):
        for function in _functions(module):
            _copy_function(function, memo)
        return _together(module, memo)


def full_copy(module: nn.Module) -> nn.Module:
    """Return a copy of `module` with its data, on the host."""
    lazy = {id(it): _hollow_tensor(it, HOST) for it in module.buffers() if is_lazy(it)}  # torch copies parameters alone
    return _together(module, lazy).to(HOST)


def _together(module: nn.Module, memo: Memo) -> nn.Module:
    """Copy a module, with all that spreads parts of it over devices or processes put aside."""
    for part in module.modules():
        if isinstance(part, nn.DataParallel | nn.parallel.DistributedDataParallel):
            memo[id(part)] = _OnePlace(copied(part.module, memo))
    return copied(module, memo)


class _OnePlace(nn.Module):
    """Stands where a module was spread, and calls it where it is."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        return self.module(*args, **kwargs)


class _HollowTensors(TorchFunctionMode):
    """While it is on, a deep copy of any tensor is one without data, also of those that deepcopy refuses."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # nn.Parameter copies itself by a clone of its data.
        if func is Tensor.__deepcopy__ or func is Tensor.clone:
            tensor = args[0]
            hollow = _hollow_tensor(tensor, self._device)
            if func is Tensor.__deepcopy__:
                args[1][id(tensor)] = hollow
            return hollow
        return func(*args, **(kwargs or {}))


def _hollow_parameter(parameter: nn.Parameter, device: str) -> Tensor:
    if isinstance(parameter, nn.UninitializedParameter):
        lazy: Any = nn.UninitializedParameter  # torch's stubs do not know its arguments
        return lazy(parameter.requires_grad, device=device, dtype=parameter.dtype)  # type: ignore[no-any-return]
    return nn.Parameter(_hollow_tensor(parameter, device), requires_grad=parameter.requires_grad)


def _hollow_tensor(tensor: Tensor, device: str) -> Tensor:
    if isinstance(tensor, nn.parameter.UninitializedBuffer):
        lazy: Any = nn.parameter.UninitializedBuffer
        return lazy(tensor.requires_grad, device=device, dtype=tensor.dtype)  # type: ignore[no-any-return]
    with torch._C.DisableTorchFunction():  # noqa: SLF001 - torch's only name for it
        hollow = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
        mark_as(hollow, tensor)
    return hollow


def _functions(module: nn.Module) -> Iterator[types.FunctionType]:
    """Yield the functions with variables of their own that a module and its parts hold: hooks and patched methods."""
    for part in module.modules():
        for value in vars(part).values():
            for held in value.values() if isinstance(value, dict) else (value,):
                function = held.func if hasattr(held, "func") else held
                if isinstance(function, types.FunctionType) and function.__closure__:
                    yield function


def _copy_function(function: types.FunctionType, memo: Memo) -> types.FunctionType:
    """Copy a function with the variables that it closes over; what cannot be copied is shared."""
    if id(function) in memo:
        return memo[id(function)]  # type: ignore[no-any-return]
    cells = tuple(types.CellType() for _ in function.__closure__ or ())
    made = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__, made.__dict__ = function.__kwdefaults__, dict(function.__dict__)
    memo[id(function)] = made  # first: a function may close over itself
    for cell, theirs in zip(cells, function.__closure__ or (), strict=True):
        try:
            value = theirs.cell_contents
        except ValueError:  # not bound yet
            continue
        cell.cell_contents = _copied(value, memo)
    return made


def _copied(value: Any, memo: Memo) -> Any:
    if isinstance(value, types.FunctionType):
        return _copy_function(value, memo) if value.__closure__ else value
    try:
        return copied(value, memo)
    except Exception:  # noqa: BLE001 - a lock, a file, a generator: no part of what is computed
        return value
