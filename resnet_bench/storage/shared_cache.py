"""Files of this user's that several processes add to, one at a time: layer libraries, nominal speeds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import platformdirs
from filelock import FileLock, Timeout

from resnet_bench.errors import StoreError
from resnet_bench.records import Record
from resnet_bench.storage import files, reading, record_file

Kept = TypeVar("Kept", bound=Record)
_LOCK_S = 10.0


def folder() -> Path:
    """Return where they lie."""
    return platformdirs.user_cache_path("resnet-bench", appauthor=False)


def change(path: Path, kind: type[Kept], changed: Callable[[Kept | None], Kept], *, misfit: str) -> Kept:
    """Write what `changed` makes of a file's record, None where there is none, and return it.

    Raises:
        StoreError: it cannot be read or written, or does not lie among them: a machine's name comes from a file.
    """
    if path.parent != folder():
        raise StoreError(f"{path} does not lie in {folder()}: the machine that it is of has a name that is none.")
    with _locked(path):
        found = changed(record_file.read(path, kind, misfit=misfit) if reading.is_there(path) else None)
        record_file.write(found, path)
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    files.make_folder_of(path)
    try:
        with FileLock(path.with_suffix(".lock"), timeout=_LOCK_S):
            yield
    except Timeout as error:
        raise StoreError(f"{path} is being written by another process; try again.") from error
    except OSError as error:
        raise files.cannot_write(path, error) from error
