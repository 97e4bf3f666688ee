"""The order of commits, as the repository's history has it; where it does not, by their dates, and saying so."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from resnet_bench.errors import UsageError
from resnet_bench.git.command import git, nearest_ref
from resnet_bench.records import CommitOrder


class Ordering(NamedTuple):
    """Commits in order, oldest first; `aside` are commits that do not belong to the branch.

    `foreign` says that the repository has a history, and none of the commits is in it.
    """

    kind: CommitOrder
    commits: tuple[str, ...]
    aside: tuple[str, ...]
    foreign: bool
    notes: tuple[str, ...]


def order(dates: Mapping[str, int], repository: Path, *, branch: str = "HEAD") -> Ordering:
    """Put commits in the order of a branch's history.

    Args:
        dates: seconds since 1970 by full revision, for where the history is unknown.
        repository: a checkout or bare repository of the project.
        branch: the revision whose ancestors are the history.

    Returns:
        The order. Where the clone is shallow, is no repository, or knows none of the commits, it is by dates.

    Raises:
        UsageError: git cannot be run, or there is no such branch.
    """
    if git(repository, "rev-parse", "--git-dir") is None:
        return _by_date(dates, f"{repository} is not a git repository: commits are ordered by their dates.")
    if git(repository, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return _by_date(dates, f"{repository} has no commit yet: commits are ordered by their dates.")
    history = _history(repository, branch)
    place = {revision: position for position, revision in enumerate(history)}
    known = [revision for revision in dates if revision in place]
    unknown = len(dates) - len(known)
    if unknown and git(repository, "rev-parse", "--is-shallow-repository") == "true":
        note = (
            f"{repository} is a shallow clone: the order of {unknown} of {len(dates)} commits is unknown here, so they "
            "are ordered by their dates; run `git fetch --unshallow` for their order in history."
        )
        return _by_date(dates, note)
    if not known:
        note = (
            f"none of the {len(dates)} measured commits is in the history of {branch} of {repository}: results of "
            "another project? They are ordered by their dates; name their repository with --repository."
        )
        return _by_date(dates, note, foreign=True)
    aside = tuple(revision for revision in dates if revision not in place)
    notes = []
    if aside:
        named = ", ".join(revision[:10] for revision in aside[:5]) + (", ..." if len(aside) > 5 else "")  # noqa: PLR2004
        notes.append(
            f"{len(aside)} of {len(dates)} measured commits are not in the history of {branch} and are left out "
            f"({named}); name another branch with --branch."
        )
    ordered = tuple(sorted(known, key=place.__getitem__))
    return Ordering(CommitOrder.HISTORY, ordered, aside, foreign=False, notes=tuple(notes))


def after(ordering: Ordering, since: str, repository: Path, *, branch: str = "HEAD") -> int:
    """Return the place of the first commit in `ordering` that comes after the revision `since`.

    Raises:
        UsageError: `since` is no revision, or not in the branch's history; by dates, no measured commit.
    """
    revision = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
    if ordering.kind is CommitOrder.DATES:
        matches = [place for place, it in enumerate(ordering.commits) if it == revision or it.startswith(since.lower())]
        if len(matches) != 1:
            raise UsageError(
                f"--since {since}: commits are ordered by their dates, so expected the revision of one measured commit."
            )
        return matches[0] + 1
    if revision is None:
        raise UsageError(
            f"--since {since}: no such revision in {repository}.{nearest_ref(repository, since)} "
            "Expected a commit, branch or tag."
        )
    history = _history(repository, branch)
    if revision not in history:
        raise UsageError(f"--since {since}: {revision[:10]} is not in the history of {branch}.")
    older = set(history[: history.index(revision) + 1])
    return sum(commit in older for commit in ordering.commits)


def _by_date(dates: Mapping[str, int], note: str, *, foreign: bool = False) -> Ordering:
    ordered = tuple(sorted(dates, key=lambda revision: (dates[revision], revision)))
    return Ordering(CommitOrder.DATES, ordered, (), foreign, (note,))


def _history(repository: Path, branch: str) -> list[str]:
    listed = git(repository, "rev-list", "--topo-order", "--reverse", "--end-of-options", branch)
    if listed is None:
        raise UsageError(f"--branch {branch}: no such revision in {repository}.{nearest_ref(repository, branch)}")
    return listed.split()
