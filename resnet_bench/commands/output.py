"""Where results go: to the terminal as wide as it is, or whole into a file; and what stands beside them."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from resnet_bench.records import Record
from resnet_bench.report.document import Document
from resnet_bench.report.renderers import Format, of_file, render
from resnet_bench.storage import outputs
from resnet_bench.words import logged, say


class Destination(Record, frozen=True, kw_only=True):
    """Which format a document is given in, and the file it is written to, None for standard output."""

    form: Format
    path: Path | None


def destination(form: Format | None, path: Path | None, *, inputs: Iterable[Path] = ()) -> Destination:
    """Return where a document goes; without a format a file's suffix decides, and the terminal gets text.

    `inputs` are the files and folders that the command reads, which no document may replace.

    Raises:
        UsageError: the suffix names no format.
        StoreError: the file cannot be written, is an input, or no document.
    """
    if path is None:
        return Destination(form=form or Format.TEXT, path=None)
    chosen = form or of_file(path)
    outputs.check(path, inputs=inputs)
    return Destination(form=chosen, path=path)


def give(document: Document, to: Destination) -> None:
    """Print a document, or write it to its file and print where.

    Raises:
        StoreError: the file cannot be written.
    """
    if to.path is None:
        print(_shown(document, to.form), end="", flush=True)
    else:
        say(str(written(document, to.form, to.path)), to=sys.stdout)


def _shown(document: Document, form: Format) -> str:
    """Return what is printed; JSON, CSV and a page are made harmless, in a file too."""
    text = render(document, form, terminal_width())
    if form not in {Format.TEXT, Format.MARKDOWN, Format.LATEX}:
        return text
    return "\n".join(logged(line) for line in text.split("\n"))


def written(document: Document, form: Format, path: Path) -> Path:
    """Write a document to a file and return where.

    Raises:
        StoreError: the file cannot be written.
    """
    return outputs.write(path, render(document, form))


def terminal_width() -> int | None:
    """Return the columns of the terminal, or those that COLUMNS asks for; None for a file or a pipe."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return None
    return shutil.get_terminal_size().columns or None


def warn(texts: Iterable[str]) -> None:
    """Print each distinct warning once, on standard error."""
    for text in dict.fromkeys(texts):
        say(f"warning: {text}")
