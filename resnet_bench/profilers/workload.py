"""A case made ready to iterate: model, input, and what one iteration does.

Inputs are random, never zeros. A randomly initialised ResNet in eval mode overflows (fp16 from depth 101 on), so its
batch-norm statistics are first set by one seeded float32 forward in training mode, before any cast.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn

from resnet_bench.errors import UnsupportedError
from resnet_bench.models import create_model
from resnet_bench.records import Case, Executor, MemoryFormat, Mode, Precision, Transfer
from resnet_bench.specs import Spec

LEARNING_RATE = 1e-4
MOMENTUM = 0.9
_STATISTICS_BATCH = 2
_TF32_CAPABILITY = (8, 0)
_DTYPES = {
    Precision.FP16: torch.float16,
    Precision.BF16: torch.bfloat16,
    Precision.AMP_FP16: torch.float16,
    Precision.AMP_BF16: torch.bfloat16,
}
_COMPILE_MODES = {Executor.COMPILE: "default", Executor.COMPILE_MAX_AUTOTUNE: "max-autotune-no-cudagraphs"}


class Step(NamedTuple):
    """The three parts of a training iteration, callable in this order."""

    forward: Callable[[], torch.Tensor]
    backward: Callable[[torch.Tensor], None]
    optimizer: Callable[[], None]


class Workload:
    """One case on one device.

    Attributes:
        model: the network as prepared (cast, laid out, compiled).
        iterate: runs one iteration and returns its output: logits of shape (batch, classes), or the loss.
        step: the parts of a training iteration; None for inference.
        weights_bytes: bytes of the parameters as cast.
    """

    def __init__(
        self, case: Case, model: str | Spec | nn.Module, *, seed: int, transfer: Transfer = Transfer.EXCLUDED
    ) -> None:
        self.case = case
        self.device = torch.device(case.device)
        check_supported(case)
        make_current(self.device)
        set_arithmetic(case.precision, self.device)
        torch.manual_seed(seed)
        network = model if isinstance(model, nn.Module) else create_model(model)
        self.batch_norm_statistics = _set_batch_norm_statistics(network, case.image_size, seed=seed)
        self.autocast_dtype = _DTYPES[case.precision] if case.precision.startswith("amp_") else None
        self.dtype = torch.float32 if self.autocast_dtype else _DTYPES.get(case.precision, torch.float32)
        self._layout = (
            torch.channels_last if case.memory_format is MemoryFormat.CHANNELS_LAST else torch.contiguous_format
        )
        self.network = network.to(device=self.device, dtype=self.dtype).to(memory_format=self._layout)  # type: ignore[call-overload]
        self._host_images = self._random_images(transfer)
        self._images = self._host_images.to(self.device)
        self._transfer = transfer if self.device.type != "cpu" else Transfer.EXCLUDED
        self._optimizer: torch.optim.Optimizer | None = None
        self.weights_bytes = sum(parameter.nbytes for parameter in self.network.parameters())
        self.model = self._executable(self.network)
        self.step: Step | None = None
        if case.mode is Mode.TRAINING:
            self.network.train()
            self.step = self._training_step()
            self.iterate: Callable[[], torch.Tensor] = self._training_iteration(self.step)
        else:
            self.network.eval()
            self.iterate = self._inference_iteration()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the gradient mode of the case; entering it for each iteration would be timed with it."""
        with torch.inference_mode() if self.case.mode is Mode.INFERENCE else torch.enable_grad():
            yield

    def alive_bytes(self) -> int:
        """Return the bytes of all tensors alive between iterations: weights, buffers, input, gradients, optimizer."""
        tensors = [*self.network.parameters(), *self.network.buffers(), self._images]
        tensors += [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        if self._optimizer is not None:
            states = self._optimizer.state.values()
            tensors += [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
        return sum(tensor.nbytes for tensor in tensors)

    def forward_uncompiled(self) -> torch.Tensor:
        """Run the network itself once, whatever executes it otherwise; for its shapes."""
        with self._autocast():
            return self.network(self._input())  # type: ignore[no-any-return]

    def _random_images(self, transfer: Transfer) -> torch.Tensor:
        case = self.case
        images = torch.randn(case.batch_size, 3, case.image_size, case.image_size).to(
            dtype=self.dtype, memory_format=self._layout
        )
        pinned = transfer is Transfer.INCLUDED and self.device.type == "cuda"
        return images.pin_memory() if pinned else images

    def _executable(self, network: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
        mode = _COMPILE_MODES.get(self.case.executor)
        return network if mode is None else torch.compile(network, mode=mode)

    def _input(self) -> torch.Tensor:
        if self._transfer is Transfer.INCLUDED:
            return self._host_images.to(self.device, non_blocking=True)
        return self._images

    def _autocast(self) -> Any:
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)

    def _inference_iteration(self) -> Callable[[], torch.Tensor]:
        model, images = self.model, self._images
        if self.case.executor is Executor.CUDA_GRAPH:
            return self._captured()
        if self.autocast_dtype is None and self._transfer is Transfer.EXCLUDED:
            return lambda: model(images)

        def iterate() -> torch.Tensor:
            with self._autocast():
                return model(self._input())

        return iterate

    def _captured(self) -> Callable[[], torch.Tensor]:
        graph = torch.cuda.CUDAGraph()
        side = torch.cuda.Stream(self.device)
        side.wait_stream(torch.cuda.current_stream(self.device))
        with torch.inference_mode(), self._autocast():
            with torch.cuda.stream(side):
                for _ in range(3):
                    self.model(self._images)
            torch.cuda.current_stream(self.device).wait_stream(side)
            with torch.cuda.graph(graph):
                logits = self.model(self._images)

        def replay() -> torch.Tensor:
            if self._transfer is Transfer.INCLUDED:
                self._images.copy_(self._host_images, non_blocking=True)
            graph.replay()
            return logits

        return replay

    def _training_step(self) -> Step:
        parameters = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        optimizer = self._optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
        scaler = torch.amp.GradScaler(self.device.type, enabled=self.case.precision is Precision.AMP_FP16)
        criterion = nn.CrossEntropyLoss()
        model = self.model
        targets = torch.randint(_classes(self.network), (self.case.batch_size,)).to(self.device)

        def forward() -> torch.Tensor:
            with self._autocast():
                return criterion(model(self._input()), targets)  # type: ignore[no-any-return]

        def backward(loss: torch.Tensor) -> None:
            scaler.scale(loss).backward()

        def step() -> None:
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad(set_to_none=True)

        return Step(forward, backward, step)

    @staticmethod
    def _training_iteration(step: Step) -> Callable[[], torch.Tensor]:
        def iterate() -> torch.Tensor:
            loss = step.forward()
            step.backward(loss)
            step.optimizer()
            return loss

        return iterate


def make_current(device: torch.device) -> None:
    """Make an accelerator the process's current one: streams, events and graph captures belong to that one alone."""
    if device.type != "cpu":
        torch.accelerator.set_device_index(device)


def set_arithmetic(precision: Precision, device: torch.device) -> None:
    """Allow TF32 for `tf32` alone, on every backend that has it: float32 never silently means TF32.

    Raises:
        UnsupportedError: the device has no such arithmetic.
    """
    tf32 = precision is Precision.TF32
    if tf32 and not (device.type == "cuda" and torch.cuda.get_device_capability(device) >= _TF32_CAPABILITY):
        raise UnsupportedError(f"tf32 needs a CUDA device of compute capability 8.0 or later, not {device}.")
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = device.type == "cuda"


def check_supported(case: Case) -> None:
    """Refuse, in words, what no amount of trying would make run.

    Raises:
        UnsupportedError: the combination of executor, mode and device does not exist.
    """
    if case.executor is Executor.CUDA_GRAPH:
        if not case.device.startswith("cuda"):
            raise UnsupportedError(f"cuda_graph needs a CUDA device, not {case.device}.")
        if case.mode is Mode.TRAINING:
            raise UnsupportedError("cuda_graph captures inference only; use --executor compile for training.")


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
    return f"one seeded float32 forward of {_STATISTICS_BATCH} images in training mode"


def _classes(network: nn.Module) -> int:
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not linears:
        raise UnsupportedError("training needs a last linear layer, whose outputs are the classes; found none.")
    return linears[-1].out_features
