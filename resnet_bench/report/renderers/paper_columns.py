"""Which columns of a table a sheet of paper has no room for: they go by their ranks, as in a terminal."""

import msgspec

from resnet_bench.report.cells import decimals, show_column
from resnet_bench.report.svg.paper import text_px
from resnet_bench.report.table import Column, ColumnKind, Table

PAPER_PX = 703.0  # A4 less the margins of the page's style, at 96 px an inch
_FONT_PX = 9.4
_PADDING_PX = 4.7
_LONGEST_NAME_PX = 253.0
_BOLD = 1.16
_ROWS = 1000  # as many as are printed


def left_out(table: Table) -> tuple[Column, ...]:
    """Return the columns that paper does not show, in their order in the table."""
    head = msgspec.structs.replace(table, rows=table.rows[:_ROWS])
    kept = {key: _width_px(head, table.column(key), first=key == table.shown[0]) for key in table.shown}
    for rank in sorted({rank for key in kept if (rank := table.column(key).rank) is not None}):
        if sum(kept.values()) <= PAPER_PX:
            break
        kept = {key: width for key, width in kept.items() if table.column(key).rank != rank}
    return tuple(table.column(key) for key in table.shown if key not in kept)


def _width_px(table: Table, column: Column, *, first: bool) -> float:
    """Return how narrow a column can be: numbers and the name of a row stay on one line, words do not."""
    pairs = show_column(table, column)
    heads = [*column.title.split(), *column.unit.split()]
    wide = max((text_px(word, _FONT_PX) * _BOLD for word in heads), default=0.0)
    point = max((decimals(text) for text, _ in pairs), default=0)  # where all points stand below each other
    pads = [point - decimals(text) if column.kind.numeric and " " not in text else 0 for text, _ in pairs]
    whole = [text + "0" * pad for (text, _), pad in zip(pairs, pads, strict=True)] + [it for _, it in pairs]
    cells = whole if first or column.kind.numeric else [word for it in whole for word in it.split()]
    widest = max((text_px(it, _FONT_PX) for it in set(cells)), default=0.0)
    if first or column.kind is ColumnKind.NAME:
        widest = min(widest * _BOLD, _LONGEST_NAME_PX)
    return max(wide, widest) + _PADDING_PX
