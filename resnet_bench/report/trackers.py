"""A run's cases as runs of an experiment tracker, offline: MLflow's database or wandb's runs, by their own libraries.

A case is a run there: its axes are parameters, its figures metrics in base units, what became of it a tag. Nothing is
sent anywhere: `mlflow ui --backend-store-uri sqlite:///FILE` reads the file, `wandb sync FOLDER/*.wandb` uploads those.
"""

import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from resnet_bench import scratch
from resnet_bench.analysis.results import CaseStatus
from resnet_bench.config import case_labels
from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.records import Record, Run
from resnet_bench.report.labels import MACHINE
from resnet_bench.report.table import Table
from resnet_bench.storage import files
from resnet_bench.storage.dates import seconds
from resnet_bench.words import plain

_PROJECT = "resnet-bench"
# Their libraries report how they are used, unless they are told not to.
_SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
}


class TrackedCase(Record, frozen=True, kw_only=True):
    """One case: its name, what it was asked with, its figures in base units, and what became of it."""

    name: str
    parameters: dict[str, str | int | float]
    metrics: dict[str, float]
    status: str

    @property
    def measured(self) -> bool:
        """Whether it has figures."""
        return self.status == CaseStatus.MEASURED


def cases(run: Run, table: Table) -> Iterator[TrackedCase]:
    """Yield the rows of a run's results, whose axes are parameters and whose numbers are metrics."""
    named = case_labels.labels(run.header.cases)
    axes = {MACHINE, *BY_NAME}
    for case, row in zip(run.header.cases, table.rows, strict=True):
        said = {column.key: it for column, it in zip(table.columns, row, strict=True) if it not in {None, ""}}
        numbers = {column.key for column in table.columns if column.kind.numeric} - axes
        yield TrackedCase(
            name=plain(named[case]),
            parameters={key: plain(it) if isinstance(it, str) else it for key, it in said.items() if key in axes},
            metrics={key: it for key, it in said.items() if key in numbers and isinstance(it, int | float)},
            status=str(said["status"]),
        )


def write(tracker: str, run: Run, table: Table, path: Path) -> Path:
    """Write a run's cases where nothing stands yet, whole or not at all, and return where.

    Raises:
        UsageError: the library for it is not installed, or something stands there.
        StoreError: it cannot be written.
    """
    library, written = _TRACKERS[tracker]
    if importlib.util.find_spec(library) is None:
        raise UsageError(
            f"--to {tracker} needs {library}, which is not installed: pip install 'resnet-bench[{tracker}]'."
        )
    if path.exists():
        raise UsageError(f"{path} is there already; --to {tracker} writes a new one, so name another.")
    for name, value in _SILENT.items():
        os.environ.setdefault(name, value)
    with scratch.folder("export") as folder:
        written(run, list(cases(run, table)), folder, path)
    return path


def _mlflow(run: Run, found: list[TrackedCase], folder: Path, path: Path) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - an extra
    from mlflow.entities import Metric, Param  # noqa: PLC0415

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    store = folder / "mlflow.db"
    client = MlflowClient(f"sqlite:///{store}")
    experiment = client.create_experiment(plain(run.name), artifact_location=f"./{_PROJECT}-artifacts")
    began_ms = int(seconds(run.header.created_at) * 1000)
    commit = {"mlflow.source.git.commit": run.header.commit.revision} if run.header.commit else {}
    for it in found:
        tags = {"status": it.status, "resnet_bench.run": run.header.id, **commit}
        id_ = client.create_run(experiment, began_ms, tags, it.name).info.run_id
        client.log_batch(
            id_,
            metrics=[Metric(key, value, began_ms, 0) for key, value in it.metrics.items()],
            params=[Param(key, str(value)) for key, value in it.parameters.items()],
        )
        client.set_terminated(id_, "FINISHED" if it.measured else "FAILED", began_ms)
    files.whole(path, store.read_bytes())


def _wandb(run: Run, found: list[TrackedCase], folder: Path, path: Path) -> None:
    import wandb  # noqa: PLC0415 - an extra

    # What it would note of this machine is not what was measured on.
    quiet = dict(silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True)
    settings = wandb.Settings(**quiet, x_disable_meta=True, x_save_requirements=False)
    facts = {"run": run.header.id, **({"commit": run.header.commit.revision} if run.header.commit else {})}
    try:
        for number, it in enumerate(found):
            one = wandb.init(
                mode="offline",
                project=_PROJECT,
                group=plain(run.name),
                name=it.name,
                id=f"{files.name_of(run.header.id)}-{number}",
                dir=folder,
                config=it.parameters | facts,
                tags=[it.status],
                reinit="finish_previous",
                settings=settings,
            )
            one.summary.update(it.metrics)
            one.finish(exit_code=0 if it.measured else 1)
    finally:
        wandb.teardown()
    made = sorted((folder / "wandb").glob("offline-run-*/*.wandb"))
    files.whole_folder(path, {kept.name: kept.read_bytes() for kept in made})


_TRACKERS: Mapping[str, tuple[str, Callable[[Run, list[TrackedCase], Path, Path], None]]] = {
    "mlflow": ("mlflow", _mlflow),
    "wandb": ("wandb", _wandb),
}
