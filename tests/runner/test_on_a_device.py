"""Whole runs on a simulated device: the search for batch sizes, a run with its report, two sides against each other."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.commands import run as run_command
from resnet_bench.machine import devices
from resnet_bench.records import Mode, Precision, SearchStop
from resnet_bench.records.calibration import Calibration, ReferenceTrial
from resnet_bench.runner import search
from resnet_bench.runner.launchers import table
from resnet_bench.specs import accelerator_reference
from resnet_bench.storage import calibrations, record_file, run_directory
from resnet_bench.storage.trials import TrialLog
from tests import make
from tests.runner.in_process import InProcess
from tests.seams.conftest import House
from tests.simulated_device import Card
from tests.simulated_torch import simulated

pytestmark = pytest.mark.slow

MIB = 2**20


def found(directory, card, **axes):
    """Return what a search on a card finds."""
    case = make.case("cifar_resnet20", **dict(device="cuda:0", batch_size=1, image_size=32, threads=1) | axes)
    limits = search.Limits(memory_bytes=None, iteration_s=5.0)
    log = TrialLog(directory, way="test")
    with simulated(card):
        return search.search(case, case.model, limits, launcher=InProcess(), log=log, on_trial=lambda *_: None)


@pytest.mark.parametrize("loss_scale", [2.0**16, 2.0**10])
def test_the_largest_batch_is_the_largest_that_trains(tmp_path, loss_scale):
    """The optimizer's state is held, though its first steps are skipped."""
    axes = dict(mode=Mode.TRAINING, precision=Precision.AMP_FP16)
    result = found(tmp_path, Card(memory_bytes=256 * MIB, loss_scale=loss_scale), **axes)
    assert result.stopped_by is SearchStop.OUT_OF_MEMORY
    sizes = {trial.batch_size: trial.fits for trial in result.trials}
    assert sizes[result.largest]
    assert not sizes[result.largest + 1]
    fitting = {trial.batch_size: trial.peak_allocated_bytes for trial in result.trials if trial.fits}
    assert fitting[result.largest] > 128 * MIB


@pytest.fixture
def gpu(monkeypatch):
    """The command line, on a simulated card in this process."""
    monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: InProcess()))
    for module in (devices, run_command):
        monkeypatch.setattr(module, "known_without_torch", lambda *_: None)
    with simulated(Card(settling_s=0.3)) as there:
        yield there


@pytest.mark.usefixtures("gpu")
def test_a_run_says_in_which_state_it_measured_and_what_the_card_was_like(tmp_path, capsys):
    asked = ["--models", "tests.simulated_models:heavy", "--batch-sizes", "64", "--image-sizes", "64"]
    at = [tmp_path / name for name in ("sustained", "burst")]
    for directory, flags in zip(at, ([], ["--state", "burst"]), strict=True):
        assert cli.run(["run", *asked, "--device", "cuda:0", *flags, "-o", str(directory)]) == 0
    said = capsys.readouterr().out
    assert "throttled in 2 launches (power)" in said
    assert "disturbed" not in said.partition("burst")[0] or "clocks throttled" not in said
    runs = [run_directory.load(directory) for directory in at]
    assert [run.header.protocol.state for run in runs] == ["sustained", "burst"]
    page = (at[0] / "report.html").read_text()
    assert "Accelerators are measured sustained" in page
    assert "in bursts" in (at[1] / "report.html").read_text()
    assert cli.run(["compare", *map(str, at)]) == 3
    assert "state" in capsys.readouterr().out
    identity = runs[0].header.environments[0].identity
    assert (identity.power_limit_w, identity.ecc, identity.persistence, identity.mig) == (700.0, True, True, None)


def calibrated(environment, *, corrected):
    """Write what `calibrate` would have learnt of the card."""
    version = accelerator_reference.VERSION
    trial = ReferenceTrial(version=version, launches=10, spread_raw=0.03, spread_corrected=corrected)
    fields = dict(device_name="a card", created_at="t", bands=(), cases=(), reference=trial)
    record_file.write(Calibration(environment=environment, **fields), calibrations.DEFAULT_FILE)


@pytest.mark.usefixtures("gpu")
def test_a_run_takes_the_reference_where_calibrate_saw_it_help_and_is_compared_raw_with_one_that_did_not(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = ("run", "--models", "tests.simulated_models:heavy", "--batch-sizes", "64", "--image-sizes", "64")

    def run(name):
        assert cli.run([*asked, "--launches", "2", "--device", "cuda:0", "-o", name]) == 0
        return run_directory.load(Path(name))

    def versions(of):
        launches = of.measurements[0].launches
        return {it.isolated.reference.version if it.isolated.reference else None for it in launches}

    plain = run("plain")
    environment = plain.header.environments[0].id
    assert versions(plain) == {None}
    calibrated(environment, corrected=0.029)
    assert versions(run("of-no-use")) == {None}
    calibrated(environment, corrected=0.01)
    beside = run("beside")
    assert versions(beside) == {accelerator_reference.VERSION}
    assert beside.header.protocol == plain.header.protocol
    case = beside.header.cases[0].key
    assert [it.key for it in beside.header.nominals] == [(environment, 0, accelerator_reference.VERSION, case)]
    assert run("again").header.nominals == beside.header.nominals
    page = Path("beside/report.html").read_text()
    assert "A fixed reference (accelerator-1) is timed" in page
    assert "The nominal speed of accelerator-1 is each case" in page
    capsys.readouterr()
    assert cli.run(["compare", "plain", "beside"]) in {0, 3}
    assert "the baseline has no reference samples" in capsys.readouterr().out
    assert cli.run(["compare", "beside", "again"]) in {0, 3}
    assert "has no reference samples" not in capsys.readouterr().out


SIMULATE = """
from tests.simulated_device import Card
from tests.simulated_torch import simulated

_held = simulated(Card(settling_s=0.3, launch_s=2e-3, convolution_launch_s=2e-3, event_s=0.0))
_held.__enter__()
"""
MODEL = """
import torch

def create_model(name):
    return torch.nn.Sequential(
        *(torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range({layers})), torch.nn.Flatten(), torch.nn.Linear(768, 10)
    )
"""


def test_two_sides_on_a_device_are_told_apart(tmp_path):
    """Real processes, forked ones too, each with a simulated card of its own."""
    house = House(tmp_path)
    house.write("child/__init__.py", SIMULATE)
    shutil.copytree(Path(__file__).parents[1], tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__", "data"))
    root = tmp_path / "repository"
    (root / "resnet_bench" / "models").mkdir(parents=True)
    (root / "resnet_bench" / "__init__.py").touch()
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
    git = ["git", "-C", str(root), *identity]
    subprocess.run([*git, "init", "-q"], check=True)
    for layers in (4, 5):
        (root / "resnet_bench" / "models" / "__init__.py").write_text(MODEL.format(layers=layers))
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"{layers} layers"], check=True)
        subprocess.run([*git, "tag", f"layers{layers}"], check=True)
    asked = (
        "--repository",
        str(root),
        "--model",
        "tiny",
        "--image-size",
        "16",
        "--device",
        "cuda:0",
        "--format",
        "json",
    )
    for base, verdict, code in (("layers4", "regressed", 1), ("layers5", "unchanged", 0)):
        done = house.run("ab", base, "layers5", "--budget", "5m", *asked, timeout=280)
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)[0]["decision"]["verdict"] == verdict
