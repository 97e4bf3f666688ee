"""Cells of text to an aligned plain table or a Markdown one; knows nothing about what they mean.

Names come from files and are data: control characters are made visible, Markdown's and HTML's signs are escaped.
"""

import html
import re

from resnet_bench.records import Record
from resnet_bench.report.format import Format
from resnet_bench.report.renderers import csv, json
from resnet_bench.words import plain

_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]|~])")
_GAP = "  "


class Grid(Record, frozen=True, kw_only=True):
    """A table of text; `right` says which columns are aligned to the right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


def escape_markdown(text: str) -> str:
    """Return `text` so that Markdown and the HTML inside it show it as it is."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", html.escape(plain(text), quote=False)).replace("@", "&#64;")


def text_lines(grid: Grid) -> list[str]:
    """Return the header and the rows, columns aligned and two spaces apart."""
    rows = [tuple(plain(cell) for cell in row) for row in (grid.headers, *grid.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(grid.headers))]
    return [
        _GAP.join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, grid.right, strict=True)
        ).rstrip()
        for row in rows
    ]


def markdown_lines(grid: Grid) -> list[str]:
    """Return a pipe table."""
    lines = ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in (grid.headers, *grid.rows)]
    rule = "|" + "|".join("---:" if right else "---" for right in grid.right) + "|"
    return [lines[0], rule, *lines[1:]]


def render(grid: Grid, form: Format, *, records: object) -> str:
    """Return the grid as text, Markdown or CSV; as JSON the records behind it, in base units."""
    if form is Format.JSON:
        return json.encode(records).rstrip("\n")
    if form is Format.CSV:
        return csv.lines([grid.headers, *grid.rows]).rstrip("\n")
    return "\n".join(text_lines(grid) if form is Format.TEXT else markdown_lines(grid))
