"""Files of any origin, read within bounds: regular ones only, no larger than they may be, in UTF-8.

Whatever is wrong is an `OSError` or a `ValueError`, for which `why` has words.
"""

import errno
import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

LARGEST_BYTES = 2**28
LARGEST_LINE_BYTES = 2**26
LARGEST_LINES_BYTES = 2**31
_BUFFER_BYTES = 2**20
LARGEST_TOML_BYTES = 2**20
# Each dot of a key is a table in a table; the parser's time grows with their square.
_MOST_DOTS = 2000
TOO_DEEP = "it is nested too deeply"
_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe, not a regular file"),
    (stat.S_ISCHR, "it is a device, not a regular file"),
    (stat.S_ISBLK, "it is a device, not a regular file"),
    (stat.S_ISSOCK, "it is a socket, not a regular file"),
)


def is_there(path: Path) -> bool:
    """Return whether a path names anything at all, a broken link too.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def opened(path: Path, *, at_most: int = LARGEST_BYTES) -> BinaryIO:
    """Open a regular file; nothing else is waited for or read without end.

    Raises:
        OSError: it cannot be opened, is no regular file, or is larger than it may be.
    """
    _refuse_other_kinds(path, path.stat())  # before it is opened: even that can do something to a device
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_other_kinds(path, os.fstat(descriptor))
        _refuse_more(path, os.fstat(descriptor), at_most)
        return os.fdopen(descriptor, "rb", buffering=_BUFFER_BYTES)
    except BaseException:
        os.close(descriptor)
        raise


def content(path: Path, *, at_most: int = LARGEST_BYTES) -> bytes:
    """Return what a file holds.

    Raises:
        OSError: as `opened`.
    """
    with opened(path, at_most=at_most) as file:
        return file.read(at_most)


def lines(path: Path) -> Iterator[bytes | None]:
    """Yield the lines of a file, each with its end; None for one that is longer than any record's.

    Raises:
        OSError: as `opened`.
    """
    with opened(path, at_most=LARGEST_LINES_BYTES) as file:
        while line := file.readline(LARGEST_LINE_BYTES):
            if len(line) < LARGEST_LINE_BYTES or line.endswith(b"\n"):
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = file.readline(LARGEST_LINE_BYTES)
            yield None


def toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises:
        OSError: as `opened`.
        ValueError: it is not TOML.
    """
    text = content(path, at_most=LARGEST_TOML_BYTES).decode()
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ValueError(TOO_DEEP)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def why(error: Exception) -> str:
    """Return what is wrong with a file, in words."""
    match error:
        case OSError():
            return error.strerror or str(error)
        case UnicodeError():
            return "it is not UTF-8 text"
        case RecursionError():
            return TOO_DEEP
    return str(error)


def _refuse_more(path: Path, found: os.stat_result, at_most: int) -> None:
    if found.st_size > at_most:
        raise OSError(errno.EFBIG, f"it is larger than {at_most >> 20} MiB", str(path))


def _refuse_other_kinds(path: Path, found: os.stat_result) -> None:
    for is_kind, words in _KINDS:
        if is_kind(found.st_mode):
            raise OSError(errno.EINVAL, words, str(path))
