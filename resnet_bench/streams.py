"""Standard output and error: they take any character, and stand for nothing where they were closed.

A reader that has left ends no command, and a full disk behind standard error loses no exit code.
"""

import io
import os
import select
import sys
from typing import Any

OUTPUT = "standard output"


class _Raw(io.FileIO):
    """A descriptor that is not ours to close; one that does not block is waited for."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: Any, /) -> int:
        while (written := super().write(data)) is None:
            select.select((), (self,), ())
        return written


class _Output(_Raw):
    """Standard output: its faults carry its name, and after the first one, or where nobody reads, all goes nowhere."""

    _ended = False

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        if self._ended:
            return size
        try:
            return super().write(data)
        except BrokenPipeError:
            self._ended = True
            return size
        except OSError as error:
            self._ended = True  # what is still buffered would fail again at exit
            raise OSError(error.errno, error.strerror, OUTPUT) from None


class _Errors(_Raw):
    """Standard error: there is nobody to tell that it cannot be written."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def make_usable() -> None:
    """Replace this process's standard streams.

    A closed descriptor becomes the null device: a file that is opened next would else be the standard output of every
    child process.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
    sys.stdout = _text(_Output(1), sys.stdout, errors="replace")
    sys.stderr = _text(_Errors(2), sys.stderr, errors="backslashreplace")


def _text(raw: _Raw, before: Any, *, errors: str) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    lines = raw.isatty() or isinstance(raw, _Errors)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=lines)
