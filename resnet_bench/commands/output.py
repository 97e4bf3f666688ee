"""Where results go: to the terminal as wide as it is, or whole into a file; and what stands beside them."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from resnet_bench.records import Record
from resnet_bench.report.document import Document
from resnet_bench.report.renderers import Format, of_file, render
from resnet_bench.storage import files


class Destination(Record, frozen=True, kw_only=True):
    """Which format a document is given in, and the file it is written to, None for standard output."""

    form: Format
    path: Path | None


def destination(form: Format | None, path: Path | None) -> Destination:
    """Return where a document goes; without a format a file's suffix decides, and the terminal gets text.

    Raises:
        UsageError: the suffix names no format.
        StoreError: the file cannot be written.
    """
    if path is None:
        return Destination(form=form or Format.TEXT, path=None)
    chosen = form or of_file(path)
    files.check_writable(path)
    return Destination(form=chosen, path=path)


def give(document: Document, to: Destination) -> None:
    """Print a document, or write it to its file and print where; a verdict holds, whether or not anybody reads on.

    Raises:
        StoreError: the file cannot be written.
    """
    if to.path is None:
        text, end = render(document, to.form, terminal_width()), ""
    else:
        text, end = str(written(document, to.form, to.path)), "\n"
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered would fail again


def written(document: Document, form: Format, path: Path) -> Path:
    """Write a document to a file and return where.

    Raises:
        StoreError: the file cannot be written.
    """
    return files.whole(path, render(document, form))


def terminal_width() -> int | None:
    """Return the columns of the terminal, or those that COLUMNS asks for; None for a file or a pipe."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return None
    return shutil.get_terminal_size().columns or None


def warn(texts: Iterable[str]) -> None:
    """Print each distinct warning once, on standard error."""
    for text in dict.fromkeys(texts):
        print(f"warning: {text}", file=sys.stderr)
