"""The commit that is checked out, and whether the working tree differs from it."""

from pathlib import Path

from resnet_bench.errors import UsageError
from resnet_bench.git.command import git
from resnet_bench.records import Commit


def current_commit(directory: Path = Path()) -> Commit | None:
    """Return the commit checked out in `directory`, or None outside a git repository and where there is no git."""
    try:
        described = git(directory, "log", "-1", "--format=%H%n%cI%n%s")
    except UsageError:
        return None
    if described is None:
        return None
    revision, committed_at, subject = (*described.split("\n", 2), "")[:3]
    branch = git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    return Commit(
        revision=revision,
        branch=None if branch == "HEAD" else branch,
        committed_at=committed_at,
        subject=subject,
        dirty=bool(git(directory, "status", "--porcelain", "--untracked-files=no")),
    )
