"""How torch may round float32 products on the way, by whichever of its two interfaces is installed. Imports torch.

The older one (`allow_tf32`, `set_float32_matmul_precision`) knows CUDA's products and cuDNN as a whole. The newer one
(`fp32_precision`) knows each operator, on the host too, and an operator that says nothing takes what stands above it;
where a model used that one, the getters of the older raise, and torch's own compiler asks them. So both are set alike,
and the newer is asked where it is there.
"""

from collections.abc import Iterator
from typing import Any

import torch

_DEVICE_OPERATORS = ("cuda.matmul", "cudnn.conv", "cudnn.rnn")
_HOST_OPERATORS = ("mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn")
# What stands above cuDNN's operators.
_DEVICE_PARENT = "cudnn"
_TENSOR_FLOAT, _EXACT, _UNSAID = "tf32", "ieee", "none"


def set_rounding(*, tensor_float: bool) -> None:
    """Let CUDA's products and convolutions be rounded to TF32, or nothing be rounded; on the host nothing ever is."""
    torch.set_float32_matmul_precision("high" if tensor_float else "highest")
    torch.backends.cuda.matmul.allow_tf32 = tensor_float
    torch.backends.cudnn.allow_tf32 = tensor_float
    word = _TENSOR_FLOAT if tensor_float else _EXACT
    for _, setting in _settings(_DEVICE_PARENT, *_DEVICE_OPERATORS):
        setting.fp32_precision = word
    for _, setting in _settings(*_HOST_OPERATORS):
        setting.fp32_precision = _EXACT


def tensor_float_products() -> bool:
    """Say whether CUDA's products may be rounded to TF32."""
    return _allowed("cuda.matmul")


def tensor_float_convolutions() -> bool:
    """Say whether cuDNN's convolutions may be rounded to TF32."""
    return _allowed("cudnn.conv")


def altered(*, tensor_float: bool) -> tuple[str, ...]:
    """Return what no longer stands as `set_rounding` left it: "torch.backends.cudnn.conv is tf32"."""
    wanted = _TENSOR_FLOAT if tensor_float else _EXACT
    found = [(name, setting.fp32_precision, wanted) for name, setting in _settings(*_DEVICE_OPERATORS)]
    found += [(name, setting.fp32_precision, _EXACT) for name, setting in _settings(*_HOST_OPERATORS)]
    if not found:
        legacy = (("cuda.matmul", tensor_float_products()), ("cudnn", tensor_float_convolutions()))
        found = [(name, _TENSOR_FLOAT if allowed else _EXACT, wanted) for name, allowed in legacy]
    # An operator of which nothing is said, nor above it, computes exactly.
    told = ((name, _EXACT if word == _UNSAID else word, want) for name, word, want in found)
    return tuple(f"torch.backends.{name} is {word}" for name, word, want in told if word != want)


def _allowed(operator: str) -> bool:
    for _, setting in _settings(operator):
        return bool(setting.fp32_precision == _TENSOR_FLOAT)
    legacy = torch.backends.cuda.matmul if operator == "cuda.matmul" else torch.backends.cudnn
    return bool(legacy.allow_tf32)


def _settings(*names: str) -> Iterator[tuple[str, Any]]:
    """Yield those that the installed torch has of the newer interface."""
    for name in names:
        found: Any = torch.backends
        for part in name.split("."):
            found = getattr(found, part, None)
        if hasattr(found, "fp32_precision"):
            yield name, found
