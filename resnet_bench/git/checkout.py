"""The two sides of a live comparison: a worktree of a revision, or the working tree as it is."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from resnet_bench import scratch
from resnet_bench.errors import UsageError
from resnet_bench.git.command import git, nearest_ref
from resnet_bench.records.live import Side

WORKING_TREE = "."
CHECKOUT = "tree"


@contextlib.contextmanager
def checked_out(repository: Path, revision: str) -> Iterator[Side]:
    """Yield a side: "." is the working tree with its uncommitted changes, anything else a fresh worktree.

    Raises:
        UsageError: `repository` is no git repository, or it has no such revision.
    """
    top = git(repository, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"{repository} is not a git repository; name one with --repository.")
    if revision == WORKING_TREE:
        yield Side(label="working tree", root=top)
        return
    commit = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise UsageError(
            f"'{revision}' is not a revision of {top}.{nearest_ref(repository, revision)} "
            "Expected a commit, branch, tag or '.'."
        )
    with scratch.folder("ab") as home:
        root = home / CHECKOUT
        if git(repository, "worktree", "add", "--detach", "--force", str(root), commit) is None:
            raise UsageError(f"git could not check out {revision} ({commit[:12]}) of {top} into a worktree.")
        try:
            yield Side(label=f"{revision} ({commit[:12]})", root=str(root))
        finally:
            git(repository, "worktree", "remove", "--force", str(root))


def forget(folder: Path) -> None:
    """Let the repository know no more of a checkout that a kill left in a scratch folder."""
    root = folder / CHECKOUT
    common = git(root, "rev-parse", "--path-format=absolute", "--git-common-dir") if root.is_dir() else None
    if common is not None and Path(common).is_dir():
        git(Path(common), "worktree", "remove", "--force", str(root))
