"""A machine's nominal speed is made of its first run of enough launches, recorded, and shared by those that follow."""

import random
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.analysis.digest import digest
from resnet_bench.storage import nominals, run_directory
from tests import make
from tests.runner.instant import Machine

LARGE = ("--models", "resnet18,cifar_resnet20", "--launches", "12", "--device", "cpu", "--batch-sizes", "1")
SMALL = ("--models", "resnet18", "--launches", "3", "--device", "cpu", "--batch-sizes", "1")


class Drifting(Machine):
    """A machine whose launches stand beside a reference, and whose speed is `speed` and wanders by 15 %."""

    speed, launches = 1.0, 0

    def measure(self, request):
        self.launches += 1
        slow = self.speed * random.Random(self.launches).uniform(0.85, 1.15)
        made = make.launch([0.05 * slow] * 8, index=request.index, of=request.case, environment=self.environment.id)
        return make.beside_reference(make.change(made, attempt=request.attempt), 0.003 * slow)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Drifting().install(monkeypatch)


def run(name, *arguments):
    assert cli.run(["run", *arguments, "--threads", "1", "-o", name]) == 0
    return run_directory.load(Path(name))


def figures(of):
    return [it.summaries[0].corrected.median for it in digest(of).cases]


def test_later_runs_are_given_for_the_speed_of_the_first(machine):
    first = run("first", *LARGE)
    (made,) = first.header.nominals
    assert (made.run, made.launches, made.threads, made.environment) == (first.header.id, 24, 1, "e1")
    machine.speed = 1.3
    later = run("later", *LARGE)
    assert later.header.nominals == first.header.nominals == nominals.read("e1")
    assert figures(later) == pytest.approx(figures(first), rel=0.01)


def test_a_small_run_leaves_it_open(machine):
    machine.speed = 1.5
    small = run("small", *SMALL)
    assert [it.launches for it in small.header.nominals] == [3]
    assert run("again", *SMALL).header.nominals == small.header.nominals
    machine.speed = 1.0
    (made,) = run("large", *LARGE).header.nominals
    assert made.launches == 24
    assert made.pass_s[0] == pytest.approx(0.003, rel=0.15)
    assert run("third", *SMALL).header.nominals == (made,)
    assert run_directory.load_header(Path("small")).nominals == small.header.nominals


@pytest.mark.usefixtures("machine")
def test_a_run_that_goes_on_records_it_when_it_ends(tmp_path):
    whole = run("run", *LARGE)
    bare = make.change(whole.header, nominals=())
    path = tmp_path / "run" / "launches.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:10]))
    run_directory.extend(tmp_path / "run", bare)
    assert figures(run_directory.load(tmp_path / "run"))  # of its own launches
    assert cli.run(["run", "--resume", "run"]) == 0
    assert run_directory.load(tmp_path / "run").header.nominals == whole.header.nominals


@pytest.mark.usefixtures("machine")
def test_a_damaged_file_costs_no_run_and_is_named(capsys):
    path = nominals.path_of("e1")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    (made,) = run("run", *LARGE).header.nominals
    assert made.launches == 24
    assert capsys.readouterr().err.count(str(path)) == 1  # it is read when the run begins and when it ends
    assert path.read_text() == "{"


def test_joined_runs_are_given_for_one_speed(machine, tmp_path):
    first = run("first", *LARGE)
    nominals.path_of("e1").unlink()
    machine.speed = 1.2
    second = run("second", *LARGE)
    assert second.header.nominals != first.header.nominals
    assert cli.run(["merge", "first", "second", "-o", "joined"]) == 0
    joined = run_directory.load(tmp_path / "joined")
    assert len(joined.header.nominals) == 1
    assert joined.header.nominals[0] in (*first.header.nominals, *second.header.nominals)
    assert figures(joined) == pytest.approx(figures(first), rel=0.01)
