"""The two sides of a live comparison: a worktree of a revision, or the working tree as it is."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from resnet_bench.errors import UsageError, nearest
from resnet_bench.records.live import Side

WORKING_TREE = "."


@contextlib.contextmanager
def checked_out(repository: Path, revision: str) -> Iterator[Side]:
    """Yield a side: "." is the working tree with its uncommitted changes, anything else a fresh worktree.

    Raises:
        UsageError: `repository` is no git repository, or it has no such revision.
    """
    top = _git(repository, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"{repository} is no git repository; name one with --repository.")
    if revision == WORKING_TREE:
        yield Side(label="working tree", root=top)
        return
    commit = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        known = (_git(repository, "for-each-ref", "--format=%(refname:short)") or "").splitlines()
        raise UsageError(
            f"'{revision}' is no revision of {top}.{nearest(revision, known)} Expected a commit, branch, tag or '.'."
        )
    with tempfile.TemporaryDirectory(prefix="resnet-bench-ab-") as scratch:
        root = Path(scratch) / "tree"
        if _git(repository, "worktree", "add", "--detach", "--force", str(root), commit) is None:
            raise UsageError(f"git could not check out {revision} ({commit[:12]}) of {top} into a worktree.")
        try:
            yield Side(label=f"{revision} ({commit[:12]})", root=str(root))
        finally:
            _git(repository, "worktree", "remove", "--force", str(root))


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError(f"git cannot be run in {directory}: {error.strerror or error}.") from error
    return done.stdout.strip() if done.returncode == 0 else None
