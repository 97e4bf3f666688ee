"""A process may end at any call: what is on the disk then is the old or the new, never a mixture, and work goes on."""

import itertools
import json

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.interop import asv_write
from resnet_bench.runner import run as runs
from resnet_bench.storage import baselines, files, run_directory
from tests import make
from tests.runner.instant import Machine
from tests.storage.dying import deaths, killed_at, moments


@pytest.fixture
def whole(tmp_path):
    measured = [make.measurement(make.noisy_launches(1, count=2), of=make.case(batch_size=size)) for size in (1, 2)]
    made = make.run_of(measured, name="whole", commit=make.commit())
    return make.save_run(tmp_path / "whole", made)


def test_a_file_is_the_old_or_the_new(tmp_path):
    path = tmp_path / "x"
    seen = set()
    for number, _ in deaths(lambda: files.whole(path, b"new" * 1000)):
        seen.add(path.read_bytes() if path.exists() else None)
        path.write_bytes(b"old")
        assert number < 20
    assert seen == {None, b"old", b"new" * 1000}
    assert path.read_bytes() == b"new" * 1000


def test_a_line_is_there_or_not_and_the_next_one_follows(tmp_path):
    path = tmp_path / "x.jsonl"
    counter = itertools.count()
    for number, moment in deaths(lambda: files.append_line(path, b"second")):
        left = path.read_bytes() if path.exists() else b""
        assert left in {b"", b"first\n", b"first\nseco"[: len(left)], b"first\nsecond\n"}, (number, moment)
        files.append_line(path, b"third")
        expected = [line for line in left.split(b"\n")[:-1] if line]
        assert path.read_bytes().split(b"\n")[:-1] == [*expected, b"third"]
        path.write_bytes(b"first\n")
        next(counter)
    assert next(counter) > 5


def test_a_merge_is_there_whole_or_not_at_all_and_can_be_made_again(tmp_path, whole):
    out = tmp_path / "out"
    expected = run_directory.load_entries(whole)
    made = set()
    for number, moment in deaths(lambda: cli.run(["merge", str(whole), "-o", str(out)])):
        made.add(out.exists())
        if out.exists():
            assert run_directory.load_entries(out) == expected
            out.rename(tmp_path / f"was-{number}-{moment}")
    assert made == {True, False}
    assert run_directory.load_entries(out) == expected
    assert run_directory.load(out).warnings == ()


def test_a_run_that_dies_at_any_call_is_no_run_or_one_to_resume(tmp_path, monkeypatch):
    """Every launch is there once in the end, and those that were there are not measured again."""
    machine = Machine().install(monkeypatch)
    monkeypatch.setattr(runs, "current_commit", lambda: None)
    suite = runs_suite()
    finished, resumed = set(), 0
    for number, moment in moments():
        directory = tmp_path / f"{number}-{moment}"
        died = killed_at(number, moment, lambda at=directory: runs.start(suite, at, launcher=machine))
        is_run = run_directory.is_run(directory)
        if is_run:
            saved = run_directory.load_entries(directory)
            machine.requests.clear()
            runs.resume(directory, launcher=machine)
            assert run_directory.load_entries(directory)[: len(saved)] == saved
            assert len(machine.requests) == LAUNCHES - len(saved)
            resumed += 1
        else:
            runs.start(suite, directory, launcher=machine)
        entries = run_directory.load_entries(directory)
        assert sorted(it.index for it in entries) == list(range(LAUNCHES)), (number, moment)
        assert run_directory.load(directory).warnings == ()
        finished.add(is_run)
        if not died:
            break
    assert finished == {True, False}
    assert resumed > LAUNCHES


LAUNCHES = 3


def runs_suite():
    from resnet_bench.config.sources import resolve

    flags = {"models": "resnet18", "batch_sizes": "1", "launches": str(LAUNCHES), "device": "cpu"}
    return resolve(None, variables={}, flags=flags).suite


def test_a_baseline_is_the_old_or_the_new(tmp_path, whole):
    digest = sides.from_runs([whole], "main")
    other = make.change(digest, created_at="2026-02-02T00:00:00+00:00")
    baselines.save(digest, tmp_path)
    for _ in deaths(lambda: baselines.save(other, tmp_path)):
        assert baselines.read("main", tmp_path) in {digest.created_at: digest, other.created_at: other}.values()
    assert baselines.read("main", tmp_path).created_at == other.created_at


def test_every_file_of_an_export_is_whole_and_the_export_can_be_made_again(tmp_path, whole):
    run, results = run_directory.load(whole), tmp_path / "asv"
    died = 0
    for _ in deaths(lambda: asv_write.export(run, results)):
        died += 1
        for path in results.rglob("*.json"):
            assert isinstance(json.loads(path.read_bytes()), dict)
    assert died > 10
    assert asv_write.export(run, results).values > 0
