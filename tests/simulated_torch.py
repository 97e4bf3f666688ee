"""torch's CUDA layer over a simulated device: operators on tensors without data become its kernels and its memory.

`simulated()` is the door. Inside of it "cuda:0" is here, its tensors live on torch's meta device, and time is the
device's own; the package's own instruments, clock and executors run on it as they are.
"""

import contextlib
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import torch
import torch._dynamo  # some operators without data load it, and it must not meet what is replaced here
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from resnet_bench.profilers import clock, hollow
from resnet_bench.profilers.devices import cuda
from resnet_bench.profilers.parameters import storage_key
from tests.simulated_allocator import DEFAULT, Allocator, Block, OutOfRoomError
from tests.simulated_device import Card, SimulatedDevice, SimulatedEvent
from tests.simulated_nvml import UUID, SimulatedNvml
from tests.simulated_profiler import SimulatedProfiler

aten = torch.ops.aten
_META = torch.device("meta")
_CAPTURES = -1  # the stream of captures, which is nobody else's
_PRODUCTS = (aten.mm, aten.addmm, aten.bmm, aten.baddbmm, aten._scaled_mm)


class Executing(TorchDispatchMode):
    """Gives every operator on the device its time and its memory; values of single numbers are kept where known."""

    def __init__(self, device: SimulatedDevice) -> None:
        super().__init__()
        self.device = device
        self.memory = Allocator(device.card.memory_bytes)
        self.profiler = SimulatedProfiler(device)
        self.pool = DEFAULT
        self.stream = 0
        self._numbers: dict[int, float] = {}
        self._blocks: dict[int, tuple[Block, Any]] = {}
        self._workspaces: dict[int, Block] = {}
        self._known: dict[Any, Known] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        inputs = hollow.tensors(*args, *kwargs.values())
        if not any(it.is_meta for it in inputs) and kwargs.get("device") != _META:
            return func(*args, **kwargs)
        if _is_made_of_others(func):  # in inference mode they arrive whole
            with self:
                return func.decompose(*args, **kwargs)
        if func is aten._local_scalar_dense.default:
            self.device.synchronize()
            return self._numbers.get(storage_key(args[0]), 1.0)
        if func is aten._amp_foreach_non_finite_check_and_unscale_.default:
            return self._unscale(*args)
        if func is aten._amp_update_scale_.default:
            return self._rescale(*args)
        key = _key(func, args, kwargs) if _is_pure(func) else None
        known = None if key is None else self._known.get(key)
        if "convolution" in func.name() and inputs[0].element_size() == 1:
            raise NotImplementedError("convolution is not implemented for numbers of one byte")
        output = hollow.run(func, args, kwargs) if known is None else _like(known.results)
        made = hollow.tensors(*output) if isinstance(output, tuple | list) else hollow.tensors(output)
        self._note_numbers(func, args, made)
        for tensor in made:
            self._hold(tensor)
        if _runs_kernel(func):
            kernel_s = self._kernel_s(func, args, kwargs, inputs, output) if known is None else known.kernel_s
            if key is not None and known is None and all(isinstance(it, torch.Tensor) for it in _several(output)):
                self._known[key] = Known(_results(output), kernel_s)
            self._launch(func, inputs, kernel_s)
        return output

    # -- memory

    def _hold(self, tensor: torch.Tensor) -> None:
        """Give a new storage its block, for as long as it lives."""
        key, size = storage_key(tensor), tensor.untyped_storage().nbytes()
        if not tensor.is_meta or key in self._blocks or size == 0:
            return
        block = self.allocate(size)

        def gone(_: Any) -> None:
            del self._blocks[key]
            self._numbers.pop(key, None)
            self.memory.give_back(block)

        self._blocks[key] = (block, weakref.ref(tensor.untyped_storage(), gone))

    def allocate(self, size: int) -> Block:
        try:
            return self.memory.allocate(size, self.pool)
        except OutOfRoomError as error:
            raise torch.OutOfMemoryError(f"CUDA out of memory. {error}") from error

    def _workspace(self, func: Any) -> None:
        """The library of products takes one for each stream and keeps it; a convolution gives its own back."""
        card = self.device.card
        if func.overloadpacket in _PRODUCTS and self.stream not in self._workspaces and card.matmul_workspace_bytes:
            self._workspaces[self.stream] = self.allocate(card.matmul_workspace_bytes)
        if "convolution" in func.name() and card.convolution_workspace_bytes:
            self.memory.give_back(self.allocate(card.convolution_workspace_bytes))

    def clear_workspaces(self) -> None:
        """Give back what the library of products keeps."""
        for block in self._workspaces.values():
            self.memory.give_back(block)
        self._workspaces.clear()

    # -- time

    def _kernel_s(self, func: Any, args: Any, kwargs: Any, inputs: list[torch.Tensor], output: Any) -> float:
        card, made = self.device.card, [it for it in _several(output) if isinstance(it, torch.Tensor)]
        given = {storage_key(it) for it in inputs}
        moved = sum(it.nbytes for it in (*inputs, *(it for it in made if storage_key(it) not in given)))
        if any(it.numel() > 1 and not it.is_meta for it in inputs):
            return moved / 2 / card.bus_byte_per_s
        formula = flop_registry.get(func.overloadpacket)
        flops = 0 if formula is None else formula(*args, **kwargs, out_val=output)
        rate = card.cache_byte_per_s if moved <= card.cache_bytes else card.byte_per_s
        return max(moved / rate, flops / card.flop_per_s[inputs[0].element_size()] if inputs else 0.0)

    def _launch(self, func: Any, inputs: list[torch.Tensor], kernel_s: float) -> None:
        self._workspace(func)
        card, name = self.device.card, func.name()
        host_s = card.convolution_launch_s if "convolution" in name else card.launch_s
        with self.profiler.operator(name, inputs):
            self.device.launch(name, kernel_s, host_s=host_s)

    # -- single numbers, of which the loss scaler's decide what an iteration does

    def _note_numbers(self, func: Any, args: Any, made: list[torch.Tensor]) -> None:
        if len(made) != 1 or made[0].dim():
            return
        if func is aten.full.default:
            self._numbers[storage_key(made[0])] = float(args[1])
        elif args and isinstance(args[0], torch.Tensor) and storage_key(args[0]) in self._numbers:
            value = self._numbers[storage_key(args[0])]
            self._numbers[storage_key(made[0])] = 1 / value if func is aten.reciprocal.default else value

    def _unscale(self, _gradients: Any, found: torch.Tensor, inverse: torch.Tensor) -> None:
        self.device.launch("unscale", 0.0, host_s=self.device.card.launch_s)
        scale = 1 / self._numbers[storage_key(inverse)]
        self._numbers[storage_key(found)] = float(scale > self.device.card.loss_scale)

    def _rescale(self, scale: torch.Tensor, _tracker: Any, found: torch.Tensor, *factors: Any) -> torch.Tensor:
        self.device.launch("rescale", 0.0, host_s=self.device.card.launch_s)
        if self._numbers[storage_key(found)]:
            self._numbers[storage_key(scale)] *= factors[1]
        return scale


