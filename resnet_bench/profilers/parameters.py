"""What a module holds: parameters, buffers, and their bytes."""

import torch
from torch import Tensor, nn

from resnet_bench.records import Record


class Holdings(Record, frozen=True, kw_only=True):
    """Numbers a module holds; a tensor that is shared counts once. Bytes are of the module as it is."""

    parameters: int
    trainable_parameters: int
    buffers: int
    parameter_bytes: int
    buffer_bytes: int


def holdings(module: nn.Module) -> Holdings:
    """Count what `module` holds; of a sparse tensor, its stored values."""
    parameters = list(module.parameters())
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    buffers = list(module.buffers())
    return Holdings(
        parameters=sum(map(_count, parameters)),
        trainable_parameters=sum(map(_count, trainable)),
        buffers=sum(map(_count, buffers)),
        parameter_bytes=sum(map(_bytes, parameters)),
        buffer_bytes=sum(map(_bytes, buffers)),
    )


def storage_key(tensor: Tensor) -> int:
    """Return the address of the storage behind `tensor`; views of one storage have the same."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - data_ptr is 0 for every meta tensor


def stored(tensor: Tensor) -> tuple[Tensor, ...]:
    """Return the dense tensors that hold `tensor`: itself, or the values and indices of a sparse one."""
    if tensor.layout is torch.strided:
        return (tensor,)
    if tensor.layout is torch.sparse_coo:
        held = tensor.detach().coalesce()
        return held.values(), held.indices()
    if tensor.layout in {torch.sparse_csr, torch.sparse_bsr}:
        return tensor.values(), tensor.crow_indices(), tensor.col_indices()
    return tensor.values(), tensor.ccol_indices(), tensor.row_indices()


def _count(tensor: Tensor) -> int:
    return stored(tensor)[0].numel()


def _bytes(tensor: Tensor) -> int:
    return sum(part.nbytes for part in stored(tensor))
