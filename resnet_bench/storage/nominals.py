"""Nominal speeds of the reference, kept for this user: a file for each machine, that its runs give figures for one."""

from collections.abc import Callable, Iterable
from pathlib import Path

from resnet_bench.records import KeptNominals, Nominal
from resnet_bench.storage import reading, record_file, shared_cache

_MISFIT = "damaged, or holds no nominal speeds (remove it; they are made again)"


def path_of(environment: str) -> Path:
    """Return where those of a machine are kept."""
    return shared_cache.folder() / f"nominals-{environment}.json"


def read(environment: str) -> tuple[Nominal, ...]:
    """Return those of a machine, none where none were made.

    Raises:
        StoreError: they cannot be read.
    """
    path = path_of(environment)
    return record_file.read(path, KeptNominals, misfit=_MISFIT).nominals if reading.is_there(path) else ()


def change(environment: str, changed: Callable[[tuple[Nominal, ...]], Iterable[Nominal]]) -> tuple[Nominal, ...]:
    """Keep what `changed` makes of those of a machine, and return it; nobody else does so meanwhile.

    Raises:
        StoreError: they cannot be read or written.
    """

    def kept(before: KeptNominals | None) -> KeptNominals:
        return KeptNominals(nominals=tuple(changed(before.nominals if before else ())))

    return shared_cache.change(path_of(environment), KeptNominals, kept, misfit=_MISFIT).nominals
