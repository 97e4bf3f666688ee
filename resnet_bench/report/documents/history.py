"""A history for the terminal, a pull request, programs, and as a page of its own."""

import msgspec

from resnet_bench.records import CommitOrder, History
from resnet_bench.report.document import Document, Fact, RunHeader, Table
from resnet_bench.report.grid import escape_markdown
from resnet_bench.report.renderers import csv, json, markdown, text
from resnet_bench.report.sections.history import (
    change_table,
    finding,
    health,
    history_section,
    point_table,
    series_table,
    short,
)
from resnet_bench.words import counted, plain

WIDTH = 160
LISTED = 40


def as_text(history: History) -> str:
    """Return the changes as aligned text, or the series where nothing changed."""
    parts = [f"history of {', '.join(map(plain, history.sources))}\n{_extent(history)}\n{finding(history)}"]
    parts.append(text.table(_body(history), width=WIDTH))
    parts += ["\n".join(f"note: {plain(note)}" for note in history.notes)] if history.notes else []
    return "\n\n".join(parts) + "\n"


def as_markdown(history: History) -> str:
    """Return the same for a pull request."""
    parts = ["### History", f"{escape_markdown(finding(history))} {escape_markdown(_extent(history))}"]
    parts.append(markdown.table(_body(history)))
    parts += ["\n".join(f"- {escape_markdown(note)}" for note in history.notes)] if history.notes else []
    return "\n\n".join(parts) + "\n"


def as_json(history: History) -> str:
    """Return the record in base units."""
    return json.encode(history)


def as_csv(history: History) -> str:
    """Return every point of every series, marked where a new level starts."""
    return csv.table(point_table(history))


def as_document(history: History) -> Document:
    """Return a report of nothing but the history: each series is a row that the page can filter."""
    series = series_table(history)
    results = msgspec.structs.replace(series, id="results")
    section = history_section(history)
    return Document(
        title=f"History of {', '.join(history.sources)}",
        runs=(RunHeader(label="history", id="history", facts=(Fact(label="Commits", value=_extent(history)),)),),
        health=health(history),
        finding=finding(history),
        results=results,
        launches=Table(id="launches", caption="Launches", columns=results.columns, rows=(), shown=()),
        summary=msgspec.structs.replace(results, id="summary", caption="Every series"),
        sections=(msgspec.structs.replace(section, folded=()),),
        notes=(),
    )


def _extent(history: History) -> str:
    first, last = short(history, 0), short(history, len(history.commits) - 1)
    ordered = "in commit order" if history.order is CommitOrder.HISTORY else "ordered by date"
    return f"{counted(len(history.commits), 'commit')} {ordered}, {first} to {last}"


def _body(history: History) -> Table:
    """Return the changes without a column that is empty in all rows; without changes the first series."""
    table = change_table(history)
    if not table.rows:
        table = series_table(history)
        more = len(table.rows) - LISTED
        rows = table.rows[:LISTED]
        if more > 0:
            rest = f"... {counted(more, 'more series', 'more series')}"
            rows = (*rows, (rest, *(None for _ in table.columns[1:])))
        return msgspec.structs.replace(table, rows=rows)
    empty = {key for key in ("now", "case_text") if not any(row[table.index(key)] for row in table.rows)}
    return msgspec.structs.replace(table, shown=tuple(key for key in table.shown if key not in empty))
