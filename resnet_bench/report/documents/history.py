"""A history: what `history` prints, changes first, or the series where nothing changed."""

import msgspec

from resnet_bench.records import Change, CommitOrder, Figures, History, HistoryCommit, Record, SeriesSource, Suspicion
from resnet_bench.report.document import Document, Fact, Note, Prominence, RunHeader
from resnet_bench.report.history_words import finding, health, short
from resnet_bench.report.rows import record_rows
from resnet_bench.report.sections.history import history_section
from resnet_bench.report.sections.history_tables import change_table, series_table
from resnet_bench.report.table import Table
from resnet_bench.words import counted

LISTED = 40


class SeriesFacts(Record, frozen=True, kw_only=True):
    """What a series says once: its name, what its values are, and how often there was none."""

    source: SeriesSource
    machine: str
    case: str
    metric: str
    unit: str
    higher_is_better: bool
    exact: bool
    version: str
    identity: dict[str, str]
    failed: int
    skipped: int
    figures: Figures


class Point(SeriesFacts, frozen=True, kw_only=True):
    """One value of a series; `change` is there where a new level starts, `suspected` where one may have."""

    place: int
    commit: HistoryCommit
    value: float
    low: float | None
    high: float | None
    change: Change | None
    suspected: Suspicion | None


def points(history: History) -> list[Point]:
    """Return every point of every series, in commit order."""
    found: list[Point] = []
    for one in history.series:
        facts = {name: getattr(one, name) for name in SeriesFacts.__struct_fields__}
        starts = {change.first_after: change for change in one.changes}
        for place, value, low, high in zip(one.commits, one.values, one.low, one.high, strict=True):
            commit, change = history.commits[place], starts.get(place)
            doubt = one.suspected if one.suspected and one.suspected.first_after == place else None
            found.append(
                Point(
                    **facts,
                    place=place,
                    commit=commit,
                    value=value,
                    low=low,
                    high=high,
                    change=change,
                    suspected=doubt,
                )
            )
    return found


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
        rows=lambda: record_rows(Point, points(history)),
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
