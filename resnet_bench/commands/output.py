"""What commands print beside their results."""

import sys
from collections.abc import Iterable
from pathlib import Path

from resnet_bench.errors import UsageError


def warn(texts: Iterable[str]) -> None:
    """Print each distinct warning once, on standard error."""
    for text in dict.fromkeys(texts):
        print(f"warning: {text}", file=sys.stderr)


def ensure_writable(path: Path) -> None:
    """Make sure, before minutes of measuring, that the result can be written; a file that is there stays as it is.

    Raises:
        UsageError: it cannot.
    """
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}.") from error
