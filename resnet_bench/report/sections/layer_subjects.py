"""A case whose layers were measured, and what its figures share."""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_bench.analysis.layers import LayerRow
from resnet_bench.records import Ceilings, LayerProfile
from resnet_bench.report.table import Table
from resnet_bench.words import counted

_MOST_SENTENCES = 2


class Subject(NamedTuple):
    """A case whose layers were measured; `position` is its row in the report's results, by which the page filters."""

    name: str
    profile: LayerProfile
    ceilings: Ceilings | None
    layers: tuple[LayerRow, ...]
    stages: tuple[LayerRow, ...]
    position: int | None


def rows_of(subjects: Sequence[Subject]) -> tuple[int, ...]:
    """Return the results' row of each point's case; none where one is unknown, then the points are always drawn."""
    known = tuple(it.position for it in subjects if it.position is not None)
    return known if len(known) == len(subjects) else ()


def view_with(table: Table, name: str, *keys: str) -> Table:
    """Return the table with only the columns that a figure draws; its rows are the same ones, not a copy."""
    shown = tuple(key for key in table.shown if key in {"subject", "name", *keys})
    return Table(id=name, caption=table.caption, columns=table.columns, rows=table.rows, shown=shown)


def first_sentences(sentences: Sequence[str]) -> str:
    """Join a sentence for each of the first cases, and leave the others to the table."""
    left = len(sentences) - _MOST_SENTENCES
    more = [f"The table has {counted(left, 'more case')}."] if left > 0 else []
    return " ".join([*sentences[:_MOST_SENTENCES], *more])
