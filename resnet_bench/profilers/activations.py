"""The layers of any module, by running a throw-away copy on the meta device: shapes without numbers.

A layer is one call of a module without children, or an operator that runs outside of such a module. A module that
holds parameters without such a call has a row too, so that the rows' parameters add up to the module's. Counts are of
the forward pass in eval mode (heads that exist only in training mode are left out); bytes are at the precision asked
for.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_bench.errors import in_words
from resnet_bench.models.inputs import Inputs
from resnet_bench.models.outputs import leaves, refuse_unrun
from resnet_bench.models.stored import mark_as, stored
from resnet_bench.profilers import hollow
from resnet_bench.profilers.moves import FREE, NEED_VALUES
from resnet_bench.profilers.operator_count import OperatorCount
from resnet_bench.profilers.operator_tables import COUNTED_BY_TORCH
from resnet_bench.profilers.operators import cost, name_of
from resnet_bench.profilers.parameters import storage_key
from resnet_bench.profilers.reach import Reach
from resnet_bench.records import Layer, Precision
from resnet_bench.specs.arithmetic import arithmetic


class Trace(NamedTuple):
    """What a forward pass did; `uncounted` lists operators that no table knows.

    `macs_beyond_torch` are those of operators that torch's own counter leaves out.
    """

    layers: tuple[Layer, ...]
    training_flops: int
    weighted_layers: int
    uncounted: tuple[str, ...]
    macs_beyond_torch: int


class ValueNeededError(Exception):
    """The module asked for a number that a copy without data does not have."""

    def __init__(self, *, of_input: bool) -> None:
        super().__init__("a number was asked for")
        self.of_input = of_input


class TraceError(Exception):
    """The module's own code stopped the forward pass; `trace` is what was counted until then."""

    def __init__(self, cause: BaseException, trace: Trace) -> None:
        super().__init__(in_words(cause))
        self.cause = cause
        self.trace = trace


