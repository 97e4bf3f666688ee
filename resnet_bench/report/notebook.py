"""What a notebook shows of a document: its headline table as HTML, and its figures as plotly's own objects."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Document
from resnet_bench.report.figure import Figure
from resnet_bench.report.figures import plotly_figure
from resnet_bench.report.table import Column, Table
from resnet_bench.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MOST_ROWS = 60
_PLOTLY = "application/vnd.plotly.v1+json"


def figures_of(document: Document) -> Mapping[str, Figure]:
    """Return a document's figures by their id, in their order."""
    return {figure.id: figure for section in document.sections for figure in section.figures}


def plotly_object(figure: Figure) -> "go.Figure":
    """Return a figure as plotly draws it on the page."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second, for those who look at a figure

    drawn = go.Figure(plotly_figure(figure))
    return drawn.update_layout(title=plain(figure.title), template="plotly_white")


def html_of(document: Document) -> str:
    """Return title, finding and the first tables as HTML without styles or scripts."""
    tables = [document.headline_table] if document.headline_table else []
    tables += [] if tables else [table for section in document.sections for table in section.tables]
    said = [document.title, document.finding, f"All cases: {document.constants}." if document.constants else ""]
    lines = [f"<p>{escape(plain(text))}</p>" for text in said if text]
    return "\n".join([*lines, *map(_table, tables)])


def display(document: Document, text: str) -> None:
    """Show the table, and below it the first figure, in the notebook or terminal of IPython."""
    from IPython.display import display as show  # noqa: PLC0415 - it is there where this is called

    show({"text/plain": text, "text/html": html_of(document)}, raw=True)
    first = next(iter(figures_of(document).values()), None)
    if first is not None:
        content: dict[str, Any] = plotly_object(first).to_plotly_json()
        show({"text/plain": first.finding, _PLOTLY: content}, raw=True)


def _table(of: Table) -> str:
    columns = [of.column(key) for key in of.shown]
    heads = "".join(f'<th style="text-align: {_side(column)}">{_heading(column)}</th>' for column in columns)
    cells = zip(*(show_column(of, column) for column in columns), strict=True)
    rows = [
        "".join(
            f'<td style="text-align: {_side(column)}">{escape(f"{text} {interval}".strip())}</td>'
            for column, (text, interval) in zip(columns, row, strict=True)
        )
        for row in list(cells)[:_MOST_ROWS]
    ]
    more = len(of.rows) - len(rows)
    rest = f"<p>{more:,} more rows are in frame().</p>" if more else ""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _side(column: Column) -> str:
    return "right" if column.kind.to_the_right else "left"


def _heading(column: Column) -> str:
    title = f"{column.title} ({column.unit})" if column.unit else column.title
    return escape(plain(f"{column.group}: {title}" if column.group else title))