class Known(NamedTuple):
    """What an operator gives for arguments that were seen before: shape, strides and type of each result."""

    results: Any
    kernel_s: float


def _key(func: Any, args: Any, kwargs: Any) -> Any:
    """Return what decides an operator's results and time; None where that is not known."""
    key = (func, tuple(map(_part, args)), tuple((name, _part(value)) for name, value in kwargs.items()))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _part(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return (*value.shape, *value.stride(), value.dtype, value.is_meta)
    return tuple(map(_part, value)) if isinstance(value, list | tuple) else value


def _several(output: Any) -> tuple[Any, ...]:
    return tuple(output) if isinstance(output, tuple | list) else (output,)


def _results(output: Any) -> Any:
    found = tuple((tuple(it.shape), it.stride(), it.dtype) for it in _several(output))
    return found if isinstance(output, tuple | list) else found[0]


def _like(results: Any) -> Any:
    if isinstance(results[0], tuple) and results[0] and isinstance(results[0][-1], torch.dtype):
        return tuple(map(_like, results))
    shape, strides, dtype = results
    return torch.empty_strided(shape, strides, dtype=dtype, device=_META)


@cache
def _is_pure(func: Any) -> bool:
    """Say whether an operator's results are new and its arguments stay as they are."""
    return _runs_kernel(func) and not func._schema.is_mutable and not any(it.alias_info for it in func._schema.returns)


@cache
def _is_made_of_others(func: Any) -> bool:
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"))


@cache
def _runs_kernel(func: Any) -> bool:
    """Say whether an operator computes: views and bare allocations do not."""
    if func.overloadpacket.__name__.startswith(("empty", "new_empty", "detach", "set_", "resize_")):
        return False
    return not any(it.alias_info is not None and not it.alias_info.is_write for it in func._schema.returns)


class Graph:
    """A captured graph: kernels in a row, memory in a pool of its own."""

    def __init__(self, mode: Executing) -> None:
        self.mode = mode
        self.kernels: list[tuple[str, float]] = []

    def replay(self) -> None:
        self.mode.device.replay(self.kernels)


@contextlib.contextmanager
def _capture(graph: Graph) -> Iterator[None]:
    mode = graph.mode
    mode.memory.empty()
    mode.device.captured, mode.pool, mode.stream = graph.kernels, f"graph {id(graph)}", _CAPTURES
    try:
        yield
    finally:
        mode.device.captured, mode.pool, mode.stream = None, DEFAULT, 0


@contextlib.contextmanager
def _on_stream(mode: Executing, stream: Any) -> Iterator[None]:
    before, mode.stream = mode.stream, stream.number
    try:
        yield
    finally:
        mode.stream = before


@dataclass
class Simulated:
    """What a test sees of it: the device, its driver, its memory."""

    device: SimulatedDevice
    nvml: SimulatedNvml
    memory: Allocator


@contextlib.contextmanager
def simulated(card: Card | None = None) -> Iterator[Simulated]:
    """Put a simulated card in the place of CUDA, for this process and as long as the context lasts."""
    card = card or Card()
    device = SimulatedDevice(card)
    nvml, mode = SimulatedNvml(device), Executing(device)
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(sys.modules, {"pynvml": nvml}))
        for target, names in _replacements(mode).items():
            for name, made in names.items():
                stack.enter_context(mock.patch.object(target, name, made, create=True))
        stack.enter_context(mode)
        yield Simulated(device, nvml, mode.memory)


