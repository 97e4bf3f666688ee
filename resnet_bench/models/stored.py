"""What a tensor is held in: itself, or of a sparse one its values and indices, which torch gives no bytes of."""

import torch
from torch import Tensor


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


def stored_bytes(tensor: Tensor) -> int:
    """Return the bytes of the dense tensors that hold `tensor`."""
    return sum(part.nbytes for part in stored(tensor))
