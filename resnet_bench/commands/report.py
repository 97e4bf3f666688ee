"""`resnet-bench report`: one offline HTML page, or text, Markdown, JSON or CSV, from runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import store
from resnet_bench.errors import StoreError
from resnet_bench.report import csv, html, json, markdown, text, view
from resnet_bench.report.document import Document

REPORT_NAME = "report.html"


class Format(StrEnum):
    """What is written."""

    HTML = "html"
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def report(
    *runs: Path, output: Annotated[Path | None, Parameter(name=["-o", "--output"])] = None, format: Format = Format.HTML
) -> None:
    """Make a report from one or several runs; several stand side by side.

    Args:
        runs: run directories, as `resnet-bench run -o` wrote them.
        output: the file to write; HTML goes to report.html in the first run's directory by default.
        format: html is written to a file and its path printed; the others are printed, or written with -o.
    """
    document = view.build([store.load(run) for run in runs])
    content = _render(document, format)
    if output is None and format is Format.HTML:
        output = runs[0] / REPORT_NAME
    if output is None:
        print(content, end="")
        return
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {output}: {error.strerror}; choose another file with -o.") from error
    print(output)


def _render(document: Document, wanted: Format) -> str:
    renderers = {
        Format.HTML: html.render,
        Format.TEXT: text.render,
        Format.MARKDOWN: markdown.render,
        Format.JSON: json.render,
        Format.CSV: csv.render,
    }
    return renderers[wanted](document)
