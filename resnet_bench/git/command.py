"""git as a child process: the one place that starts it."""

import subprocess
from pathlib import Path

from resnet_bench.errors import UsageError, nearest


def git(directory: Path, *arguments: str) -> str | None:
    """Return what `git` prints in `directory`, without the last newline; None where it refuses.

    Raises:
        UsageError: git cannot be run.
    """
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror or error}.") from error
    return done.stdout.strip() if done.returncode == 0 else None


def nearest_ref(directory: Path, name: str) -> str:
    """Return " Did you mean 'x'?" for the branch or tag nearest to `name`, or an empty string."""
    known = (git(directory, "for-each-ref", "--format=%(refname:short)") or "").splitlines()
    return nearest(name, known)
