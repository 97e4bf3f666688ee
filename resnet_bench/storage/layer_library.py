"""Layer libraries of this machine, beside its ceilings: one file for each machine and way that layers are run in.

Beside them lies what runs measured here, by which predictions are judged. Several processes may add to one at a time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import platformdirs
from filelock import FileLock, Timeout

from resnet_bench.errors import StoreError
from resnet_bench.records.layer_library import LayerLibrary, LayerWay, MeasuredLatencies
from resnet_bench.storage import files, reading, record_file

Kept = TypeVar("Kept", LayerLibrary, MeasuredLatencies)
_LOCK_S = 10.0
_MISFIT = "damaged, or no layer library (remove it; it is made again)"


def read(way: LayerWay) -> tuple[LayerLibrary, ...]:
    """Return the libraries of a way: of this machine, and of what it was before, or of others that share this cache.

    Raises:
        StoreError: one cannot be read.
    """
    paths = sorted(_folder().glob(f"layers-*-{_words(way)}.json"))
    return tuple(record_file.read(path, LayerLibrary, misfit=_MISFIT) for path in paths)


def read_measured() -> tuple[MeasuredLatencies, ...]:
    """Return what was measured, for each machine that measured with this cache.

    Raises:
        StoreError: a file cannot be read.
    """
    paths = sorted(_folder().glob("measured-*.json"))
    return tuple(record_file.read(path, MeasuredLatencies, misfit=_MISFIT) for path in paths)


def change(way: LayerWay, environment: str, changed: Callable[[LayerLibrary | None], LayerLibrary]) -> Path:
    """Write what `changed` makes of a machine's library, None where there is none; nobody else does so meanwhile.

    Raises:
        StoreError: it cannot be read or written.
    """
    return _change(_folder() / f"layers-{environment}-{_words(way)}.json", LayerLibrary, changed)


def change_measured(environment: str, changed: Callable[[MeasuredLatencies | None], MeasuredLatencies]) -> Path:
    """Write what `changed` makes of the latencies that were measured on a machine.

    Raises:
        StoreError: they cannot be read or written.
    """
    return _change(_folder() / f"measured-{environment}.json", MeasuredLatencies, changed)


def ways() -> tuple[LayerWay, ...]:
    """Return the ways in which layers are known here, those that can be read."""
    found: dict[LayerWay, None] = {}
    for path in sorted(_folder().glob("layers-*.json")):
        with suppress(StoreError):
            found[record_file.read(path, LayerLibrary, misfit=_MISFIT).way] = None
    return tuple(found)


def _words(way: LayerWay) -> str:
    threads = f"{way.threads}-threads"
    words = (way.device.replace(":", "-"), threads, way.mode, way.precision, way.memory_format, way.executor)
    return "-".join((*words, way.allocator, way.optimizer))


def _folder() -> Path:
    return platformdirs.user_cache_path("resnet-bench", appauthor=False)


def _change(path: Path, kind: type[Kept], changed: Callable[[Kept | None], Kept]) -> Path:
    with _locked(path):
        before = record_file.read(path, kind, misfit=_MISFIT) if reading.is_there(path) else None
        record_file.write(changed(before), path)
    return path


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
