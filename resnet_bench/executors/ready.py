"""A case made ready by its executor in this process; one that converts does both here, as comparisons and trials need.

Imports torch: whoever measures an artefact in a process without it opens it by itself (`child/deployed.py`).
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import msgspec

from resnet_bench.executors import artifact, calibration
from resnet_bench.executors import table as executors
from resnet_bench.executors.placed import placed
from resnet_bench.executors.protocol import Executes, Prepared, Task
from resnet_bench.records import Precision
from resnet_bench.storage import files

_WRITTEN = "written"


def ready(task: Task) -> Prepared:
    """Make a case ready to iterate.

    Raises:
        UnsupportedError: its executor cannot run it so.
    """
    case = task.case
    if executors.facts(case.executor).converts:
        return _converted(task)
    return cast("Executes", executors.load(case.executor)).prepare(task)


def _converted(task: Task) -> Prepared:
    if task.artifacts:
        return _opened(task, _shared(task, Path(task.artifacts)))
    with TemporaryDirectory() as folder:
        _convert(task, Path(folder))
        return _opened(task, Path(folder))


def _shared(task: Task, folder: Path) -> Path:
    """Return where the artefact of a folder is that several processes share: the first one makes it.

    Raises:
        DisagreesError: it is no longer what was made.
    """
    made, written = folder / artifact.FOLDER, folder / _WRITTEN
    if not written.exists():
        shutil.rmtree(made, ignore_errors=True)  # of a process that was ended while it converted
        made.mkdir()
        _convert(task, made)
        files.whole(written, msgspec.json.encode(artifact.fingerprint(made)))
    artifact.refuse_changed(made, msgspec.json.decode(written.read_bytes(), type=artifact.Fingerprint))
    return made


def _convert(task: Task, folder: Path) -> None:
    case, executor = task.case, executors.load_converting(task.case.executor)
    there = placed(task._replace(case=case.plain))
    images, sizes = there.inputs.tensors[0], executors.facts(case.executor).sizes
    batches = calibration.batches(case, task.calibration) if case.precision is Precision.INT8 else ()
    executor.convert(case, there.network.cpu(), images.cpu(), folder, calibration=batches, sizes=sizes)


def _opened(task: Task, folder: Path) -> Prepared:
    return executors.load_converting(task.case.executor).opened(task.case, folder, seed=task.seed)
