"""Tables as CSV: every column, base units, unrounded; unavailable is an empty field.

A name that a spreadsheet would read as a formula keeps its characters: CSV is for programs, and data stay data.
"""

import csv
import io

from resnet_bench.report.document import Document, Table


def render(document: Document) -> str:
    """Return the long table of results: a row for each case of each run."""
    return table(document.results)


def table(of: Table) -> str:
    """Return any table with all its columns; the heading is the columns' keys."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.key for column in of.columns])
    writer.writerows(of.rows)
    return stream.getvalue()
