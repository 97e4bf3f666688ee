"""Scratch folders of killed processes go, and nobody else's do."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from resnet_bench import scratch
from resnet_bench.git import checkout
from resnet_bench.runner import leftovers
from tests.make import git, make_repository

ROOT = Path(__file__).parents[1]
HOLD = """
import time
from resnet_bench import scratch
with scratch.folder("run") as folder:
    (folder / "kernels").mkdir()
    (folder / "kernels" / "one.so").write_text("x")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def owner():
    process = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.wait()


def test_a_folder_goes_when_it_is_no_longer_needed(tmp_path):
    with scratch.folder("run") as folder:
        assert folder.parent == tmp_path
        (folder / "file").write_text("x")
        assert list(scratch.abandoned()) == []
    assert not folder.exists()


def test_what_a_kill_left_goes_and_what_is_in_use_stays(owner):
    process, folder = owner
    assert list(scratch.abandoned()) == []
    assert folder.is_dir()
    process.kill()
    process.wait()
    assert list(scratch.abandoned()) == [folder]
    assert not folder.exists()


def test_what_is_not_ours_stays(tmp_path, owner):
    process, folder = owner
    process.kill()
    process.wait()
    other = tmp_path / "somebodys-run-abc"
    linked = tmp_path / "resnet-bench-run-link"
    unclaimed, filled = tmp_path / "resnet-bench-run-new", tmp_path / "resnet-bench-notes"
    folder.rename(other)
    linked.symlink_to(other)
    unclaimed.mkdir()
    filled.mkdir()
    (filled / "mine.txt").write_text("kept")
    os.utime(filled, (0, 0))
    (tmp_path / "resnet-bench-file").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    assert list(scratch.abandoned()) == []
    assert sorted(tmp_path.rglob("*")) == before
    os.utime(unclaimed, (time.time() - 7200,) * 2)
    assert list(scratch.abandoned()) == []
    assert not unclaimed.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_another_users_folder_stays(owner):
    process, folder = owner
    process.kill()
    process.wait()
    os.chown(folder, 12345, 12345)
    assert list(scratch.abandoned()) == []
    assert folder.is_dir()


def test_a_checkout_that_a_kill_left_is_given_back_to_its_repository(tmp_path):
    repository = tmp_path / "project"
    repository.mkdir()
    make_repository(repository, 2)
    code = f"""
import time
from pathlib import Path
from resnet_bench.git.checkout import checked_out
with checked_out(Path({str(repository)!r}), "HEAD~1") as side:
    print(side.root, flush=True)
    time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    root = Path(process.stdout.readline().strip())
    process.kill()
    process.wait()
    assert root.is_dir()
    assert str(root) in git(repository, "worktree", "list")
    leftovers.clear.cache_clear()
    leftovers.clear()
    leftovers.clear.cache_clear()
    assert not root.parent.exists()
    assert str(root) not in git(repository, "worktree", "list")
    with checkout.checked_out(repository, "HEAD~1") as side:
        assert Path(side.root).is_dir()
