"""Named baselines: one reviewable JSON file each in `reports/baselines`, made to be committed.

A baseline holds summaries, not samples: enough to compare with, small enough to read in a review.
"""

import re
from pathlib import Path

import msgspec

from resnet_bench.errors import StoreError, UsageError, nearest
from resnet_bench.machine.identity import settled_digest
from resnet_bench.records import Digest
from resnet_bench.records.conclusions import check_widths
from resnet_bench.storage import reading, record_file

DEFAULT_DIRECTORY = Path("reports/baselines")
MISFIT = "not a baseline file, or damaged"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def names(directory: Path = DEFAULT_DIRECTORY) -> tuple[str, ...]:
    """Return the names of the stored baselines, sorted; none where there is no such folder.

    Raises:
        StoreError: it is no folder, or cannot be read.
    """
    try:
        found = sorted(directory.iterdir())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(f"cannot read the baselines of {directory}: {error.strerror or error}.") from error
    return tuple(path.stem for path in found if path.suffix == ".json" and _NAME.fullmatch(path.stem))


def save(baseline: Digest, directory: Path = DEFAULT_DIRECTORY) -> Path:
    """Write a baseline under its name, whole or not at all, and return its path.

    Raises:
        UsageError: the name is no file name.
        StoreError: the file cannot be written.
    """
    path = path_of(baseline.name, directory)
    if reading.is_there(path):
        _refuse_what_is_none(path)
    record_file.write(msgspec.structs.replace(baseline, warnings=(), set_aside=()), path)
    return path


def _refuse_what_is_none(path: Path) -> None:
    try:
        read_file(path)
    except StoreError as error:
        raise StoreError(f"{error} It is not overwritten: remove it, or choose another name.") from error


def read(name: str, directory: Path = DEFAULT_DIRECTORY) -> Digest:
    """Read the baseline called `name`.

    Raises:
        UsageError: the name is no file name.
        StoreError: there is no such baseline (the message lists those there are), it is damaged or of newer schema.
    """
    path = path_of(name, directory)
    if not reading.is_there(path):
        known = names(directory)
        have = f"Baselines there: {', '.join(known)}." if known else "There is none yet: resnet-bench baseline set."
        raise StoreError(f"no baseline '{name}' in {directory}.{nearest(name, known)} {have}")
    return msgspec.structs.replace(read_file(path), name=name)  # a copied file is a baseline of its own


def read_file(path: Path) -> Digest:
    """Read a baseline file.

    Raises:
        StoreError: it cannot be read, is damaged, or of newer schema.
    """
    stored = settled_digest(record_file.read(path, Digest, misfit=MISFIT))
    check_widths((band.width for band in stored.bands), f"{path} is {MISFIT}")
    return stored


def is_name(text: str) -> bool:
    """Whether a baseline can be called so."""
    return _NAME.fullmatch(text) is not None


def path_of(name: str, directory: Path) -> Path:
    """Return the file of the baseline called `name`.

    Raises:
        UsageError: the name is no file name.
    """
    if not is_name(name):
        raise UsageError(f"'{name}' cannot name a baseline: use letters, digits, dot, hyphen and underscore.")
    return directory / f"{name}.json"
