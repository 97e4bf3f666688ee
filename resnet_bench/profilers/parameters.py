"""What a module holds: parameters, buffers, and their bytes."""

from torch import Tensor, nn

from resnet_bench.models.stored import numbers_of, stored
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
    parameters = [(stored(each), each.requires_grad) for each in module.parameters()]
    buffers = [stored(each) for each in module.buffers()]
    return Holdings(
        parameters=sum(held.elements for held, _ in parameters),
        trainable_parameters=sum(held.elements for held, trained in parameters if trained),
        buffers=sum(held.elements for held in buffers),
        parameter_bytes=sum(held.nbytes for held, _ in parameters),
        buffer_bytes=sum(held.nbytes for held in buffers),
    )


def storage_key(tensor: Tensor) -> int:
    """Return the address of the storage behind `tensor`; views of one storage have the same."""
    return int(numbers_of(tensor).untyped_storage()._cdata)  # noqa: SLF001 - data_ptr is 0 for every meta tensor
