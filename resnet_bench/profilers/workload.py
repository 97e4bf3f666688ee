"""A case made ready to iterate: model, input, and what one iteration does.

Inputs are random, never zeros. A randomly initialised ResNet in eval mode overflows (fp16 from depth 101 on), so its
batch-norm statistics are first set by one seeded float32 forward in training mode, before any cast.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from resnet_bench.executors import table as executors
from resnet_bench.executors.protocol import Placed
from resnet_bench.models import create_model
from resnet_bench.profilers.devices import instruments
from resnet_bench.records import Case, MemoryFormat, Mode, Transfer, remarks
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import arithmetic

_STATISTICS_BATCH = 2
_MEMORY_FORMATS = {
    MemoryFormat.CONTIGUOUS: torch.contiguous_format,
    MemoryFormat.CHANNELS_LAST: torch.channels_last,
}


class Workload:
    """One case on one device.

    Attributes:
        case: what is run.
        instruments: what measures on its device.
        executor: the facts of what runs it.
        network: the module as prepared (cast, laid out).
        iterate: runs one iteration and returns its output: logits of shape (batch, classes), or the loss. A captured
            graph returns the same tensor each time, filled anew.
        step: the parts of a training iteration; None for inference.
        weights_bytes: bytes of the parameters as cast.
    """

    def __init__(
        self, case: Case, model: str | Spec | nn.Module, *, seed: int, transfer: Transfer = Transfer.EXCLUDED
    ) -> None:
        self.case = case
        self.instruments = instruments(case.device)
        self.device = self.instruments.device(case.device)
        self.executor = executors.facts(case.executor)
        executor = executors.load(case.executor)
        executor.supports(case)
        self.instruments.make_current(self.device)
        computes = arithmetic(case.precision)
        self.instruments.set_arithmetic(computes, self.device)
        torch.manual_seed(seed)
        network = model if isinstance(model, nn.Module) else create_model(model)
        self.batch_norm_statistics = _set_batch_norm_statistics(network, case.image_size, seed=seed)
        self.autocast_dtype = getattr(torch, computes.computes) if computes.autocast else None
        dtype: torch.dtype = getattr(torch, computes.weights)
        layout = _MEMORY_FORMATS[case.memory_format]
        self.network = network.to(device=self.device, dtype=dtype).to(memory_format=layout)  # type: ignore[call-overload]
        self.network.train(case.mode is Mode.TRAINING)
        images = torch.randn(case.batch_size, 3, case.image_size, case.image_size).to(dtype=dtype, memory_format=layout)
        if transfer is Transfer.INCLUDED and self.instruments.pins_memory():
            images = images.pin_memory()
        self._placed = Placed(
            case=case,
            device=self.device,
            network=self.network,
            images=images.to(self.device),
            host_images=images,
            transfer=transfer if self.instruments.kind.accelerator else Transfer.EXCLUDED,
            autocast_dtype=self.autocast_dtype,
        )
        self.weights_bytes = sum(parameter.nbytes for parameter in self.network.parameters())
        self._prepared = executor.prepare(self._placed)
        self.iterate, self.step = self._prepared.iterate, self._prepared.step

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the gradient mode of the case; entering it for each iteration would be timed with it."""
        with torch.inference_mode() if self.case.mode is Mode.INFERENCE else torch.enable_grad():
            yield

    def alive_bytes(self) -> int:
        """Return the bytes of all tensors alive between iterations: weights, buffers, input, gradients, optimizer."""
        tensors = [*self.network.parameters(), *self.network.buffers(), self._placed.images]
        tensors += [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        if self._prepared.optimizer is not None:
            states = self._prepared.optimizer.state.values()
            tensors += [value for state in states for value in state.values() if isinstance(value, Tensor)]
        return sum(tensor.nbytes for tensor in tensors)

    def forward_uncompiled(self) -> Tensor:
        """Run the network itself once, whatever executes it otherwise; for its shapes."""
        with self._placed.autocast():
            return self.network(self._placed.input())  # type: ignore[no-any-return]


def _set_batch_norm_statistics(network: nn.Module, image_size: int, *, seed: int) -> str:
    """Set running statistics from one seeded batch of random images, and say so."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001 - torch's only common base
    if not norms:
        return "none"
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the cumulative average, which after one batch is that batch
    was_training = network.training
    generator = torch.Generator().manual_seed(seed)
    # A 1 x 1 map with one image has one value a channel, which has no variance.
    images = torch.randn(_STATISTICS_BATCH, 3, image_size, image_size, generator=generator)
    network.train()
    with torch.no_grad():
        network(images)
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return remarks.batch_norm_statistics(_STATISTICS_BATCH)
