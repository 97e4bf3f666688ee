"""A network in int8 as torch ships it: traced, calibrated and quantised by torch.ao, run by its engine for x86.

Each convolution is one operator with what was folded into it. torch calls this deprecated for a package of its own,
torchao, without which it has no other way to int8.
"""

import copy
import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, fx, nn

from resnet_bench.errors import UnsupportedError, in_words
from resnet_bench.executors import calibration
from resnet_bench.executors.inputs import input_of
from resnet_bench.executors.iteration import TorchPrepared, prepared
from resnet_bench.executors.placed import MEMORY_FORMATS, Placed, placed
from resnet_bench.executors.protocol import Task
from resnet_bench.executors.ran import convolution_macs, counted, product_macs
from resnet_bench.executors.table import quantising
from resnet_bench.machine import processor
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Case, Precision, RanOperators, RuntimeRan
from resnet_bench.words import listed

ENGINE = "x86"
# torch's names of quantised types, where records have others.
_TYPES = {"quint8": "uint8", "qint8": "int8"}
_COMPUTES = {"call_module", "call_function", "call_method"}


def refuse_unquantisable(case: Case) -> None:
    """Refuse what torch cannot quantise here.

    Raises:
        UnsupportedError: in words, and what to ask for instead.
    """
    if kind_of(case.device).accelerator:
        raise UnsupportedError(f"{case.executor} in int8 is measured on the CPU only, not on {case.device}.")
    engines = torch.backends.quantized.supported_engines
    if ENGINE not in engines:
        raise UnsupportedError(
            f"torch has no engine '{ENGINE}' for int8 here (it has {listed(engines)}): {_instead(case)}."
        )
    if not input_of(case).is_one_batch_of_numbers:
        raise UnsupportedError(
            f"{case.executor} in int8 takes models of one tensor of fractions, not {input_of(case)}."
        )


def quantised(task: Task) -> TorchPrepared:
    """Return the quantised network's iteration; what it is compared with stays as it was, in float32.

    Raises:
        UnsupportedError: torch cannot trace the network, or not quantise it.
    """
    there = placed(task._replace(case=msgspec.structs.replace(task.case, precision=Precision.FP32)))
    batches = [torch.from_numpy(batch) for batch in calibration.batches(task.case, task.calibration)]
    try:
        network = _converted(there, batches)
    except ImportError:
        raise UnsupportedError(
            f"torch {torch.__version__} brings no quantisation any more: {_instead(task.case)}."
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever the tracer, or the model under it, raises
        raise UnsupportedError(f"torch.ao cannot quantise '{task.case.model}': {in_words(error)}") from None
    now = dataclasses.replace(there, case=task.case, network=network)
    made = prepared(now, network, modules=network)
    weights = tuple(tensor for _, weight, bias in _products(network) for tensor in (weight, bias) if tensor is not None)
    return dataclasses.replace(made, unchanged=there.network, packed=weights, ran=lambda: _ran(now))


def _instead(case: Case) -> str:
    return f"ask for --executor {quantising(beside=case.executor)}"


def _converted(there: Placed, batches: Sequence[Tensor]) -> nn.Module:
    from torch.ao import quantization  # noqa: PLC0415 - torch says that it will go
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx  # noqa: PLC0415 - as above

    # All of what calibration reaches, as the runtimes beside it; without VNNI sums of 8 by 8 bits would overflow.
    has_room = processor.has_int8(processor.flags())
    ranges = quantization.QConfig(
        activation=quantization.MinMaxObserver.with_args(dtype=torch.quint8, reduce_range=not has_room),
        weight=quantization.default_per_channel_weight_observer,
    )
    mapping = quantization.get_default_qconfig_mapping(ENGINE).set_global(ranges)
    torch.backends.quantized.engine = ENGINE
    layout = MEMORY_FORMATS[there.case.memory_format]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that it will go
        observed = prepare_fx(copy.deepcopy(there.network), mapping, tuple(there.inputs.tensors))
        for batch in batches:
            observed(batch.to(memory_format=layout) if batch.ndim == len("nchw") else batch)
        converted: nn.Module = convert_fx(observed)
    return converted


def _products(network: nn.Module) -> Iterator[tuple[nn.Module, Tensor, Tensor | None]]:
    """Yield the modules that keep weights and bias packed for the engine, with both as they are held."""
    for module in network.modules():
        weight, bias = (getattr(module, name, None) for name in ("weight", "bias"))
        if callable(weight) and callable(bias):
            yield module, weight(), bias()


class _Reader(fx.Interpreter):
    """Runs a traced network, and notes what each operator returned."""

    def __init__(self, network: fx.GraphModule) -> None:
        super().__init__(network)
        self.found: list[RanOperators] = []

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.op in _COMPUTES and isinstance(value, Tensor):
            self.found.append(self._operator(n, value))
        return value

    def _operator(self, node: fx.Node, value: Tensor) -> RanOperators:
        dtype = str(value.dtype).removeprefix("torch.")
        module = self.fetch_attr(str(node.target)) if node.op == "call_module" else None
        return RanOperators(
            operator=type(module).__name__ if module is not None else _name(node.target),
            provider=ENGINE if value.is_quantized else "torch",
            dtype=_TYPES.get(dtype, dtype),
            count=1,
            macs=0 if module is None else _macs(module, value),
        )


def _name(target: object) -> str:
    return target if isinstance(target, str) else str(getattr(target, "__name__", target))


def _macs(module: nn.Module, output: Tensor) -> int:
    weight = getattr(module, "weight", None)
    weight = weight() if callable(weight) else weight
    if not isinstance(weight, Tensor) or weight.ndim < 2:  # noqa: PLR2004 - norms have a number a channel
        return 0
    if "Conv" in type(module).__name__:
        return convolution_macs(weight.shape, output.shape)
    return product_macs(weight.shape, output.shape)


def _ran(placed: Placed) -> RuntimeRan:
    """Return what one more run computed, operator by operator."""
    network = placed.network
    if not isinstance(network, fx.GraphModule):
        raise TypeError(type(network).__name__)
    reader = _Reader(network)
    with torch.inference_mode():
        reader.run(*placed.inputs.tensors)
    return RuntimeRan(
        name="torch.ao",
        version=str(torch.__version__),
        providers=(torch.backends.quantized.engine,),
        operators=counted(reader.found),
    )