def trace(module: nn.Module, inputs: Inputs, *, precision: Precision, has_data: bool = False) -> Trace:
    """Return the layers of `module`, a throw-away copy without data; one that has data is run.

    Raises:
        TraceError: the module's own code raised, as it does when it asks for a tensor's value.
    """
    module.eval()
    run = plain_call if has_data else hollow.run
    recorder = _Recorder(module, inputs.tensors, arithmetic(precision).activation_bytes, run)
    try:
        with torch.no_grad(), recorder:
            refuse_unrun(inputs.call(module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TraceError(error, recorder.until_now()) from error
    return recorder.trace()


def plain_call(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operator as it is."""
    return func(*args, **kwargs)


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
    """Layers as they run: modules without children, and what runs outside of them.

    An operator outside that takes a parameter itself counts for the module that holds the parameter (a normalisation
    with an activation inside, attention's projections), any other one has a row of its own.
    """

    def __init__(self, module: nn.Module, inputs: list[Tensor], element: int, run: Callable[..., Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.element = element
        self.run = run
        self.layers: list[_Open] = []
        self.path: list[str] = []
        self.leaf: _Open | None = None
        self.training_flops = self.macs_beyond_torch = 0
        self.weighted: set[int] = set()
        self.uncounted: dict[str, None] = {}
        self.seen: set[int] = set()
        self.reach = Reach(module, inputs)
        self.owners: dict[int, tuple[str, nn.Module]] = {}
        self.rows: dict[str, _Open] = {}
        for name, part in module.named_modules():
            leaf = next(part.children(), None) is None
            for parameter in part.parameters(recurse=False):
                self.owners.setdefault(storage_key(parameter), (name, part))
            # Around the module's own hooks: what those do is the module's.
            part.register_forward_pre_hook(self._enter(name, leaf=leaf), prepend=True)
            part.register_forward_pre_hook(self._note_input(leaf=leaf))
            part.register_forward_hook(self._leave(leaf=leaf), always_call=True)

    def trace(self) -> Trace:
        for name, part in self.owners.values():
            if any(id(each) not in self.seen for each in part.parameters(recurse=False)):
                self._row(name, part)
        return self._of([layer for layer in self.layers if layer.computes or layer.parameters])

    def until_now(self) -> Trace:
        """Return what was computed of a forward pass that did not come to its end."""
        return self._of([layer for layer in self.layers if layer.computes])

    def _of(self, layers: list[_Open]) -> Trace:
        return Trace(
            layers=tuple(layer.layer() for layer in layers),
            training_flops=self.training_flops,
            weighted_layers=len(self.weighted),
            uncounted=tuple(self.uncounted),
            macs_beyond_torch=self.macs_beyond_torch,
        )

    def _enter(self, name: str, *, leaf: bool) -> Callable[..., None]:
        def enter(part: nn.Module, _: tuple[Any, ...]) -> None:
            self.path.append(name)
            if leaf and self.leaf is None:
                self.leaf = self._opened(name, type(part).__name__, self._parameters(part))

        return enter

    def _note_input(self, *, leaf: bool) -> Callable[..., None]:
        def note(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            if leaf and self.leaf is not None:
                self.leaf.input_shape = _shape(inputs)

        return note

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
        inputs = hollow.tensors(*args, *kwargs.values())
        try:
            output = self.run(func, args, kwargs)
        except Exception as error:
            if name_of(func) in NEED_VALUES or "data-independent" in str(error):
                raise ValueNeededError(of_input=any(map(self.reach.is_of_input, inputs))) from error
            raise
        outputs = hollow.tensors(*output) if isinstance(output, tuple) else hollow.tensors(output)
        if len(inputs) == len(outputs) == 1 and (func.is_view or name_of(func) in FREE):
            mark_as(outputs[0], inputs[0])
        self.reach.follow(inputs, outputs)
        self._note(func, cost(func, args, output), inputs, outputs)
        return output

    def _note(self, func: Any, spent: OperatorCount | None, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        if func.is_view or not outputs:
            return
        name = name_of(func)
        if spent is None:
            self.uncounted[name if "::" in name else f"aten::{name}"] = None
            spent = OperatorCount()
        layer = self.leaf
        moves_only = not spent.macs and not spent.other_flops
        if layer is None:
            if moves_only and name not in self._listed_moves:
                return
            layer = self._outside(name, inputs, outputs)
        layer.computes = True
        layer.macs += spent.macs
        layer.other_flops += spent.other_flops
        layer.read += sum(self._bytes(each) for each in inputs)
        layer.written += self._bytes(outputs[0])
        if spent.macs:
            self.macs_beyond_torch += 0 if name in COUNTED_BY_TORCH else spent.macs
            layer.activations += outputs[0].numel()
            if any(self.reach.is_of_input(each) for each in spent.operands):
                self.weighted.update(storage_key(each) for each in spent.operands if self.reach.is_weight(each))
            gradients = sum(self.reach.is_trained(each) for each in spent.operands)
            self.training_flops += 2 * spent.macs * (1 + gradients)

    _listed_moves = frozenset({"constant_pad_nd", "cat", "stack"})

    def _outside(self, name: str, inputs: list[Tensor], outputs: list[Tensor]) -> _Open:
        """Return the layer of an operator outside of any leaf module: its parameter's owner's, or one of its own."""
        owner = next((self.owners[key] for key in map(storage_key, inputs) if key in self.owners), None)
        layer = self._row(*owner) if owner else self._loose(name)
        layer.input_shape = layer.input_shape or (tuple(inputs[0].shape) if inputs else ())
        layer.output_shape = tuple(outputs[0].shape)
        return layer

    def _row(self, name: str, part: nn.Module) -> _Open:
        """Return the row of a module that holds parameters and is no layer that was called, opened where needed."""
        if name not in self.rows:
            kind = type(part).__name__
            self.rows[name] = self._opened(name or kind, kind, self._parameters(part))
        return self.rows[name]

    def _loose(self, name: str) -> _Open:
        """Return a layer for an operator alone, named after the module that runs it."""
        prefix = self.path[-1] if self.path else ""
        kind = "".join(word.capitalize() for word in name.split("_"))
        return self._opened(f"{prefix}.{name}".lstrip("."), kind, 0)

    def _opened(self, name: str, kind: str, parameters: int) -> _Open:
        self.layers.append(_Open(name, kind, parameters))
        return self.layers[-1]

    def _bytes(self, tensor: Tensor) -> int:
        return stored(tensor).elements * (self.element if tensor.is_floating_point() else tensor.element_size())


def _shape(values: Any) -> tuple[int, ...]:
    return next((tuple(leaf.shape) for leaf in leaves(values) if isinstance(leaf, Tensor)), ())
