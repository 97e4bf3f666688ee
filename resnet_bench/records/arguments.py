"""Arguments that a model is built with, as one line of text with one spelling: `act_layer="gelu" in_chans=4`."""

import json
import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")
_WORD = re.compile(r"[^\s\"{}\[\]]+")
_DECODER = json.JSONDecoder()


def to_text(arguments: Mapping[str, Any]) -> str:
    """Return arguments as text, by name; what a TOML or JSON table holds.

    Raises:
        ValueError: a name is none, or a value is no text, number, yes or no, list or table.
    """
    parts = []
    for name, value in sorted(arguments.items()):
        if not name.isidentifier():
            raise ValueError(f"'{name}' is no name of an argument")
        try:
            parts.append(f"{name}={json.dumps(value, sort_keys=True, separators=(',', ':'), allow_nan=False)}")
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error
    return " ".join(parts)


def from_text(text: str) -> dict[str, Any]:
    """Read arguments, values as in JSON; a bare word is a text, and True, False and None are Python's.

    Raises:
        ValueError: they cannot be read, or one stands twice.
    """
    found: dict[str, Any] = {}
    position = 0
    while text[position:].strip():
        name = _NAME.match(text, position)
        if name is None or name[1] in found:
            raise ValueError(f"'{text[position:].strip()}': expected name=value, each name once")
        found[name[1]], position = _value(text, name.end())
    return found


_PYTHON = {"True": True, "False": False, "None": None}


def _value(text: str, start: int) -> tuple[Any, int]:
    word = _WORD.match(text, start)
    if word is not None and word[0] in _PYTHON:
        return _PYTHON[word[0]], word.end()
    try:
        value, end = _DECODER.raw_decode(text, start)
        if end == len(text) or text[end].isspace():
            return value, end
    except json.JSONDecodeError:
        pass
    if word is None:
        raise ValueError(f"'{text[start:]}' is no value")
    return word[0], word.end()
