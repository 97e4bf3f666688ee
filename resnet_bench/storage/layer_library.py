"""Layer libraries of this machine, beside its ceilings: one file for each machine and way that layers are run in.

Beside them lies what runs measured here, by which predictions are judged. Several processes may add to one at a time.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records.layer_library import LayerLibrary, LayerWay, MeasuredLatencies
from resnet_bench.storage import reading, record_file, shared_cache

_MISFIT = "damaged, or no layer library (remove it; it is made again)"
_WRITTEN_BY = "one is written by: resnet-bench machine --layers resnet18 resnet50 -o layers.json"


def read(way: LayerWay) -> tuple[LayerLibrary, ...]:
    """Return the libraries of a way: of this machine, and of what it was before, or of others that share this cache.

    Raises:
        StoreError: one cannot be read.
    """
    paths = sorted(shared_cache.folder().glob(f"layers-*-{_words(way)}.json"))
    return tuple(record_file.read(path, LayerLibrary, misfit=_MISFIT) for path in paths)


def read_file(path: Path) -> tuple[LayerLibrary, ...]:
    """Return the libraries of a file that `machine --layers MODELS -o FILE` wrote, on any machine.

    Raises:
        StoreError: it cannot be read, or holds something else.
    """
    try:
        found = msgspec.json.decode(reading.content(path), type=list[LayerLibrary])
    except OSError as error:
        raise StoreError(f"cannot read {path}: {reading.why(error)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"{path} is no layer library ({reading.why(error)}); {_WRITTEN_BY}.") from error
    if not found:
        raise StoreError(f"{path} holds no layers; {_WRITTEN_BY}.")
    return tuple(found)


def read_measured() -> tuple[MeasuredLatencies, ...]:
    """Return what was measured, for each machine that measured with this cache.

    Raises:
        StoreError: a file cannot be read.
    """
    paths = sorted(shared_cache.folder().glob("measured-*.json"))
    return tuple(record_file.read(path, MeasuredLatencies, misfit=_MISFIT) for path in paths)


def change(way: LayerWay, environment: str, changed: Callable[[LayerLibrary | None], LayerLibrary]) -> Path:
    """Write what `changed` makes of a machine's library, None where there is none; nobody else does so meanwhile.

    Raises:
        StoreError: it cannot be read or written.
    """
    path = shared_cache.folder() / f"layers-{environment}-{_words(way)}.json"
    shared_cache.change(path, LayerLibrary, changed, misfit=_MISFIT)
    return path


def change_measured(environment: str, changed: Callable[[MeasuredLatencies | None], MeasuredLatencies]) -> Path:
    """Write what `changed` makes of the latencies that were measured on a machine.

    Raises:
        StoreError: they cannot be read or written.
    """
    path = shared_cache.folder() / f"measured-{environment}.json"
    shared_cache.change(path, MeasuredLatencies, changed, misfit=_MISFIT)
    return path


def ways() -> tuple[LayerWay, ...]:
    """Return the ways in which layers are known here, those that can be read."""
    found: dict[LayerWay, None] = {}
    for path in sorted(shared_cache.folder().glob("layers-*.json")):
        with suppress(StoreError):
            found[record_file.read(path, LayerLibrary, misfit=_MISFIT).way] = None
    return tuple(found)


def _words(way: LayerWay) -> str:
    threads = f"{way.threads}-threads"
    words = (way.device.replace(":", "-"), threads, way.mode, way.precision, way.memory_format, way.executor)
    return "-".join((*words, way.allocator, way.optimizer))
