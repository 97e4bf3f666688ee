"""The digits of a derived number that are certain: those that documents write.

The last bits of a logarithm or a mean depend on the processor: numpy, BLAS and libm pick their kernels by its
instruction set. What was measured keeps every digit where it is saved; twelve hold each nanosecond of 15 minutes.
"""

from typing import Any

import msgspec

CERTAIN = 12


def certain(value: Any) -> Any:
    """Return a float with its certain digits; anything else as it is."""
    return float(f"{value:.{CERTAIN}g}") if isinstance(value, float) else value


def certain_fields(of: object) -> Any:
    """Return a record, or a list or dictionary of them, as built-in values whose floats have their certain digits."""
    return _rounded(msgspec.to_builtins(of, str_keys=True))


def _rounded(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_rounded(value) for value in node]
    return certain(node)
