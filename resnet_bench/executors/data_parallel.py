"""A training step of one rank among several: torch's DistributedDataParallel around a network that was prepared.

Its settings are torch's own: buckets of 25 MiB, buffers of rank 0 for all.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.iteration import TorchPrepared, prepared
from resnet_bench.executors.protocol import Prepared, TrainingStep
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Executor

_BUCKETS = ("rebuilt_bucket_sizes", "bucket_sizes")  # as they are after the first step, or were before it


@dataclass(frozen=True, slots=True)
class Parallel:
    """One rank's part of a data-parallel step.

    Attributes:
        prepared: its iteration: `Prepared`.
        network: the network with what reduces its gradients.
    """

    prepared: TorchPrepared
    network: DistributedDataParallel

    @contextmanager
    def without_reduction(self) -> Iterator[None]:
        """Let steps keep their gradients to themselves meanwhile; the ranks' weights drift apart by it."""
        with self.network.no_sync():
            yield

    def gradient_bytes(self) -> int:
        """Return the bytes of the gradients that each step reduces."""
        return sum(it.numel() * it.element_size() for it in self.network.parameters() if it.requires_grad)

    def bucket_bytes(self) -> tuple[int, ...]:
        """Return the bytes of each bucket in which they are reduced, none where torch does not tell."""
        told = self.network._get_ddp_logging_data()  # noqa: SLF001 - facts alone: its times are not communication's
        said = next((str(told[name]) for name in _BUCKETS if told.get(name)), "")
        return tuple(int(size) for size in said.split(",") if size.strip())

    def digest(self) -> str:
        """Return what tells this rank's weights from another's."""
        found = hashlib.sha256()
        for parameter in self.network.parameters():
            values = parameter.detach().cpu().contiguous()
            found.update(values.view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def parallel(base: Prepared, *, before: Callable[[], None], executor: Executor) -> Parallel:
    """Return the data-parallel form of a training step; the process group is there already.

    Args:
        base: the step of one process, of an executor whose own modules run.
        before: called at the beginning of each part of a step.
        executor: that prepared it, for messages.

    Raises:
        UnsupportedError: the executor runs no modules that gradients could be told of.
    """
    if not isinstance(base, TorchPrepared) or base.modules is None or base.step is None:
        raise UnsupportedError(
            f"{executor} runs no modules of its own, whose gradients ranks could reduce; take eager."
        )
    placed = base.placed
    devices = None if placed.device.type == HOST else [placed.device]
    network = DistributedDataParallel(placed.network, device_ids=devices)
    made = prepared(placed, network, modules=placed.network)
    step: TrainingStep = made.step or base.step

    def iterate() -> Any:
        before()
        loss = step.forward()
        before()
        step.backward(loss)
        before()
        step.optimizer()
        return loss

    return Parallel(TorchPrepared(placed, iterate, step, made.optimizer, made.scaler, modules=placed.network), network)
