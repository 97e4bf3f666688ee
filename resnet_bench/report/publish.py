"""What commands ask for: a summary in one of the formats, and the page beside a run."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from resnet_bench.errors import UsageError
from resnet_bench.records import Run
from resnet_bench.report.document import Document
from resnet_bench.report.documents import run
from resnet_bench.report.format import Format
from resnet_bench.report.renderers import csv, html, json, markdown, text
from resnet_bench.storage import files

_WIDTH = 160
_RENDERERS = {
    Format.TEXT: text.render,
    Format.MARKDOWN: markdown.render,
    Format.JSON: json.render,
    Format.CSV: csv.render,
}


def summary(runs: Sequence[Run], form: Format) -> str:
    """Return the summary of one or several runs, ending with a newline.

    Raises:
        UsageError: there is no run.
    """
    return render(run.build(runs), form)


def render(document: Document, form: Format) -> str:
    """Return a document in one of the formats that are printed."""
    return _RENDERERS[form](document)


def section(document: Document, name: str, form: Format) -> str:
    """Return one section's text and tables in one of the formats; CSV has its first table.

    Raises:
        UsageError: the document has no such section.
    """
    found = next((it for it in document.sections if it.id == name), None)
    if found is None:
        raise UsageError("no model was measured in more than one configuration; give run several batch sizes or so.")
    match form:
        case Format.JSON:
            return json.encode({table.id: json.rows(table) for table in found.tables})
        case Format.CSV:
            return csv.table(found.tables[0])
        case Format.MARKDOWN:
            parts = [f"### {found.title}", *found.paragraphs]
            parts += [f"#### {table.caption}\n\n{markdown.table(table)}" for table in found.tables]
        case Format.TEXT:
            parts = [textwrap.fill(paragraph, text.WIDTH) for paragraph in found.paragraphs]
            parts += [f"{table.caption}:\n{text.table(table, width=_WIDTH)}" for table in found.tables]
    return "\n\n".join(parts) + "\n"


def write_page(runs: Sequence[Run], path: Path) -> Path:
    """Write the HTML page and return where.

    Raises:
        UsageError: there is no run.
        StoreError: `path` cannot be written.
    """
    return write(path, html.render(run.build(runs)))


def write(path: Path, content: str) -> Path:
    """Write a report and return where.

    Raises:
        StoreError: `path` cannot be written.
    """
    return files.whole(path, content)
