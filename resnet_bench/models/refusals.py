"""Modules whose arithmetic is not what this package counts or measures, refused in words."""

import torch
from torch import nn

from resnet_bench.errors import ModelError, UnsupportedError
from resnet_bench.records import Precision
from resnet_bench.specs.arithmetic import ARITHMETICS, check_precision

_QUANTIZED_HOMES = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized")


def refuse_scripted(module: nn.Module, name: str) -> None:
    """Refuse TorchScript, which hides its layers.

    Raises:
        ModelError: `module` is scripted or traced.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            f"'{name}' is a TorchScript module (scripted or traced): its layers cannot be followed; "
            "give the eager module that it was made from."
        )


def refuse_foreign_arithmetic(module: nn.Module, name: str) -> None:
    """Refuse integers and complex numbers as weights.

    Raises:
        ModelError: a part of the module computes with them.
    """
    quantized = next((part for part in module.modules() if type(part).__module__.startswith(_QUANTIZED_HOMES)), None)
    if quantized is not None:
        raise ModelError(
            f"'{name}' is quantised ({type(quantized).__name__}): operators on int8 are neither counted nor measured "
            "here; give the float module that it was made from."
        )
    if any(parameter.is_complex() for parameter in module.parameters()):
        raise ModelError(f"'{name}' has complex weights, and the arithmetic here is of real numbers.")


def own_type(module: nn.Module) -> torch.dtype | None:
    """Return the type that a module's weights are built in where that is one, and not float32."""
    types = {parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()}
    return next(iter(types)) if len(types) == 1 and torch.float32 not in types else None


def own_precision(module: nn.Module, name: str, asked: Precision | None) -> Precision:
    """Return the precision that a module is of: the one asked for, else float32 or what it is built in.

    Raises:
        UnsupportedError: there is no precision of the type that it is built in.
        OtherPrecisionError: another one was asked for.
    """
    built_in = own_type(module)
    if built_in is None:
        return asked or Precision.FP32
    said = str(built_in).removeprefix("torch.")
    own = next((it for it, row in ARITHMETICS.items() if row.weights == row.computes == said), None)
    if own is None:
        raise UnsupportedError(f"'{name}' is built in {said}, and there is no such precision here.")
    if asked is not None:
        check_precision(name, built_in=own, asked=asked)
    return own
