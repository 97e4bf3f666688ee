"""Runs that grow: `run --extend`, notes, and cores."""

import json
import os
import subprocess
import sys

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode
from resnet_bench.storage import run_directory
from tests import make
from tests.runner.instant import Machine

TINY = ("--models", "resnet18,cifar_resnet20", "--batch-sizes", "1,2", "--launches", "2", "--device", "cpu")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Machine().install(monkeypatch)


def sizes(directory):
    return {
        (it.case.model, it.case.image_size, it.case.batch_size) for it in run_directory.load(directory).measurements
    }


def test_a_run_gains_cases_and_keeps_what_it_has(machine, tmp_path):
    assert cli.run(["run", *TINY, "-o", "r"]) == 0
    before = (tmp_path / "r" / "launches.jsonl").read_bytes()
    made = len(machine.requests)
    assert cli.run(["run", "--extend", "r", "--batch-sizes", "2,16"]) == 0
    assert sizes(tmp_path / "r") == {
        (model, size, batch) for model, size in (("resnet18", 224), ("cifar_resnet20", 32)) for batch in (1, 2, 16)
    }
    assert (tmp_path / "r" / "launches.jsonl").read_bytes().startswith(before)
    assert len(machine.requests) - made == 4  # two models, two launches, of the new size alone
    assert run_directory.load(tmp_path / "r").missing == ()


@pytest.mark.usefixtures("machine")
def test_a_model_that_is_added_has_its_own_image_size(tmp_path):
    cli.run(["run", "--models", "resnet18", "--batch-sizes", "1", "--launches", "1", "--device", "cpu", "-o", "r"])
    assert cli.run(["run", "--extend", "r", "--models", "cifar_resnet20"]) == 0
    assert ("cifar_resnet20", 32, 1) in sizes(tmp_path / "r")


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--batch-sizes", "1"), "r has all of these cases already"),
        (("--launches", "9"), "--extend keeps the run's protocol and adds values of axes; given is --launches"),
        ((), "given is nothing"),
        (("--batch-sizes", "auto"), "--batch-sizes auto cannot be added to a run"),
        (("--models", "resnet5"), "unknown model 'resnet5'"),
        (("--image-sizes", "8"), "image size"),
        (("--batch-sizes", "4", "-o", "x"), "--extend takes axes"),
    ],
)
def test_what_cannot_be_added_says_why_and_changes_nothing(capsys, tmp_path, arguments, words):
    cli.run(["run", *TINY, "-o", "r"])
    before = (tmp_path / "r" / "run.json").read_bytes()
    capsys.readouterr()
    assert cli.run(["run", "--extend", "r", *arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err
    assert (tmp_path / "r" / "run.json").read_bytes() == before


@pytest.mark.usefixtures("machine")
def test_another_machine_cannot_extend_a_run(capsys, monkeypatch):
    cli.run(["run", *TINY, "-o", "r"])
    Machine(identity=make.change(make.IDENTITY, cpu_name="another"), environment="e2").install(monkeypatch)
    assert cli.run(["run", "--extend", "r", "--batch-sizes", "4"]) == ExitCode.USAGE
    assert "was measured elsewhere: cpu_name was" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
def test_resume_and_a_folder_that_is_taken_name_the_way_to_add_cases(capsys):
    cli.run(["run", *TINY, "-o", "r"])
    capsys.readouterr()
    cli.run(["run", *TINY, "-o", "r"])
    assert "add cases with --extend r" in capsys.readouterr().err
    cli.run(["run", "--resume", "r", "--batch-sizes", "4"])
    assert "To add cases: run --extend r" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
def test_a_note_is_kept(tmp_path):
    cli.run(["run", *TINY, "--note", "after the BIOS update", "-o", "r"])
    assert json.loads((tmp_path / "r" / "run.json").read_text())["note"] == "after the BIOS update"
    assert "after the BIOS update" in (tmp_path / "r" / "report.html").read_text()


def in_a_process(*arguments, cwd):
    command = [sys.executable, "-m", "tests.runner.instant", "run", *TINY, *arguments]
    root = str(make.live.ROOT)
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("cores", ["x", "0-", "1000000", ""])
def test_cores_that_are_not_here_are_told_those_that_are(tmp_path, cores):
    done = in_a_process("--cores", cores, "--dry-run", cwd=tmp_path)
    if cores:
        assert done.returncode == ExitCode.USAGE
        assert f"--cores '{cores}': expected some of the cores" in done.stderr
    else:
        assert done.returncode == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system confines no process")
def test_a_process_that_is_confined_says_to_which_cores():
    first = min(os.sched_getaffinity(0))
    code = (
        "from resnet_bench.machine import cores\n"
        f"cores.confine_to('{first}')\n"
        "import os; print(os.sched_getaffinity(0), cores.confined_to(), cores.in_words({0, 1, 2, 5, 7, 8}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = f"{{{first}}} {first if (os.cpu_count() or 1) > 1 else ''} 0-2,5,7-8"
    assert done.stdout.split() == said.split()
