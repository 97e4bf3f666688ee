"""The files that a converting executor makes of a network: hashed when they are made, checked when they are loaded."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from resnet_bench.errors import DisagreesError

# Where a conversion puts it, in the folder that it is given.
FOLDER = "artifact"
_CHUNK_BYTES = 2**20


class Fingerprint(NamedTuple):
    """What tells one artefact from another: a digest of the names and bytes of its files, and how many bytes."""

    sha256: str
    size_bytes: int


def fingerprint(folder: Path) -> Fingerprint:
    """Return that of all files in a folder and below."""
    digest, size = hashlib.sha256(), 0
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    return Fingerprint(digest.hexdigest(), size)


def refuse_changed(folder: Path, made: Fingerprint) -> None:
    """Refuse an artefact that is no longer what the conversion wrote: truncated, exchanged, or touched.

    Raises:
        DisagreesError: it is not.
    """
    found = fingerprint(folder)
    if found != made:
        raise DisagreesError(
            f"the artefact changed on disk after it was converted: {found.size_bytes:,} bytes with digest "
            f"{found.sha256[:12]}, {made.size_bytes:,} bytes with {made.sha256[:12]} were written."
        )


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
