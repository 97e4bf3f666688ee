r"""A document's tables for a paper: booktabs, units in the head, intervals as $\pm$, all text escaped.

What people see of each table stands in it, in a `table` of its own; the preamble needs booktabs and amssymb.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Document
from resnet_bench.report.escaping import latex as escape
from resnet_bench.report.table import Column, ColumnKind, Table


def render(document: Document, _width: int | None = None, /) -> str:
    """Return the summary and the sections' tables, each with its caption; what is folded on a page is left out."""
    head = [f"% {escape(document.title)}", r"% needs \usepackage{booktabs} and \usepackage{amssymb}"]
    return "\n".join([*head, *(table(of, caption) for caption, of in _tables(document))]) + "\n"


def table(of: Table, caption: str) -> str:
    """Return one table as a `table` with a `tabular` in it."""
    columns = [of.column(key) for key in of.shown]
    cells = [[_cell(column, *pair) for pair in show_column(of, column)] for column in columns]
    lines = [
        "",
        r"\begin{table}",
        rf"\caption{{{escape(caption)}}}",
        rf"\begin{{tabular}}{{{''.join('r' if column.kind.to_the_right else 'l' for column in columns)}}}",
        r"\toprule",
        *_groups(columns),
        _row([_heading(column) for column in columns]),
        r"\midrule",
        *(_row(row) for row in zip(*cells, strict=True)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _tables(document: Document) -> Iterator[tuple[str, Table]]:
    if document.headline_table:
        constants = f" ({document.constants})" if document.constants else ""
        yield f"{document.title}{constants}", document.headline_table
    for section in document.sections:
        for of in section.tables:
            if of.rows:
                yield of.caption or section.title or document.title, of


def _groups(columns: Sequence[Column]) -> list[str]:
    """Return the line of labels above several columns and the rules below it, nothing where there are none."""
    if not any(column.group for column in columns):
        return []
    cells, rules, first = [], [], 1
    for name, members in groupby(columns, key=lambda column: column.group):
        last = first + len(list(members)) - 1
        cells.append(rf"\multicolumn{{{last - first + 1}}}{{c}}{{{escape(name)}}}")
        rules += [rf"\cmidrule(lr){{{first}-{last}}}"] if name else []
        first = last + 1
    return [_row(cells), "".join(rules)]


def _heading(column: Column) -> str:
    return escape(f"{column.title} ({column.unit})" if column.unit else column.title)


def _cell(column: Column, text: str, interval: str) -> str:
    if column.kind is ColumnKind.NOTES:
        return ", ".join(text.split())
    return f"{escape(text)} {escape(interval)}".strip()


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
