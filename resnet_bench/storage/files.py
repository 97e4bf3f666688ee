"""Writing to the disk: a file whole or not at all, a line whole or not at all, and whether a place can be written."""

import contextlib
import io
import os
import secrets
from pathlib import Path

from resnet_bench.errors import StoreError

_LONGEST_NAME = 100  # bytes; file systems take 255


def whole(path: Path, content: str | bytes) -> Path:
    """Write a file by way of a temporary one of this writer's own, so that no reader ever sees half of it.

    What is no regular file (a terminal, a pipe) is written in place.

    Returns:
        The path.

    Raises:
        StoreError: it cannot be written; what stood there before is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        target = path.resolve()  # a link stays a link
        if target.exists() and not target.is_file():
            _write_in_place(target, data)
        else:
            _replace(target, data)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()  # half a file would fill a disk that is full already
        raise
    _sync_folder(target.parent)


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
        path.touch()
        with path.open("r+b", buffering=0) as file:
            end = end_of_last_whole_line(file)
            file.truncate(end)
            file.seek(end)
            rest = memoryview(line + b"\n")
            try:
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
    except OSError as error:
        raise cannot_write(path, error) from error


def cut_half_written_line(path: Path) -> None:
    """Remove what a kill left of a line that was being written.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            file.truncate(end_of_last_whole_line(file))
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
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> StoreError:
    """Return what is said where a file cannot be written."""
    return StoreError(f"cannot write {path}: {error.strerror or error}.")
