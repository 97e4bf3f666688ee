"""`[[machine]]` of a suite file: a machine that an engine starts launches on."""

from collections.abc import Callable, Mapping
from typing import Any

from resnet_bench.config import values
from resnet_bench.errors import ConfigError, nearest
from resnet_bench.records import Machine

_TEXT = values.words("a text", "texts", '["h100"]')
_SECONDS = values.number("number of seconds")
_AMOUNT = values.number("amount")


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ConfigError(f"{where} = {value!r}: expected a list of texts, such as {_TEXT.example}.")
    return tuple(value)


def _variables(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ConfigError(f'{where} = {value!r}: expected variables, such as {{ HF_HOME = "/scratch/hf" }}.')
    wrong = next((name for name in value if not name.isidentifier()), None)
    if wrong is not None:
        raise ConfigError(f"{where}: '{wrong}' is no name of a variable.")
    return dict(value)


def _amounts(value: object, where: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} = {value!r}: expected amounts, such as {{ h100 = 1 }}.")
    return {name: values.from_file(_AMOUNT, each, f"{where}.{name}") for name, each in value.items()}


def _labels(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) and each for each in value.values()):
        raise ConfigError(f'{where} = {value!r}: expected labels, such as {{ card = "h100" }}.')
    return dict(value)


def _by(reader: values.Reader) -> Callable[[object, str], Any]:
    return lambda value, where: values.from_file(reader, value, where)


_KEYS: Mapping[str, Callable[[object, str], Any]] = {
    **dict.fromkeys(("name", "launcher", "host", "constraint", "gres", "address", "python", "device"), _by(_TEXT)),
    "command": _texts,
    "options": _texts,
    "environment": _variables,
    "resources": _amounts,
    "labels": _labels,
    "slots": _by(values.whole()),
    "wait_s": _by(_SECONDS),
}
_NEEDED = ("name", "launcher")


def read(table: Mapping[str, object], where: str) -> Machine:
    """Read one table; whether its launcher can have it, the launcher says.

    Raises:
        ConfigError: a key or a value is wrong, or the name or the launcher is missing.
    """
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{where}: unknown key '{key}'.{nearest(key, _KEYS)}")
    for key in _NEEDED:
        if key not in table:
            raise ConfigError(f"{where} has no {key}.")
    return Machine(**{key: _KEYS[key](value, f"{where}.{key}") for key, value in table.items()})
