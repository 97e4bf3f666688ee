"""A user's own code as it runs here: where its errors came from, and that it leaves the working folder as it was."""

import contextlib
import importlib
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

_NOT_THEIRS = ("<frozen ", str(Path(__file__).parent), str(Path(importlib.__file__).parent))


def where(error: BaseException) -> str:
    """Return the file and line that an error of a user's code came from, where there is one: " (model.py, line 7)"."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({_beside(error.filename)}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    found = [frame for frame in frames if not frame.filename.startswith(_NOT_THEIRS)]
    return f" ({_beside(found[-1].filename)}, line {found[-1].lineno})" if found else ""


@contextlib.contextmanager
def staying_here() -> Iterator[None]:
    """Come back from whatever folder that code goes to: it may be one that is removed, and torch asks where it is."""
    here = os.open(".", os.O_RDONLY)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # closed by that code too
            os.fchdir(here)
            os.close(here)


def _beside(filename: str) -> str:
    """Return a file's path as seen from here, where it is below."""
    with contextlib.suppress(ValueError, OSError):
        return str(Path(filename).resolve().relative_to(Path.cwd()))
    return filename
