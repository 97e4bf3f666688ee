"""What a tensor is held in: itself, or of a sparse one its values and indices, which torch gives no bytes of.

A copy without data of a sparse tensor is dense, for most operators know no other without data: it is marked with what
the tensor stored.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

_SPARSE = frozenset({torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc})
_BY_ROWS = frozenset({torch.sparse_csr, torch.sparse_bsr})
_MARK = "stored_in_resnet_bench"


class Stored(NamedTuple):
    """How many numbers a tensor stores, in how many bytes with the indices."""

    elements: int
    nbytes: int


def stored(tensor: Tensor) -> Stored:
    """Return what a tensor stores: all of its numbers, or those that a sparse one does not leave out."""
    marked = getattr(tensor, _MARK, None)
    if isinstance(marked, Stored):
        return marked
    if tensor.layout not in _SPARSE:
        return Stored(tensor.numel(), tensor.nbytes)
    held = _held(tensor)
    return Stored(held[0].numel(), sum(part.nbytes for part in held))


def stored_bytes(tensor: Tensor) -> int:
    """Return the bytes that hold a tensor."""
    return stored(tensor).nbytes


def is_sparse(tensor: Tensor) -> bool:
    """Whether a tensor is sparse, or a copy without data of one that is."""
    return tensor.layout in _SPARSE or hasattr(tensor, _MARK)


def mark_as(tensor: Tensor, original: Tensor) -> None:
    """Mark a dense copy without data of a sparse tensor with what that stores; of any other nothing is to be said."""
    if is_sparse(original):
        copied: Any = tensor
        setattr(copied, _MARK, stored(original))


def numbers_of(tensor: Tensor) -> Tensor:
    """Return the tensor whose storage holds the numbers of another: itself, or the values of a sparse one."""
    if tensor.layout not in _SPARSE:
        return tensor
    return tensor._values() if tensor.layout is torch.sparse_coo else tensor.values()  # noqa: SLF001 - as they are


def _held(tensor: Tensor) -> tuple[Tensor, ...]:
    if tensor.layout is torch.sparse_coo:
        found = tensor if tensor.is_meta else tensor.detach().coalesce()  # without data nothing is added up
        return found._values(), found._indices()  # noqa: SLF001 - not all of them are known to be coalesced
    if tensor.layout in _BY_ROWS:
        return tensor.values(), tensor.crow_indices(), tensor.col_indices()
    return tensor.values(), tensor.ccol_indices(), tensor.row_indices()
