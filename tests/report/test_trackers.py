"""A run as an MLflow database and as wandb's offline runs, read back by their own libraries; and what is refused."""

import importlib.util

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode
from resnet_bench.report import trackers
from resnet_bench.report.documents import run as view
from resnet_bench.storage import run_directory
from tests import make

NAME = "=odd\u202e"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases = [make.case(model=NAME, batch_size=size) for size in (1, 4)]
    measured = [make.measurement(make.noisy_launches(1), of=case) for case in cases]
    absent = make.skip(make.case(model="resnet18"))
    make.save_run(tmp_path / "r", make.run_of(measured, skips=(absent,)))
    return tmp_path


def test_a_case_is_a_run_with_axes_as_parameters_and_figures_as_metrics(run):
    loaded = run_directory.load(run / "r")
    rows = view.build([loaded]).rows()
    found = list(trackers.cases(loaded, rows))
    assert [it.measured for it in found] == [True, True, False]
    assert len({it.name for it in found}) == 3
    assert found[1].parameters["batch_size"] == 4
    assert "\u202e" not in found[0].name + found[0].parameters["model"]
    latency = rows.rows[0][rows.index("latency_s")]
    assert found[0].metrics["latency_s"] == latency
    assert "latency_s" not in found[2].metrics


@pytest.mark.parametrize("tracker", ["mlflow", "wandb"])
@pytest.mark.usefixtures("run")
def test_what_is_missing_is_named_with_how_to_get_it(tracker, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert cli.run(["export", "r", "--to", tracker, "-o", "x"]) == ExitCode.USAGE
    assert f"which is not installed: pip install 'resnet-bench[{tracker}]'" in capsys.readouterr().err


def test_mlflow_reads_its_database(run, capsys):
    mlflow = pytest.importorskip("mlflow")
    assert cli.run(["export", "r", "--to", "mlflow", "-o", "x.db"]) == 0
    client = mlflow.MlflowClient(f"sqlite:///{run / 'x.db'}")
    (experiment,) = [it for it in client.search_experiments() if it.name == "r"]
    found = client.search_runs([experiment.experiment_id], order_by=["params.batch_size"])
    assert sorted(it.info.status for it in found) == ["FAILED", "FINISHED", "FINISHED"]
    measured = [it for it in found if it.info.status == "FINISHED"]
    assert {it.data.params["batch_size"] for it in measured} == {"1", "4"}
    assert all(0 < it.data.metrics["latency_s"] < 10 for it in measured)
    assert cli.run(["export", "r", "--to", "mlflow", "-o", "x.db"]) == ExitCode.USAGE
    assert "x.db is there already" in capsys.readouterr().err


def test_wandb_writes_an_offline_run_for_each_case_and_asks_nobody(run, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # where nobody listens
    assert cli.run(["export", "r", "--to", "wandb", "-o", "out"]) == 0
    kept = [path.read_bytes() for path in sorted((run / "out").glob("*.wandb"))]
    # Records of protobuf with names and JSON in them; wandb has no public reader but its own service.
    assert [b"latency_s" in it for it in kept] == [True, True, False]
    assert [b"out of memory" in it for it in kept] == [False, False, True]
    assert all(b"batch_size" in it for it in kept)
    assert not (run / "wandb").exists()
