"""What a module holds: parameters, buffers, and their bytes."""

from torch import Tensor, nn

from resnet_bench.models.stored import stored, stored_bytes
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
        parameter_bytes=sum(map(stored_bytes, parameters)),
        buffer_bytes=sum(map(stored_bytes, buffers)),
    )


def storage_key(tensor: Tensor) -> int:
    """Return the address of the storage behind `tensor`; views of one storage have the same."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - data_ptr is 0 for every meta tensor


def _count(tensor: Tensor) -> int:
    return stored(tensor)[0].numel()
