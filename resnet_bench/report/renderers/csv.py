"""The rows of a document as CSV: every column, base units, the digits that are certain; unavailable is empty.

Spreadsheets and logs read it too, so that names are on one line, and neither formulas nor commands; JSON keeps all.
"""

import csv
import io

from resnet_bench.report.digits import certain
from resnet_bench.report.document import Document
from resnet_bench.report.table import Value
from resnet_bench.words import celled


def render(document: Document, _width: int | None = None) -> str:
    """Return the rows under a heading of the columns' keys."""
    rows = document.rows()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(celled(column.key) for column in rows.columns)
    writer.writerows(map(_cell, row) for row in rows.rows)
    return stream.getvalue()


def _cell(value: Value) -> Value:
    return celled(value) if isinstance(value, str) else certain(value)
