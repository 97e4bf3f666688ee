"""The rows of a document as CSV: every column, base units, the digits that are certain; unavailable is empty.

A name that a spreadsheet would read as a formula keeps its characters: CSV is for programs, and data stay data.
"""

import csv
import io

from resnet_bench.report.digits import certain
from resnet_bench.report.document import Document


def render(document: Document, _width: int | None = None) -> str:
    """Return the rows under a heading of the columns' keys."""
    rows = document.rows()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(column.key for column in rows.columns)
    writer.writerows(map(certain, row) for row in rows.rows)
    return stream.getvalue()
