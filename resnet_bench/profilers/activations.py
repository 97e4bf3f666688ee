"""The layers of any module, by running a throw-away copy on the meta device: shapes without numbers.

A layer is one call of a module without children, or one operator that runs outside of such a module. Counts are of
the forward pass in eval mode (heads that exist only in training mode are left out); bytes are at the precision asked
for.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from resnet_bench.profilers import hollow
from resnet_bench.profilers.operators import Cost, cost, name_of
from resnet_bench.profilers.parameters import storage_key
from resnet_bench.records import Layer, Precision
from resnet_bench.specs.liveness import Bytes


class Trace(NamedTuple):
    """What a forward pass did; `uncounted` lists operators that no table knows."""

    layers: tuple[Layer, ...]
    training_flops: int
    weighted_layers: int
    uncounted: tuple[str, ...]


class TraceError(Exception):
    """The module's own code stopped the forward pass; `trace` is what was counted until then."""

    def __init__(self, cause: Exception, trace: Trace) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.trace = trace


def trace(module: nn.Module, *, precision: Precision, batch_size: int, image_size: int) -> Trace:
    """Return the layers of `module`, a throw-away copy on the meta device, for a batch of square RGB images.

    Raises:
        TraceError: the module's own code raised, as it does when it asks for a tensor's value.
    """
    module.eval()
    images = torch.empty(batch_size, 3, image_size, image_size, device="meta")
    recorder = _Recorder(module, Bytes.of(precision).activation)
    try:
        with torch.no_grad(), recorder:
            module(images)
    except Exception as error:
        raise TraceError(error, recorder.trace()) from error
    return recorder.trace()


class _Open:
    """A layer under way."""

    def __init__(self, name: str, kind: str, parameters: int) -> None:
        self.name, self.kind, self.parameters = name, kind, parameters
        self.input_shape: tuple[int, ...] = ()
        self.output_shape: tuple[int, ...] = ()
        self.macs = self.other_flops = self.activations = self.read = self.written = 0
        self.computes = False

    def layer(self) -> Layer:
        moved = self.read + self.written
        return Layer(
            name=self.name,
            type=self.kind,
            input_shape=self.input_shape,
            output_shape=self.output_shape,
            parameters=self.parameters,
            macs=self.macs,
            flops=2 * self.macs,
            other_flops=self.other_flops,
            activations=self.activations,
            bytes_read=self.read,
            bytes_written=self.written,
            arithmetic_intensity=(2 * self.macs + self.other_flops) / moved if moved else None,
        )


class _Recorder(TorchDispatchMode):
    def __init__(self, module: nn.Module, element: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.element = element
        self.layers: list[_Open] = []
        self.path: list[str] = []
        self.leaf: _Open | None = None
        self.training_flops = 0
        self.weighted = 0
        self.uncounted: dict[str, None] = {}
        self.seen: set[int] = set()
        self.weights = {storage_key(each) for each in module.parameters()}
        # Storages that the trained weights reach; every tensor is kept, so that no address is used twice.
        self.trained = {storage_key(each) for each in module.parameters() if each.requires_grad}
        self.kept: list[Tensor] = []
        for name, part in module.named_modules():
            leaf = next(part.children(), None) is None
            part.register_forward_pre_hook(self._enter(name, leaf=leaf))
            part.register_forward_hook(self._leave(leaf=leaf), always_call=True)

    def trace(self) -> Trace:
        return Trace(
            layers=tuple(layer.layer() for layer in self.layers if layer.computes),
            training_flops=self.training_flops,
            weighted_layers=self.weighted,
            uncounted=tuple(self.uncounted),
        )

    def _enter(self, name: str, *, leaf: bool) -> Callable[..., None]:
        def enter(part: nn.Module, inputs: tuple[Any, ...]) -> None:
            self.path.append(name)
            if leaf and self.leaf is None:
                self.leaf = _Open(name, type(part).__name__, self._parameters(part))
                self.leaf.input_shape = _shape(inputs)
                self.layers.append(self.leaf)

        return enter

    def _leave(self, *, leaf: bool) -> Callable[..., None]:
        def leave(_: nn.Module, __: Any, output: Any) -> None:
            self.path.pop()
            if leaf and self.leaf is not None:
                self.leaf.output_shape = _shape(output)
                self.leaf = None

        return leave

    def _parameters(self, part: nn.Module) -> int:
        """Parameters of `part` that no earlier layer has brought."""
        fresh = [each for each in part.parameters(recurse=False) if id(each) not in self.seen]
        self.seen.update(id(each) for each in fresh)
        return sum(each.numel() for each in fresh)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = hollow.run(func, args, kwargs)
        inputs = hollow.tensors(*args, *kwargs.values())
        outputs = hollow.tensors(*output) if isinstance(output, tuple) else hollow.tensors(output)
        self.kept += outputs
        if any(storage_key(each) in self.trained for each in inputs):
            self.trained.update(storage_key(each) for each in outputs)
        self._note(func, cost(func, args, output), inputs, outputs)
        return output

    def _note(self, func: Any, spent: Cost | None, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        if func.is_view or not outputs:
            return
        name = name_of(func)
        if spent is None:
            self.uncounted[f"aten::{name}"] = None
            spent = Cost()
        layer = self.leaf
        moves_only = not spent.macs and not spent.other_flops
        if layer is None:
            if moves_only and name not in self._listed_moves:
                return
            layer = self._loose(name, inputs, outputs)
        layer.computes = True
        layer.macs += spent.macs
        layer.other_flops += spent.other_flops
        layer.read += sum(self._bytes(each) for each in inputs)
        layer.written += self._bytes(outputs[0])
        if spent.macs:
            layer.activations += outputs[0].numel()
            self.weighted += any(storage_key(each) in self.weights for each in spent.operands)
            gradients = sum(storage_key(each) in self.trained for each in spent.operands)
            self.training_flops += 2 * spent.macs * (1 + gradients)

    _listed_moves = frozenset({"constant_pad_nd", "cat", "stack"})

    def _loose(self, name: str, inputs: list[Tensor], outputs: list[Tensor]) -> _Open:
        """Return a layer for an operator outside of any leaf module, named after the module that runs it."""
        prefix = self.path[-1] if self.path else ""
        kind = "".join(word.capitalize() for word in name.split("_"))
        layer = _Open(f"{prefix}.{name}".lstrip("."), kind, 0)
        layer.input_shape, layer.output_shape = tuple(inputs[0].shape) if inputs else (), tuple(outputs[0].shape)
        self.layers.append(layer)
        return layer

    def _bytes(self, tensor: Tensor) -> int:
        return tensor.numel() * (self.element if tensor.is_floating_point() else tensor.element_size())


def _shape(values: Any) -> tuple[int, ...]:
    return next((tuple(leaf.shape) for leaf in tree_leaves(values) if isinstance(leaf, Tensor)), ())
