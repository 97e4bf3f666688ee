"""A history: what `history` prints, changes first, or the series where nothing changed."""

import msgspec

from resnet_bench.records import CommitOrder, History
from resnet_bench.report.document import Document, Fact, Note, Prominence, RunHeader
from resnet_bench.report.sections.history import (
    change_table,
    finding,
    health,
    history_section,
    point_table,
    series_table,
    short,
)
from resnet_bench.report.table import Table
from resnet_bench.words import counted

LISTED = 40


def document(history: History) -> Document:
    """Return the history; each series is a row that the page can filter, CSV has every point."""
    series = msgspec.structs.replace(series_table(history), id="results", listed=LISTED)
    changes = _changes(history)
    section = msgspec.structs.replace(
        history_section(history),
        title="",
        prominence=Prominence.MAIN,
        paragraphs=(),
        tables=(changes,) if changes.rows else (),
        folded=(),
    )
    return Document(
        title=f"History of {', '.join(history.sources)}",
        kind="history",
        content=lambda: history,
        rows=lambda: point_table(history),
        runs=(
            RunHeader(
                label="history", heading="Commits", id="history", facts=(Fact(label="Commits", value=_extent(history)),)
            ),
        ),
        health=health(history),
        finding=finding(history),
        results=series,
        summary=msgspec.structs.replace(series, id="summary", caption="Every series"),
        summary_prominence=Prominence.PAGE if changes.rows else Prominence.MAIN,
        sections=(section,),
        notes=tuple(Note(number=number, text=text, cases=0) for number, text in enumerate(history.notes, 1)),
    )


def _extent(history: History) -> str:
    first, last = short(history, 0), short(history, len(history.commits) - 1)
    ordered = "in commit order" if history.order is CommitOrder.HISTORY else "ordered by date"
    return f"{counted(len(history.commits), 'commit')} {ordered}, {first} to {last}"


def _changes(history: History) -> Table:
    """Return the changes without a column that is empty in all rows."""
    table = change_table(history)
    empty = {key for key in ("now", "case_text") if not any(row[table.index(key)] for row in table.rows)}
    return msgspec.structs.replace(table, shown=tuple(key for key in table.shown if key not in empty))
