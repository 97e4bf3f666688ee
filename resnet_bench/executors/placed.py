"""A network and its input on their device, as torch's executors take them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import batch_norm
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.protocol import Task
from resnet_bench.executors.table import quantising
from resnet_bench.models.casting import cast
from resnet_bench.models.inputs import Inputs, of_function, of_tensors
from resnet_bench.models.lazy import has_lazy_parts, materialise
from resnet_bench.models.refusals import own_precision, own_type
from resnet_bench.records import Case, MemoryFormat, Mode, Precision, Transfer, remarks
from resnet_bench.records.inputs import ModelInput
from resnet_bench.specs.arithmetic import arithmetic

MEMORY_FORMATS = {
    MemoryFormat.CONTIGUOUS: torch.contiguous_format,
    MemoryFormat.CHANNELS_LAST: torch.channels_last,
}


_IMAGES = 4  # dimensions of a batch of images, which memory formats are of
_LEAST_BYTES = 2  # of a weight: smaller ones are worth nothing without scales, and modules keep none


@dataclass(frozen=True, slots=True)
class Placed:
    """A network and its input, cast and in the memory format that the case asks for.

    Attributes:
        case: what is run.
        device: where.
        network: the module.
        inputs: what it is called with, on the device.
        host_inputs: the same on the host, pinned where a copy would wait otherwise.
        transfer: whether an iteration includes the copy of its input.
        autocast_dtype: what autocast computes in, None without autocast.
        batch_norm_statistics: how they were set, in words.
    """

    case: Case
    device: torch.device
    network: nn.Module
    inputs: Inputs
    host_inputs: Inputs
    transfer: Transfer
    autocast_dtype: torch.dtype | None
    batch_norm_statistics: str

    def input(self) -> Inputs:
        """Return the input of one iteration, copied to the device where that belongs to it."""
        if self.transfer is Transfer.INCLUDED:
            return self.host_inputs.mapped(lambda tensor: tensor.to(self.device, non_blocking=True))
        return self.inputs

    @contextmanager
    def holding(self, images: NDArray[np.float32]) -> Iterator[None]:
        """Let the input be other images (N, C, H, W) meanwhile; it stays where it is, for what was captured with it."""
        (source,) = (self.host_inputs if self.transfer is Transfer.INCLUDED else self.inputs).tensors
        kept = source.clone()
        source.copy_(torch.from_numpy(images))
        try:
            yield
        finally:
            source.copy_(kept)

    def autocast(self, *, keeps_casts: bool | None = None) -> AbstractContextManager[object]:
        """Return the context in which the network runs; `keeps_casts`: autocast's cache of weights, or its default."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype, cache_enabled=keeps_casts)


def placed(task: Task) -> Placed:
    """Build the network, set its batch-norm statistics, cast it, and put it and its input where they run.

    Raises:
        UnsupportedError: torch's modules cannot hold their weights so.
    """
    case = task.case
    computes = arithmetic(case.precision)
    dtype: torch.dtype = getattr(torch, computes.weights)
    if not dtype.is_floating_point or dtype.itemsize < _LEAST_BYTES:
        instead = f"; ask for --executor {quantising(beside=case.executor)}" * (case.precision is Precision.INT8)
        raise UnsupportedError(
            f"{case.executor} has no {case.precision}: torch's modules hold floating-point weights of 2 bytes or more"
            f"{instead}."
        )
    device, memory_format = torch.device(task.device), MEMORY_FORMATS[case.memory_format]
    torch.manual_seed(task.seed)
    network = task.network()
    own_precision(network, case.model, case.precision)
    wanted = input_of(case)
    if has_lazy_parts(network):
        materialise(network, drawn(wanted, 1, seed=task.seed).in_type(own_type(network) or torch.float32))
    if case.weights:
        statistics = remarks.STATISTICS_OF_WEIGHTS
    else:
        widest = torch.promote_types(own_type(network) or torch.float32, torch.float32)
        first = drawn(wanted, batch_norm.IMAGES, seed=task.seed).in_type(widest)
        network = cast(network, widest)
        statistics = batch_norm.set_statistics(network, first)
    network = cast(network, dtype).to(device).to(memory_format=memory_format)  # type: ignore[call-overload]
    network.train(case.mode is Mode.TRAINING)
    inputs = drawn(wanted, case.batch_size, seed=task.seed).in_type(dtype)
    inputs = inputs.mapped(lambda tensor: tensor.to(memory_format=memory_format) if tensor.ndim == _IMAGES else tensor)
    if task.pinned and task.transfer is Transfer.INCLUDED:
        inputs = inputs.mapped(Tensor.pin_memory)
    return Placed(
        case=case,
        device=device,
        network=network,
        inputs=inputs.mapped(lambda tensor: tensor.to(device)),
        host_inputs=inputs,
        transfer=task.transfer,
        autocast_dtype=getattr(torch, computes.computes) if computes.autocast else None,
        batch_norm_statistics=statistics,
    )


def drawn(wanted: ModelInput, batch_size: int, *, seed: int) -> Inputs:
    """Return random inputs on the host, fractions as float32 where no other type is asked for."""
    if wanted.function:
        return of_function(wanted.function, batch_size)
    arrays = random_inputs(wanted, batch_size, seed=seed)
    values = [torch.from_numpy(array) for array in arrays]
    return of_tensors(
        wanted,
        [
            value if tensor.dtype is None else value.to(getattr(torch, tensor.dtype))
            for tensor, value in zip(wanted.tensors, values, strict=True)
        ],
    )
