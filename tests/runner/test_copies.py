"""`--copies`: what is planned, what is refused before the first launch, and which commands have no use for it."""

import json

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode
from resnet_bench.machine import environment
from resnet_bench.records import SkipReason
from resnet_bench.storage import run_directory
from tests.runner.instant import Machine

LACKING = "4 copies of 1 thread need 4 cores, and there are 2 here: ask for fewer, or for fewer --threads of each"
ASKED = ("--models", "resnet18", "--batch-sizes", "1", "--launches", "2", "--device", "cpu")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Two cores."""
    monkeypatch.chdir(tmp_path)
    return Machine().install(monkeypatch)


def test_copies_without_cores_are_skips_before_the_first_launch(machine, tmp_path, capsys):
    assert cli.run(["run", *ASKED, "--copies", "1,2,4", "-o", "r"]) == ExitCode.DONE
    assert {it.case.copies for it in machine.requests} == {1, 2}
    loaded = run_directory.load(tmp_path / "r")
    (skip,) = loaded.skips
    assert (skip.case.copies, skip.reason) == (4, SkipReason.UNSUPPORTED)
    assert skip.detail == LACKING
    assert "4 copies" in capsys.readouterr().out


def test_a_run_none_of_whose_copies_has_cores_is_refused(machine, tmp_path, capsys):
    assert cli.run(["run", *ASKED, "--copies", "4", "-o", "r"]) == ExitCode.USAGE
    assert capsys.readouterr().err.splitlines()[-1] == (f"error: nothing is left to measure: {LACKING}.")
    assert machine.requests == []
    assert not (tmp_path / "r" / "run.json").exists()


@pytest.mark.usefixtures("machine")
def test_copies_that_are_added_are_refused_alike(tmp_path, capsys):
    assert cli.run(["run", *ASKED, "-o", "r"]) == ExitCode.DONE
    assert cli.run(["run", "--extend", "r", "--copies", "64"]) == ExitCode.USAGE
    assert "nothing is left to measure: 64 copies of " in capsys.readouterr().err
    assert len(run_directory.load(tmp_path / "r").header.cases) == 1


@pytest.mark.usefixtures("machine")
def test_copies_have_a_thread_each_unless_more_are_asked_for(capsys):
    def threads(*more):
        assert cli.run(["run", *ASKED, *more, "--print-config", "--format", "json"]) == 0
        settings = json.loads(capsys.readouterr().out)
        return next(it["value"] for it in settings if it["setting"] == "sweep[0].threads")

    assert threads("--copies", "1,2") == [1]
    assert threads("--copies", "1,2", "--threads", "3") == [3]
    assert threads("--copies", "1") == threads() == [environment.default_threads()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("ab", "HEAD", "--case-a", "copies=2"),
            "'copies' is of several processes at once, and here a side is one: use run",
        ),
        (("profile", "resnet18", "--copies", "2"), "--copies"),
        (
            ("run", "--models", "resnet18", "--device", "cpu", "--batch-sizes", "auto", "--copies", "2", "--dry-run"),
            "name the sizes where several run at once",
        ),
        (("run", *ASKED, "--copies", "0"), "'0': expected whole numbers of 1 or more"),
    ],
)
@pytest.mark.usefixtures("machine")
def test_what_measures_one_process_takes_no_copies(capsys, arguments, said):
    assert cli.run(arguments) == ExitCode.USAGE
    assert said in capsys.readouterr().err
