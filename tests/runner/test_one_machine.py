"""`calibrate`, `ab`, `machine --layers` and searches on a machine that a launcher reaches: all is done there."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from resnet_bench import cli
from resnet_bench.storage import calibrations, run_directory
from tests import make
from tests.runner.stub_machine import LARGEST_BATCH, prepared

ROOT = Path(__file__).parents[2]
CASES = '[[sweep]]\nmodels = ["cifar_resnet20"]\nbatch_sizes = {sizes}\n'


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Give a suite whose machines n1 and n2 measure nothing, from a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "suite.toml"
    path.write_text(CASES.format(sizes="[1]") + prepared(tmp_path / "machines", "n1", "n2"))
    return path


def run(capsys, *arguments):
    code = cli.run(list(map(str, arguments)))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_machine_is_calibrated_there_and_its_file_is_its_own(suite, capsys):
    code, _, err = run(capsys, "calibrate", "--models", "cifar_resnet20", "--launcher", "n1", "--machines", suite)
    assert code == 0, err
    kept = Path("reports/calibration-id-n1.json")
    assert f"wrote {kept}" in err
    assert not calibrations.DEFAULT_FILE.exists()
    assert calibrations.read(kept).device_name == "Card of n1"
    code, out, err = run(capsys, "ab", "HEAD", "--models", "cifar_resnet20", "--launcher", "n1", "--machines", suite)
    assert code == 0, err
    assert "(calibrated here; --band sets another)" in err
    assert "old" in out
    assert "new" in out


def test_both_sides_are_measured_on_one_machine(suite, capsys):
    ab = ("ab", "HEAD~1", "--models", "cifar_resnet20", "--machines", suite)
    code, _, err = run(capsys, *ab)
    assert (code, err) == (2, "error: this is measured on one machine, and there are n1, n2; name one by --launcher.\n")
    code, out, _ = run(capsys, *ab, "--launcher", "n2", "--turns", "turns.jsonl", "--format", "json")
    assert code == 0
    [found] = json.loads(out)
    assert found["matchup"]["baseline"]["model"] == "cifar_resnet20"
    assert Path("turns.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("command", [("ab", "HEAD"), ("calibrate",), ("machine", "--layers", "cifar_resnet20")])
def test_a_machine_that_gives_no_answer_is_a_line(suite, tmp_path, command, capsys):
    (tmp_path / "machines/n1.fault").write_text("silent always")
    tables = "--suite" if command[0] == "machine" else "--machines"
    code, _, err = run(capsys, *command, "--launcher", "n1", tables, suite)
    assert code == 3
    assert err.startswith("error: ")
    assert "machine 'n1' gave no answer: " in err or "its process ended" in err
    assert not Path("reports").exists() or not list(Path("reports").iterdir())


def test_layers_are_timed_there_and_kept_under_the_machines_identity(suite, capsys):
    code, out, err = run(
        capsys, "machine", "--layers", "cifar_resnet20", "--device", "cpu", "--launcher", "n1", "--suite", suite
    )
    assert code == 0, err
    assert "cifar_resnet20" in out
    assert len(list(Path("cache").rglob("layers-id-n1-*.json"))) == 1
    # This machine is another one: it predicts nothing by those layers.
    code, _, err = run(capsys, "predict", "cifar_resnet20", "--device", "cpu")
    assert code != 0
    assert "--across" in err or "Card of n1" in err


@pytest.fixture
def with_ceilings(suite, tmp_path):
    """The suite, whose machine n1 has seven cores and measures ceilings."""
    answers = tmp_path / "machines/n1.json"
    content = json.loads(answers.read_text().replace('"logical_cores":2', '"logical_cores":7'))
    content["answers"]["ceilings"] = msgspec.to_builtins(make.ceilings(environment="id-n1"))
    answers.write_text(json.dumps(content))
    return suite


def test_ceilings_there_go_with_its_layers_and_leave_this_machines_alone(with_ceilings, capsys):
    asked = ("--layers", "cifar_resnet20", "--device", "cpu", "--threads", "1", "-o", "layers.json")
    code, _, err = run(capsys, "machine", *asked, "--launcher", "n1", "--suite", with_ceilings)
    assert code == 0, err
    assert [it.parent.name for it in Path("cache").rglob("ceilings-*.json")] == ["id-n1"]
    (library,) = json.loads(Path("layers.json").read_text())
    assert library["ceilings"]["environment"] == "id-n1"


@pytest.mark.parametrize("what", [("--ceilings",), ("--layers", "cifar_resnet20")])
def test_all_threads_are_all_cores_of_that_machine(with_ceilings, capsys, what):
    there = ("--launcher", "n1", "--suite", with_ceilings)
    code, _, err = run(capsys, "machine", *what, "--device", "cpu", "--threads", "all", *there)
    assert code == 0, err
    assert [it.name for it in Path("cache").rglob("ceilings-*.json")] == ["ceilings-cpu-7-threads.json"]


def test_a_search_and_layers_of_a_run_are_done_on_each_machine(suite, tmp_path, capsys):
    suite.write_text(CASES.format(sizes='"auto"') + suite.read_text().partition(CASES.format(sizes="[1]"))[2])
    code, _, err = run(capsys, "run", suite, "--device", "cpu", "--launches", "1", "--layers", "-o", tmp_path / "run")
    assert code == 0, err
    found = run_directory.load(tmp_path / "run")
    sizes = {(it.case.machine, it.case.batch_size) for it in found.measurements}
    assert sizes == {(name, size) for name in ("n1", "n2") for size in (1, 2, LARGEST_BATCH)}
    assert {it.case.machine for it in found.layers} == {"n1", "n2"}


@pytest.mark.slow
def test_a_far_end_makes_pairs_as_this_machine_does(tmp_path, capsys):
    suite = tmp_path / "suite.toml"
    suite.write_text(
        f'[[machine]]\nname = "far"\nlauncher = "command"\ncommand = ["env"]\npython = "{sys.executable}"\n'
        f'environment = {{ PYTHONPATH = "{ROOT}" }}\n{CASES.format(sizes="[1]")}'
    )
    code, out, err = run(
        capsys, "ab", "--case-b", "memory_format=channels_last", "--models", "cifar_resnet20", "--image-size", "32",
        "--repository", ROOT, "--budget", "1s", "--launcher", "far", "--machines", suite, "--format", "json",
    )  # fmt: skip
    assert code in {0, 1, 3}, err
    [found] = json.loads(out)
    assert found["matchup"]["contender"]["memory_format"] == "channels_last"
    assert len(found["turns"]) >= 1
