"""Commits in the order of history; where it is not known, by their dates, and saying so."""

import subprocess
from pathlib import Path

import pytest

from resnet_bench.errors import UsageError
from resnet_bench.git.order import after, order
from resnet_bench.records import CommitOrder
from tests.make import git, make_repository


def dated(revisions):
    """Give each commit the date of its place."""
    return {revision: place for place, revision in enumerate(revisions)}


def test_history_goes_before_dates(tmp_path):
    revisions = make_repository(tmp_path, 4, backwards=True)
    found = order(dated(reversed(revisions)), tmp_path)
    assert (found.kind, found.commits, found.aside) == (CommitOrder.HISTORY, tuple(revisions), ())


def test_commits_of_no_branch_are_put_aside_and_named(tmp_path):
    (revision,) = make_repository(tmp_path, 1)
    found = order(dated([revision, "f" * 40]), tmp_path)
    assert (found.commits, found.aside) == ((revision,), ("f" * 40,))
    assert "1 of 2 measured commits are not in the history of HEAD and are left out (ffffffffff)" in found.notes[0]


def test_a_folder_without_history_and_a_foreign_one_are_told_apart(tmp_path):
    make_repository(tmp_path, 2)
    elsewhere, foreign = (order(dated("ab"), folder) for folder in (Path("/"), tmp_path))
    assert (elsewhere.kind, elsewhere.commits, elsewhere.foreign) == (CommitOrder.DATES, ("a", "b"), False)
    assert (foreign.kind, foreign.commits, foreign.foreign) == (CommitOrder.DATES, ("a", "b"), True)


def test_a_repository_without_a_commit_has_no_history(tmp_path):
    git(tmp_path, "init", "-q")
    found = order(dated("ab"), tmp_path)
    assert (found.kind, found.foreign) == (CommitOrder.DATES, False)
    assert "has no commit yet" in found.notes[0]


def test_a_shallow_clone_says_how_to_get_the_rest(tmp_path):
    (tmp_path / "whole").mkdir()
    revisions = make_repository(tmp_path / "whole", 3)
    clone = ["git", "clone", "-q", "--depth", "1", (tmp_path / "whole").as_uri(), str(tmp_path / "shallow")]
    subprocess.run(clone, check=True)
    found = order(dated(revisions), tmp_path / "shallow")
    assert (found.kind, found.commits) == (CommitOrder.DATES, tuple(revisions))
    assert "the order of 2 of 3 commits is unknown here" in found.notes[0]
    assert "git fetch --unshallow" in found.notes[0]


def test_after_counts_from_the_commit_that_follows_the_revision(tmp_path):
    revisions = make_repository(tmp_path, 6)
    git(tmp_path, "tag", "v1", revisions[2])
    ordering = order(dated(revisions[::2]), tmp_path)  # commits 0, 2 and 4
    assert after(ordering, "v1", tmp_path) == 2
    assert after(ordering, revisions[3], tmp_path) == 2  # not measured itself
    assert after(ordering, revisions[5], tmp_path) == 3
    with pytest.raises(UsageError, match="no such revision"):
        after(ordering, "v2", tmp_path)


def test_after_by_dates_needs_a_measured_commit():
    ordering = order(dated(["a" * 40, "b" * 40]), Path("/"))
    assert after(ordering, "aaaaaaa", Path("/")) == 1
    with pytest.raises(UsageError, match="expected the revision of one measured commit"):
        after(ordering, "v1", Path("/"))


def test_an_unknown_branch_comes_with_the_nearest(tmp_path):
    revisions = make_repository(tmp_path, 1)
    with pytest.raises(UsageError, match="Did you mean 'main'"):
        order(dated(revisions), tmp_path, branch="mian")
