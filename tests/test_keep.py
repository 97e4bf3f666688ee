"""Runs on a branch of their own: two jobs that push at once lose nothing, and the checkout stays as it is."""

import subprocess
from pathlib import Path

import pytest

from resnet_bench.storage import run_directory
from tests import make
from tests.make import git

SCRIPT = Path(__file__).parents[1] / "keep" / "keep_run.sh"


@pytest.fixture
def clones(tmp_path):
    """Three clones of one repository, and a run for each."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "origin.git")
    made = tmp_path / "made"
    made.mkdir()
    make.make_repository(made, 2)
    git(made, "push", "-q", "../origin.git", "main")
    for number in range(3):
        git(tmp_path, "clone", "-q", "origin.git", f"clone{number}")
        make.save_run(
            tmp_path / f"run{number}",
            make.run_of([make.measurement(make.noisy_launches(number))], name=f"run-{number}"),
        )
    return tmp_path


def keep(folder, number):
    command = [SCRIPT, folder / f"run{number}"]
    return subprocess.Popen(
        command, cwd=folder / f"clone{number}", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kept(folder):
    git(folder, "clone", "-q", "-b", "resnet-bench-runs", "origin.git", "read")
    return {run_directory.load(path.parent).header.id for path in (folder / "read" / "runs").glob("*/run.json")}


def test_jobs_that_push_at_once_lose_nothing(clones):
    jobs = [keep(clones, number) for number in range(3)]
    said = [job.communicate(timeout=100) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0, 0], said
    assert kept(clones) == {"run-0", "run-1", "run-2"}
    assert git(clones / "read", "rev-list", "--count", "HEAD") == "3"
    for number in range(3):
        assert git(clones / f"clone{number}", "status", "--porcelain") == ""
        assert git(clones / f"clone{number}", "symbolic-ref", "--short", "HEAD") == "main"


def test_what_is_no_run_and_what_may_not_be_pushed_is_said(clones):
    done = subprocess.run([SCRIPT, clones], cwd=clones / "clone0", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a run directory" in done.stderr
