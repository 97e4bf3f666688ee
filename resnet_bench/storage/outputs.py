"""What this tool wrote and may write over: its own former documents, never an input, a run's part or another's file.

A page and JUnit's XML say in their first lines who wrote them, Parquet, Excel, PNG and PDF files at their end. Text,
Markdown, JSON, CSV, SVG and LaTeX have no common place for that, so each such file ends its last line, and no other, in
carriage return and line feed: all that read them take that for the end of a line. One of a single line has an empty one
behind.
"""

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from resnet_bench.errors import StoreError
from resnet_bench.storage import files, reading
from resnet_bench.storage.run_directory import HEADER_NAME, LAUNCHES_NAME, LAYERS_NAME, TRIALS_NAME

_OF_A_RUN = frozenset({HEADER_NAME, LAUNCHES_NAME, LAYERS_NAME, TRIALS_NAME})
# Files that people write and tools read; no document has such a name.
_NEVER_OURS = frozenset({".toml", ".jsonl", ".py", ".lock"})
_MARKS = (b'<meta name="generator" content="resnet-bench">', b'<testsuite name="resnet-bench"')
_END = b"\r\n"
GENERATOR, OURS = b"generator", b"resnet-bench"
_BINARY = (b"PAR1", b"PK\x03\x04", b"\x89PNG", b"%PDF")
_LOOKED_AT_BYTES = 2**16
_PNG_END = 12  # bytes of the last chunk, which is empty


def write(path: Path, text: str) -> Path:
    """Write a document whole or not at all, so that it is known again, and return where.

    Raises:
        StoreError: the file cannot be written.
    """
    return files.whole(path, marked(text.encode(errors="replace")))


def marked(content: bytes) -> bytes:
    """Return a document's content with the end by which it is known again."""
    content = content.removesuffix(b"\n")
    # Of one line, it would end as a file of somebody else's does that was written on Windows.
    return content + (_END if b"\n" in content else b"\n" + _END)


def marked_png(content: bytes) -> bytes:
    """Return a PNG with a text beside its image that says whose it is."""
    chunk = b"tEXt" + GENERATOR + b"\0" + OURS
    size, sum_ = (number.to_bytes(4, "big") for number in (len(chunk) - 4, zlib.crc32(chunk)))
    return content[:-_PNG_END] + size + chunk + sum_ + content[-_PNG_END:]


def marked_pdf(content: bytes) -> bytes:
    """Return a PDF with a comment at its end that says whose it is."""
    return content + b"%" + OURS + b"\n"


def check(path: Path, *, inputs: Iterable[Path] = (), ours: Callable[[Path], bool] | None = None) -> None:
    """Make sure, before anything is measured, that a file can be written and replaces nothing but a former one.

    Args:
        path: the file.
        inputs: files and folders that the same command reads.
        ours: says whether what is there is a former one; a document's marks where it is not given.

    Raises:
        StoreError: it cannot be written; is an input or part of a run; or holds something else.
    """
    files.check_writable(path)
    if path.name in _OF_A_RUN and reading.is_there(path.parent / HEADER_NAME):
        raise StoreError(f"cannot write {path}: it is part of the run {path.parent}; name another file.")
    if not path.is_file() or not path.stat().st_size:
        return
    target = os.path.realpath(path)
    if target in {os.path.realpath(it) for it in inputs}:
        raise StoreError(f"cannot write {path}: this command reads it; name another file.")
    if not (ours(path) if ours else path.suffix not in _NEVER_OURS and is_marked(path)):
        raise StoreError(
            f"cannot write {path}: what is there was not written by this tool; remove it, or name another file."
        )


def is_marked(path: Path) -> bool:
    """Return whether a file is a document that this tool wrote, and nobody changed its end.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with reading.opened(path, at_most=2**63) as file:
            first = file.read(_LOOKED_AT_BYTES)
            file.seek(max(0, path.stat().st_size - _LOOKED_AT_BYTES))
            last = file.read(_LOOKED_AT_BYTES)
    except OSError as error:
        raise files.cannot_write(path, error) from error
    if first.startswith(_BINARY):
        return OURS in last
    ends_so = last.endswith(_END) and last.count(_END) == 1 < last.count(b"\n")
    return ends_so or any(mark in first for mark in _MARKS)
