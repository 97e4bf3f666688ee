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
from resnet_bench.executors.inputs import random_images
from resnet_bench.executors.protocol import Task
from resnet_bench.records import Case, MemoryFormat, Mode, Transfer
from resnet_bench.specs.arithmetic import arithmetic

MEMORY_FORMATS = {
    MemoryFormat.CONTIGUOUS: torch.contiguous_format,
    MemoryFormat.CHANNELS_LAST: torch.channels_last,
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A network and its input, cast and in the memory format that the case asks for.

    Attributes:
        case: what is run.
        device: where.
        network: the module.
        images: its input on the device, (N, C, H, W).
        host_images: the same on the host, pinned where a copy would wait otherwise.
        transfer: whether an iteration includes the copy of its input.
        autocast_dtype: what autocast computes in, None without autocast.
        batch_norm_statistics: how they were set, in words.
    """

    case: Case
    device: torch.device
    network: nn.Module
    images: Tensor
    host_images: Tensor
    transfer: Transfer
    autocast_dtype: torch.dtype | None
    batch_norm_statistics: str

    def input(self) -> Tensor:
        """Return the input of one iteration, copied to the device where that belongs to it."""
        if self.transfer is Transfer.INCLUDED:
            return self.host_images.to(self.device, non_blocking=True)
        return self.images

    @contextmanager
    def holding(self, images: NDArray[np.float32]) -> Iterator[None]:
        """Let the input be other images (N, C, H, W) meanwhile; it stays where it is, for what was captured with it."""
        source = self.host_images if self.transfer is Transfer.INCLUDED else self.images
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
    if not dtype.is_floating_point:
        raise UnsupportedError(f"{case.executor} has no {case.precision}: torch's modules hold floating-point weights.")
    device, memory_format = torch.device(task.device), MEMORY_FORMATS[case.memory_format]
    torch.manual_seed(task.seed)
    network = task.network()
    statistics = batch_norm.set_statistics(network, case.image_size, seed=task.seed)
    network = network.to(device=device, dtype=dtype).to(memory_format=memory_format)  # type: ignore[call-overload]
    network.train(case.mode is Mode.TRAINING)
    images = torch.from_numpy(random_images(case, seed=task.seed)).to(dtype=dtype, memory_format=memory_format)
    if task.pinned and task.transfer is Transfer.INCLUDED:
        images = images.pin_memory()
    return Placed(
        case=case,
        device=device,
        network=network,
        images=images.to(device),
        host_images=images,
        transfer=task.transfer,
        autocast_dtype=getattr(torch, computes.computes) if computes.autocast else None,
        batch_norm_statistics=statistics,
    )
