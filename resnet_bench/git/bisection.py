"""`git bisect` in a worktree of its own: which commit to look at next, and where it ended."""

import contextlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from resnet_bench import scratch
from resnet_bench.errors import UsageError
from resnet_bench.git.checkout import CHECKOUT
from resnet_bench.git.command import git, nearest_ref

_FIRST = re.compile(r"^# first bad commit: \[([0-9a-f]+)\]", re.MULTILINE)
_POSSIBLE = re.compile(r"^# possible first bad commit: \[([0-9a-f]+)\]", re.MULTILINE)


class Mark(StrEnum):
    """What git is told of a commit."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


class Narrowed(NamedTuple):
    """Where a bisection stands: the next commit to look at, or the commits of which one is the first bad one."""

    next: str | None
    candidates: tuple[str, ...]
    left: int


class Bisection:
    """One under way."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree

    @property
    def narrowed(self) -> Narrowed:
        """Where it stands."""
        log = git(self._tree, "bisect", "log") or ""
        found = tuple(_FIRST.findall(log)) or tuple(_POSSIBLE.findall(log))
        if found:
            return Narrowed(None, found, 0)
        left = git(self._tree, "rev-list", "--count", "refs/bisect/bad", "--not", "--glob=refs/bisect/good-*")
        return Narrowed(git(self._tree, "rev-parse", "BISECT_HEAD"), (), int(left or 0))

    def mark(self, revision: str, mark: Mark) -> None:
        """Tell git what a commit is; it answers with the next one."""
        git(self._tree, "bisect", mark.value, revision)


@contextlib.contextmanager
def bisecting(repository: Path, good: str, bad: str) -> Iterator[Bisection]:
    """Yield a bisection between two revisions; the checkout and its own bisection stay as they are.

    Raises:
        UsageError: no such repository or revision, or `good` is no ancestor of `bad`.
    """
    revisions = [commit_of(repository, each) for each in (good, bad)]
    if git(repository, "merge-base", "--is-ancestor", *revisions) is None:
        raise UsageError(f"'{good}' is no ancestor of '{bad}': bisect looks between a commit and a later one.")
    with scratch.folder("bisect") as folder:
        tree = folder / CHECKOUT
        if git(repository, "worktree", "add", "--detach", "--no-checkout", str(tree), revisions[1]) is None:
            raise UsageError(f"git could not add a worktree of {repository}.")
        try:
            if git(tree, "bisect", "start", "--no-checkout", revisions[1], revisions[0]) is None:
                raise UsageError(f"git could not start to bisect between '{good}' and '{bad}'.")
            yield Bisection(tree)
        finally:
            git(tree, "bisect", "reset", revisions[1])
            git(repository, "worktree", "remove", "--force", str(tree))


def commit_of(repository: Path, revision: str) -> str:
    """Return the full name of a commit.

    Raises:
        UsageError: there is no such repository or revision.
    """
    if git(repository, "rev-parse", "--git-dir") is None:
        raise UsageError(f"{repository} is not a git repository; name one with --repository.")
    commit = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise UsageError(
            f"'{revision}' is not a revision of {repository}.{nearest_ref(repository, revision)} "
            "Expected a commit, branch or tag."
        )
    return commit


def subject_of(repository: Path, commit: str) -> str:
    """Return the first line of a commit's message."""
    return git(repository, "show", "--no-patch", "--format=%s", commit) or ""
