"""A run that is killed at any moment loses at most the launch under way, and goes on where it stopped."""

from collections import Counter
from random import Random

import pytest

from resnet_bench.config.sources import resolve
from resnet_bench.records import Launch, SkipReason
from resnet_bench.runner import plan
from resnet_bench.runner import run as runs
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.storage import run_directory
from tests.runner import killing

SMALL = {"models": "resnet18,resnet34", "batch_sizes": "1,2", "launches": "6", "image_sizes": "64", "device": "cpu"}
REAL = {"models": "cifar_resnet20", "batch_sizes": "1", "launches": "3", "device": "cpu", "time_limit": "60"}
KILLS, REAL_KILLS = 200, 30


def slots(suite):
    cases = plan.expand(suite, "cpu").cases
    return {(case, index) for case in cases for index in range(suite.protocol.launches)}


def kill_and_resume(folder, suite, launcher, *, kills, within_s, worker=None):
    """Kill runs until so many died, each going on in its own folder until it is done, and return how they ended."""
    random, ended, number = Random(1), Counter(), 0
    saved: set = set()
    while ended.total() - ended[0] < kills:
        directory = folder / str(number)

        def work(at=directory):
            killing.start_or_resume(at, suite, launcher)

        told, status = killing.killed(killing.with_worker(worker, work) if worker else work, random, within_s=within_s)
        ended[status] += 1
        saved |= told
        there = check(directory, saved)
        if status == 0:
            assert there == slots(suite)
            number, saved = number + 1, set()
    return ended


def check(directory, saved):
    """Hold what is in the folder against what was said to be saved, and return which launches are there."""
    if not run_directory.is_run(directory):
        assert not saved
        return set()
    entries = run_directory.load_entries(directory)
    launches = Counter((it.case, it.index) for it in entries if isinstance(it, Launch))
    assert saved <= launches.keys()
    assert set(launches.values()) <= {1}
    assert {it.reason for it in entries if not isinstance(it, Launch)} <= {SkipReason.INTERRUPTED}
    read = run_directory.load(directory)
    assert not read.set_aside
    assert all("half-written" in it or "no static profile" in it for it in read.warnings)
    return set(launches)


@pytest.mark.slow
def test_200_kills_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "current_commit", killing.no_commit)
    worker = killing.write_worker(tmp_path / "worker.sh")
    suite = resolve(None, variables={}, flags=SMALL).suite
    ended = kill_and_resume(tmp_path, suite, killing.Stubbed(), kills=KILLS, within_s=0.2, worker=worker)
    assert ended.total() - ended[0] == KILLS
    assert killing.left_behind(worker) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_30_kills_of_real_measurements_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "current_commit", killing.no_commit)
    suite = resolve(None, variables={}, flags=REAL).suite
    ended = kill_and_resume(tmp_path, suite, LocalLauncher(), kills=REAL_KILLS, within_s=8)
    assert ended.total() - ended[0] == REAL_KILLS
