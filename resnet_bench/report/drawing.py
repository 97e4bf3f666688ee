"""What all figures share: values as short as they are drawn, and text that plotly cannot take for markup."""

import math
from typing import Any

from resnet_bench.report.table import Value
from resnet_bench.words import plain

Plotly = dict[str, Any]
_DIGITS = 6


def short(value: Value) -> Value:
    """Round what is only drawn: the table beside the figure has all digits."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def escaped(words: str) -> str:
    """Return text from a file for plotly, which reads a few HTML tags, entities and formulas in all its labels."""
    return plain(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")
