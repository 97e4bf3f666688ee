"""What a sweep is told, one line a value with where it comes from, in every format."""

from collections.abc import Sequence
from typing import Any, Protocol

from resnet_bench.report import grid
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid

_HEADERS = ("setting", "value", "source")


class _Line(Protocol):
    @property
    def setting(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def source(self) -> str: ...


def render(lines: Sequence[_Line], form: Format) -> str:
    """Return the lines in one of the formats; JSON holds the values as they are."""
    rows = tuple((line.setting, _words(line.value), line.source) for line in lines)
    return grid.render(Grid(headers=_HEADERS, rows=rows, right=(False, False, False)), form, records=lines)


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
