"""Tables as CSV: every column, base units, the digits that are certain; unavailable is an empty field.

A name that a spreadsheet would read as a formula keeps its characters: CSV is for programs, and data stay data.
"""

import csv
import io
from collections.abc import Iterable

from resnet_bench.report.digits import certain
from resnet_bench.report.document import Document, Table


def render(document: Document) -> str:
    """Return the long table of results: a row for each case of each run."""
    return table(document.results)


def table(of: Table) -> str:
    """Return any table with all its columns; the heading is the columns' keys."""
    return lines([[column.key for column in of.columns], *of.rows])


def lines(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV that ends with a newline."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(map(certain, row) for row in rows)
    return stream.getvalue()
