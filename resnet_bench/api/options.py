"""Python values for the options of `run`: the same table as its flags, so that a new one needs nothing here."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from resnet_bench.config.axes import BY_NAME
from resnet_bench.config.options import OPTIONS
from resnet_bench.errors import UsageError, nearest

# How each may be spelled: as the flag, as its alias, and as records call the axis.
_SPELLINGS = {
    spelling.removeprefix("--").replace("-", "_"): option
    for option in OPTIONS
    for spelling in (option.flag, option.alias)
    if spelling
}
_SPELLINGS |= {axis.plural: _SPELLINGS[axis.name] for axis in BY_NAME.values()}
_MODELS = "models"
_SHOWN = tuple(option.name for option in OPTIONS if option.name != _MODELS)


def texts_of(options: Mapping[str, object]) -> dict[str, str]:
    """Return options as the texts that flags would have, by the option's name; None is as if it were not given.

    Raises:
        UsageError: there is no such option, or it is given twice.
    """
    said: dict[str, str] = {}
    for name, value in options.items():
        if name not in _SPELLINGS:
            raise UsageError(f"'{name}' is no option of a run.{nearest(name, _SHOWN)} Options: {', '.join(_SHOWN)}.")
        option = _SPELLINGS[name]
        if option.name in said:
            raise UsageError(f"'{name}' and another spelling of it are given; give one.")
        if value is not None:
            said[option.name] = _text(value)
    return said


def with_options_shown(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature with each option in place of `**options`, for `help()` and notebooks."""
    own = inspect.signature(function)
    kept = [it for it in own.parameters.values() if it.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in _SHOWN]
    return own.replace(parameters=[*kept, *options])


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case str():
            return value
        case Iterable():
            return ",".join(map(_text, value))
        case _:
            return str(value)
