"""What one iteration of a callable network does: a forward pass, or forward, backward and optimizer step."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from resnet_bench.executors.differentiated import Differentiated, differentiated
from resnet_bench.executors.placed import Placed
from resnet_bench.executors.protocol import Graphs, TrainingStep
from resnet_bench.machine import variables
from resnet_bench.models.loss import TrainingLoss
from resnet_bench.models.optimizers import optimizer_of
from resnet_bench.models.stored import stored_bytes
from resnet_bench.records import Executed, Mode, RuntimeRan, Transfer
from resnet_bench.specs.arithmetic import arithmetic

INITIAL_SCALE = 2.0**16
# A scale that never grows again: every so many steps it would be tried beyond what fits, and a step be skipped for it.
_NEVER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class TorchPrepared:
    """A placed network ready to iterate in torch: `Prepared`, as torch's executors give it.

    Attributes:
        placed: the network and its input.
        iterate: runs one iteration.
        step: the parts of a training iteration; None for inference.
        optimizer: holds state between iterations; None for inference.
        scaler: of the loss; None for inference.
        modules: the network, where its own modules run.
        graphs: counts what the compiler made; None without one.
        graph_peak_bytes: see `Prepared`.
        unchanged: the network before the executor made the placed one of it; None where that is it.
        packed: weights that its modules hold in a form of their own, which are no parameters of theirs.
        ran: says which operators ran in which type, where modules do not; None where they do.
    """

    placed: Placed
    iterate: Callable[[], Any]
    step: TrainingStep | None = None
    optimizer: torch.optim.Optimizer | None = None
    scaler: torch.amp.GradScaler | None = None
    modules: nn.Module | None = None
    graphs: Callable[[], Graphs] | None = None
    graph_peak_bytes: int | None = None
    unchanged: nn.Module | None = None
    packed: tuple[Tensor, ...] = ()
    ran: Callable[[], RuntimeRan] | None = None

    @property
    def weights_bytes(self) -> int:
        """Bytes of the parameters as cast."""
        return sum(map(stored_bytes, (*self.placed.network.parameters(), *self.packed)))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the gradient mode of the case."""
        with torch.inference_mode() if self.placed.case.mode is Mode.INFERENCE else torch.enable_grad():
            yield

    def outputs(self, images: NDArray[np.float32]) -> Any:
        """Return what one iteration computes of other images, on the host."""
        with self.running(), self.placed.holding(images):
            return tree_map_only(Tensor, Tensor.cpu, self.iterate())

    def alive_bytes(self) -> int:
        """Return the bytes of all tensors alive between iterations: weights, buffers, input, gradients, optimizer."""
        network = self.placed.network
        tensors = [*network.parameters(), *network.buffers(), *self.packed, *self.placed.inputs.tensors]
        tensors += [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        if self.optimizer is not None:
            states = self.optimizer.state.values()
            tensors += [value for state in states for value in state.values() if isinstance(value, Tensor)]
        return sum(map(stored_bytes, tensors))

    def skipped_steps(self) -> int | None:
        """Return how many optimizer steps the loss scaler has skipped: each lowered the scale, and none raised it."""
        if self.scaler is None or not self.scaler.is_enabled():
            return None
        lowered = math.log(self.scaler.get_scale() / INITIAL_SCALE) / math.log(self.scaler.get_backoff_factor())
        return round(lowered)

    def plain(self) -> tuple[nn.Module, Callable[[], Any]]:
        """Return the network and what runs it once, whatever executes it otherwise."""
        network = self.placed.network if self.unchanged is None else self.unchanged

        def forward() -> Any:
            with torch.inference_mode(), self.placed.autocast():
                return self.placed.input().call(network)

        return network, forward

    def compiled(self) -> Graphs | None:
        """Return what the compiler made of the network by now."""
        return None if self.graphs is None else self.graphs()

    def executed(self) -> Executed:
        """Read back types, threads and what they wait by; the device's switches are the device's to tell."""
        lowered = self.placed.autocast_dtype
        return Executed(
            parameter_dtype=self._parameter_dtype(),
            autocast_dtype=None if lowered is None else _name(lowered),
            deterministic=torch.are_deterministic_algorithms_enabled(),
            threads=torch.get_num_threads(),
            interop_threads=torch.get_num_interop_threads(),
            wait_policy=os.environ.get("OMP_WAIT_POLICY"),
            kmp_blocktime=os.environ.get("KMP_BLOCKTIME"),
            proc_bind=os.environ.get("OMP_PROC_BIND"),
            batch_norm_statistics=self.placed.batch_norm_statistics,
            variables=variables.telling(os.environ),
            runtime=None if self.ran is None else self.ran(),
        )

    def _parameter_dtype(self) -> str:
        kept = arithmetic(self.placed.case.precision).weights
        return kept if self.packed else next((_name(it.dtype) for it in self.placed.network.parameters()), kept)


def prepared(
    placed: Placed,
    model: Callable[..., Any],
    *,
    modules: nn.Module | None = None,
    graphs: Callable[[], Graphs] | None = None,
) -> TorchPrepared:
    """Return the iteration of a case; `model` is what runs the network."""
    if placed.case.mode is Mode.INFERENCE:
        return TorchPrepared(placed, _inference(placed, model), modules=modules, graphs=graphs)
    step, optimizer, scaler = _training(placed, model)

    def iterate() -> Tensor:
        loss: Tensor = step.forward()
        step.backward(loss)
        step.optimizer()
        return loss

    return TorchPrepared(placed, iterate, step, optimizer, scaler, modules=modules, graphs=graphs)


def _inference(placed: Placed, model: Callable[..., Any]) -> Callable[[], Any]:
    if placed.autocast_dtype is None and placed.transfer is Transfer.EXCLUDED:
        args, kwargs = placed.inputs
        return lambda: model(*args, **kwargs)

    def iterate() -> Any:
        with placed.autocast():
            return placed.input().call(model)

    return iterate


def _training(
    placed: Placed, model: Callable[..., Any]
) -> tuple[TrainingStep, torch.optim.Optimizer, torch.amp.GradScaler]:
    optimizer = optimizer_of(placed.case.optimizer, placed.network, name=placed.case.model)
    scaler = torch.amp.GradScaler(
        placed.device.type,
        init_scale=INITIAL_SCALE,
        growth_interval=_NEVER,
        enabled=arithmetic(placed.case.precision).scales_loss,
    )
    loss_of = TrainingLoss()

    def forward() -> Tensor:
        with placed.autocast():
            return loss_of(placed.input().call(model))

    def backward(loss: Tensor) -> None:
        scaler.scale(loss).backward()

    def update() -> None:
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)

    def gradients(images: NDArray[np.float32], eager: nn.Module | None) -> Differentiated:
        if eager is None:
            with placed.holding(images):
                return differentiated(placed.network, forward, scale=scaler.get_scale())
        given = torch.from_numpy(images).to(placed.device)
        held = placed.inputs.mapped(lambda _: given)
        return differentiated(eager, lambda: loss_of(held.call(eager)), scale=1.0)

    return TrainingStep(forward, backward, update, gradients), optimizer, scaler


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