def _replacements(mode: Executing) -> dict[Any, dict[str, Any]]:
    device, memory, card = mode.device, mode.memory, mode.device.card
    properties = SimpleNamespace(name=card.name, total_memory=card.memory_bytes, uuid=UUID)
    numbers = iter(range(1, 1_000_000))

    def stream(*_: Any) -> Any:
        return SimpleNamespace(number=next(numbers), wait_stream=lambda _: None)

    main = SimpleNamespace(number=0, wait_stream=lambda _: None)
    autocast = torch.autocast
    return {
        clock: {
            "time": SimpleNamespace(perf_counter=lambda: device.host_s, process_time=lambda: 0.0, sleep=device.work)
        },
        cuda.INSTRUMENTS: {"device": lambda _: _META},
        torch: {
            "Event": lambda **_: SimulatedEvent(device),
            # Autocast knows no meta device: what it would compute in half, it computes as it is.
            "autocast": lambda kind, **options: (
                contextlib.nullcontext() if kind == "meta" else autocast(kind, **options)
            ),
        },
        torch.profiler: {"profile": mode.profiler.profile, "record_function": mode.profiler.record_function},
        torch.autograd.profiler: {"record_function": mode.profiler.record_function},
        torch.Tensor: {"pin_memory": lambda tensor: tensor},
        torch.version: {"cuda": "13.0"},
        torch._C: {"_cuda_clearCublasWorkspaces": mode.clear_workspaces},
        torch.backends.cudnn: {"version": lambda: 91500},
        torch.accelerator: {
            "is_available": lambda: True,
            "current_accelerator": lambda: torch.device("cuda"),
            "device_count": lambda: 1,
            "synchronize": lambda *_: device.synchronize(),
            "set_device_index": lambda _: None,
        },
        torch.cuda: {
            "is_available": lambda: True,
            "current_device": lambda: 0,
            "get_device_properties": lambda _: properties,
            "get_device_capability": lambda _=None: card.capability,
            "synchronize": lambda *_: device.synchronize(),
            "reset_peak_memory_stats": lambda *_: memory.reset_peaks(),
            "max_memory_allocated": lambda *_: memory.peak_allocated,
            "max_memory_reserved": lambda *_: memory.peak_reserved,
            "memory_allocated": lambda *_: memory.allocated,
            "memory_reserved": lambda *_: memory.reserved,
            "mem_get_info": lambda *_: (card.memory_bytes - memory.reserved, card.memory_bytes),
            "empty_cache": memory.empty,
            "CUDAGraph": lambda: Graph(mode),
            "graph": _capture,
            "Stream": stream,
            "current_stream": lambda *_: main,
            "stream": lambda it: _on_stream(mode, it),
        },
    }
