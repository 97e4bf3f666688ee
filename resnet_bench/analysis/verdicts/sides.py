"""One side of a comparison: a run directory, a baseline file, or a baseline's name."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from resnet_bench.analysis.digest import digest, pool
from resnet_bench.analysis.metrics import POSITION
from resnet_bench.errors import StoreError, UsageError, nearest
from resnet_bench.records import CaseDigest, Digest
from resnet_bench.storage import baselines, reading
from resnet_bench.storage.run_directory import HEADER_NAME, is_run, load


def from_runs(directories: Sequence[Path], name: str) -> Digest:
    """Reduce run directories of one revision to the baseline `name`.

    Raises:
        StoreError: a directory is no run, holds no measurement, or the runs are not comparable.
    """
    if not directories:
        raise UsageError(f"baseline '{name}' needs at least one run directory.")
    runs = [load(directory) for directory in directories]
    for directory, run in zip(directories, runs, strict=True):
        if not run.measurements:
            raise StoreError(f"{directory} holds no finished measurement; finish it with --resume {directory}.")
    return pool(runs, name)


def read(text: str, directory: Path = baselines.DEFAULT_DIRECTORY) -> Digest:
    """Read one side of a comparison: a run directory, a baseline file, or a baseline's name.

    Raises:
        StoreError: it is none of these, or cannot be read.
    """
    path = Path(text)
    if is_run(path) or path.is_dir():
        return digest(load(path))
    if reading.is_there(path):
        return _known(baselines.read_file(path), path)
    if baselines.is_name(text) and text in baselines.names(directory):
        return baseline(text, directory)
    known = baselines.names(directory)
    have = f"{directory} holds {', '.join(known)}" if known else f"{directory} is empty"
    raise StoreError(
        f"'{text}' is not a run directory (which holds {HEADER_NAME}), a baseline file or a baseline's name ({have})."
        f"{nearest(text, known)}"
    )


def baseline(name: str, directory: Path = baselines.DEFAULT_DIRECTORY) -> Digest:
    """Read the baseline called `name`.

    Raises:
        UsageError: the name is no file name.
        StoreError: there is no such baseline, it is damaged, of newer schema, or of metrics that are not known.
    """
    return _known(baselines.read(name, directory), directory / f"{name}.json")


def _known(stored: Digest, path: Path) -> Digest:
    for metric in (*(band.metric for band in stored.bands), *(name for it in stored.cases for name in _metrics(it))):
        if metric not in POSITION:
            raise StoreError(f"{path} is {baselines.MISFIT}: '{metric}' is not a metric.")
    return stored


def _metrics(case: CaseDigest) -> Iterator[str]:
    yield from case.exact
    yield from (summary.metric for summary in case.summaries)
