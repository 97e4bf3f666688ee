"""A document as JSON: tables as lists of objects whose keys are the columns' keys, in base units."""

import msgspec

from resnet_bench.records import SCHEMA_VERSION
from resnet_bench.report.digits import certain_fields
from resnet_bench.report.document import Document, Table, Value


def render(document: Document) -> str:
    """Return the document as indented JSON that ends with a newline."""
    return encode(content(document))


def encode(of: object) -> str:
    """Return records as indented JSON that ends with a newline, their floats with the digits that are certain."""
    return msgspec.json.format(msgspec.json.encode(certain_fields(of)), indent=2).decode() + "\n"


def content(document: Document) -> dict[str, object]:
    """Return what is encoded: runs, health, results, findings by figure, other tables by id, notes."""
    return {
        "schema": SCHEMA_VERSION,
        "title": document.title,
        "runs": [
            {"label": run.label, "id": run.id, "facts": {fact.label: fact.value for fact in run.facts}}
            for run in document.runs
        ],
        "health": document.health,
        "results": rows(document.results),
        "findings": {figure.id: figure.finding for section in document.sections for figure in section.figures},
        **{table.id: rows(table) for section in document.sections for table in (*section.tables, *section.folded)},
        "notes": document.notes,
    }


def rows(of: Table) -> list[dict[str, Value]]:
    """Return a table's rows as objects."""
    keys = [column.key for column in of.columns]
    return [dict(zip(keys, row, strict=True)) for row in of.rows]
