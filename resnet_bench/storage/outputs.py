"""Where a document may be written: over a former one, never over what a command reads or a run consists of."""

from collections.abc import Iterable
from pathlib import Path

from resnet_bench.errors import StoreError
from resnet_bench.storage import files
from resnet_bench.storage.run_directory import HEADER_NAME, LAUNCHES_NAME, LAYERS_NAME, TRIALS_NAME

_OF_A_RUN = frozenset({HEADER_NAME, LAUNCHES_NAME, LAYERS_NAME, TRIALS_NAME})
# Files that people write and tools read; no document has such a name.
_NEVER_OURS = frozenset({".toml", ".jsonl", ".py", ".lock"})

_BEGINNING_BYTES = 100


def check(path: Path, *, inputs: Iterable[Path] = (), begins: bytes = b"") -> None:
    """Make sure, before anything is measured, that a document can be written and replaces nothing but a former one.

    Args:
        path: the file.
        inputs: files and folders that the same command reads.
        begins: one of the bytes that a former document begins with, in small letters; empty where that is not known.

    Raises:
        StoreError: it cannot be written; is an input or part of a run; or holds something else.
    """
    check_no_part_of_a_run(path)
    if not path.is_file():
        return
    target = path.resolve()
    if target in {it.resolve() for it in inputs}:
        raise StoreError(f"cannot write {path}: this command reads it; name another file.")
    if path.suffix in _NEVER_OURS or not _begins(path, begins):
        raise StoreError(f"cannot write {path}: what is there was not written by this tool; name another file.")


def check_no_part_of_a_run(path: Path) -> None:
    """Make sure that a file can be written, whatever is there, unless a run consists of it.

    Raises:
        StoreError: it cannot be written, or is part of a run.
    """
    files.check_writable(path)
    if path.name in _OF_A_RUN and (path.parent / HEADER_NAME).exists():
        raise StoreError(f"cannot write {path}: it is part of the run {path.parent}; name another file.")


def _begins(path: Path, begins: bytes) -> bool:
    try:
        with path.open("rb") as file:
            there = file.read(_BEGINNING_BYTES).lstrip().lower()
    except OSError as error:
        raise files.cannot_write(path, error) from error
    return not there or there.startswith(begins)
