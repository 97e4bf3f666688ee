"""Writing to the disk: a file, a folder or a line whole or not at all, and whether a place can be written.

What changes the disk is a call of `os` each, by itself or inside a `Path`: tests end the process at any of them.
"""

import contextlib
import errno
import glob
import io
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from resnet_bench.errors import StoreError

_LONGEST_NAME = 100  # bytes; file systems take 255
_LEFT_BEHIND_S = 3600.0  # no folder takes so long to write


def whole(path: Path, content: str | bytes) -> Path:
    """Write a file by way of a temporary one of this writer's own, so that no reader ever sees half of it.

    What is no regular file (a terminal, a pipe) is written in place.

    Returns:
        The path.

    Raises:
        StoreError: it cannot be written; what stood there before is as it was.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))  # a link stays a link
        if target.exists() and not target.is_file():
            _write_in_place(target, data)
        else:
            _replace(target, data)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _replace(target: Path, data: bytes) -> None:
    temporary = temporary_beside(target)
    try:
        _write_new(temporary, data)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()  # half a file would fill a disk that is full already
        raise
    _sync_folder(target.parent)


def temporary_beside(target: Path) -> Path:
    """Return a hidden name in the same folder that no other writer uses."""
    return target.with_name(f"{_stem_beside(target)}{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _stem_beside(target: Path) -> str:
    return f".{target.name[: _LONGEST_NAME // 4]}.resnet-bench-"


def whole_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Make a folder with files in it, by way of a temporary one: all of it is there, or nothing.

    Raises:
        StoreError: it is there already and not empty, or cannot be written.
    """
    target = Path(os.path.realpath(folder))
    if target.is_dir() and any(target.iterdir()):
        raise StoreError(f"{folder} is not empty; name a new folder.")
    temporary = temporary_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(target)
        temporary.mkdir()
        for name, data in contents.items():
            _write_new(temporary / name, data)
        _sync_folder(temporary)
        temporary.rename(target)  # over a folder only where that is empty
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _sync_folder(target.parent)


def _remove_left_behind(target: Path) -> None:
    """Remove temporary folders of processes that were killed while they made this one."""
    for path in target.parent.glob(f"{glob.escape(_stem_beside(target))}*.tmp"):
        with contextlib.suppress(OSError):
            if path.is_dir() and time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(path, ignore_errors=True)


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    """Make a new name as lasting as what it names; not every file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_in_place(target: Path, data: bytes) -> None:
    with target.open("wb") as file:
        file.write(data)


def name_of(text: str) -> str:
    """Return one name of a file or folder for text of any origin: no separator, no hidden or parent folder, no end.

    A host's or a version's usual name stays as it is.
    """
    name = "".join(char if char.isalnum() or char in "._+-" else "_" for char in text)
    name = name.encode(errors="ignore")[:_LONGEST_NAME].decode(errors="ignore")
    return "_" + name[1:] if name.startswith(".") or not name else name


def make_folder_of(path: Path) -> None:
    """Make the folder that a file lies in.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def append_line(path: Path, line: bytes) -> None:
    """Append a line and fsync it; what a kill left of an earlier one goes, and one that does not fit is taken back.

    The file is there already, or begins with this line.

    Raises:
        StoreError: it cannot be written; what stood in it before still stands.
    """
    try:
        with _open_for_lines(path) as file:
            end = end_of_last_whole_line(file)
            os.ftruncate(file.fileno(), end)
            file.seek(end)
            try:
                _write(file.fileno(), line + b"\n")
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
    except OSError as error:
        raise cannot_write(path, error) from error


def _open_for_lines(path: Path) -> io.FileIO:
    is_new = not path.exists()
    # Never waits: what is no regular file is refused where a position in it is asked for.
    file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666), "r+")
    if is_new:
        _sync_folder(path.parent)
    return file


def cut_half_written_line(path: Path) -> None:
    """Remove what a kill left of a line that was being written.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        with _open_for_lines(path) as file:
            os.ftruncate(file.fileno(), end_of_last_whole_line(file))
    except OSError as error:
        raise cannot_write(path, error) from error


def end_of_last_whole_line(file: io.FileIO) -> int:
    """Return the position after the last line that ends."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0
    file.seek(size - 1)
    if file.read(1) == b"\n":
        return size
    file.seek(0)
    return file.readall().rfind(b"\n") + 1


def check_writable(path: Path) -> None:
    """Make sure, before minutes of measuring, that a result can be written; a file that is there stays as it is.

    Raises:
        StoreError: it cannot, and why.
    """
    if path.is_dir():
        raise StoreError(f"cannot write {path}: it is a folder; name a file in it.")
    if not path.absolute().parent.is_dir():
        raise StoreError(f"cannot write {path}: there is no folder {path.absolute().parent}; make it first.")
    existed = path.exists()
    try:
        if existed and not path.is_file():
            if not os.access(path, os.W_OK):  # to open a pipe would wait for its reader
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> StoreError:
    """Return what is said where a file cannot be written."""
    return StoreError(f"cannot write {path}: {error.strerror or error}.")
