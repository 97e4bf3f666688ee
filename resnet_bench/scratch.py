"""Folders for what is needed while a process runs; what a kill left of them goes when the next process begins.

Its owner holds a lock in each: the kernel lets go of it however the owner ends, in a container of its own too, so that
a folder without a living owner is known for certain.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "resnet-bench-"
_OWNER = ".owner"
_UNCLAIMED_S = 3600.0  # what an owner may take between making a folder and claiming it


@contextlib.contextmanager
def folder(kind: str) -> Iterator[Path]:
    """Yield a new folder, which goes with everything in it."""
    made = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{kind}-", ignore_cleanup_errors=True)
    with made as name, (Path(name) / _OWNER).open("wb") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        yield Path(name)


def abandoned() -> Iterator[Path]:
    """Yield each folder whose owner is gone, of this user alone, and remove it after that."""
    with contextlib.suppress(OSError):
        for found in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError), _claimed(found) as is_ours:
                if is_ours:
                    yield found
                    shutil.rmtree(found, ignore_errors=True)


@contextlib.contextmanager
def _claimed(found: Path) -> Iterator[bool]:
    """Yield whether a folder is this user's, without an owner, and held by us now; one that nobody claimed goes."""
    known = found.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.getuid():
        yield False
        return
    try:
        owner = os.open(found / _OWNER, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        if time.time() - known.st_mtime > _UNCLAIMED_S:
            found.rmdir()  # only an empty one goes
        yield False
        return
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    finally:
        os.close(owner)
