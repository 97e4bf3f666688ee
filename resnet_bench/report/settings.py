"""What a sweep is told, one line a value with where it comes from, in every format."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid, markdown_lines, text_lines

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
    if form is Format.JSON:
        return msgspec.json.format(msgspec.json.encode(lines), indent=2).decode()
    rows = tuple((line.setting, _words(line.value), line.source) for line in lines)
    if form is Format.CSV:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([_HEADERS, *rows])
        return out.getvalue().rstrip("\n")
    grid = Grid(headers=_HEADERS, rows=rows, right=(False, False, False))
    return "\n".join(text_lines(grid) if form is Format.TEXT else markdown_lines(grid))


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
