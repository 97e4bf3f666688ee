"""What a module holds: parameters, buffers, their bytes; and a throw-away copy of it without its data."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from resnet_bench.records import Record


class Holdings(Record, frozen=True, kw_only=True):
    """Numbers a module holds; a tensor that is shared counts once. Bytes are of the module as it is."""

    parameters: int
    trainable_parameters: int
    buffers: int
    parameter_bytes: int
    trainable_bytes: int
    buffer_bytes: int


def holdings(module: nn.Module) -> Holdings:
    """Count what `module` holds."""
    parameters = list(module.parameters())
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    buffers = list(module.buffers())
    return Holdings(
        parameters=sum(parameter.numel() for parameter in parameters),
        trainable_parameters=sum(parameter.numel() for parameter in trainable),
        buffers=sum(buffer.numel() for buffer in buffers),
        parameter_bytes=sum(parameter.nbytes for parameter in parameters),
        trainable_bytes=sum(parameter.nbytes for parameter in trainable),
        buffer_bytes=sum(buffer.nbytes for buffer in buffers),
    )


def hollow_copy(module: nn.Module, *, device: str = "meta") -> nn.Module:
    """Return a copy of `module` on the meta device, without its data, its hooks and its gradients.

    Under FakeTensorMode another `device` may be named; nothing is allocated there either.
    """
    memo: dict[int, Any] = {}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(_empty(parameter, device), requires_grad=parameter.requires_grad)
    for buffer in module.buffers():
        memo[id(buffer)] = _empty(buffer, device)
    for part in module.modules():
        for table in _hooks(part):
            memo[id(table)] = type(table)()
    return copy.deepcopy(module, memo)


def storage_key(tensor: Tensor) -> int:
    """Return the address of the storage behind `tensor`; views of one storage have the same."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - data_ptr is 0 for every meta tensor


def _empty(tensor: Tensor, device: str) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=device)


def _hooks(module: nn.Module) -> list[Any]:
    return [value for name, value in vars(module).items() if name.endswith("hooks") and isinstance(value, dict)]
