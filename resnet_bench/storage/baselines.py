"""Named baselines: one reviewable JSON file each in `reports/baselines`, made to be committed.

A baseline holds summaries, not samples: enough to compare with, small enough to read in a review.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from resnet_bench.analysis.digest import check_widths, digest, pool
from resnet_bench.analysis.metrics import METRICS
from resnet_bench.errors import StoreError, UsageError, nearest
from resnet_bench.records import CaseDigest, Digest
from resnet_bench.storage import files
from resnet_bench.storage.run_directory import HEADER_NAME, load

DEFAULT_DIRECTORY = Path("reports/baselines")
_MISFIT = "no baseline file, or damaged"
_KNOWN = frozenset(metric.name for metric in METRICS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def names(directory: Path = DEFAULT_DIRECTORY) -> tuple[str, ...]:
    """Return the names of the stored baselines, sorted."""
    return tuple(sorted(path.stem for path in directory.glob("*.json") if _NAME.fullmatch(path.stem)))


def save(baseline: Digest, directory: Path = DEFAULT_DIRECTORY) -> Path:
    """Write a baseline under its name, whole or not at all, and return its path.

    Raises:
        UsageError: the name is no file name.
        StoreError: the file cannot be written.
    """
    path = _path(baseline.name, directory)
    files.write(msgspec.structs.replace(baseline, warnings=()), path)
    return path


def read(name: str, directory: Path = DEFAULT_DIRECTORY) -> Digest:
    """Read the baseline called `name`.

    Raises:
        UsageError: the name is no file name.
        StoreError: there is no such baseline (the message lists those there are), it is damaged or of newer schema.
    """
    path = _path(name, directory)
    if not path.is_file():
        known = names(directory)
        have = f"Baselines there: {', '.join(known)}." if known else "There is none yet: resnet-bench baseline set."
        raise StoreError(f"no baseline '{name}' in {directory}.{nearest(name, known)} {have}")
    return msgspec.structs.replace(read_file(path), name=name)  # a copied file is a baseline of its own


def read_file(path: Path) -> Digest:
    """Read a baseline file.

    Raises:
        StoreError: it cannot be read, is damaged, or of newer schema.
    """
    stored = files.read(path, Digest, misfit=_MISFIT)
    for metric in (*(band.metric for band in stored.bands), *(name for it in stored.cases for name in _metrics(it))):
        if metric not in _KNOWN:
            raise StoreError(f"{path} is {_MISFIT}: '{metric}' is no metric.")
    check_widths((band.width for band in stored.bands), f"{path} is {_MISFIT}")
    return stored


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


def side(text: str, directory: Path = DEFAULT_DIRECTORY) -> Digest:
    """Read one side of a comparison: a run directory, a baseline file, or a baseline's name.

    Raises:
        StoreError: it is none of these, or cannot be read.
    """
    path = Path(text)
    if (path / HEADER_NAME).exists() or path.is_dir():
        return digest(load(path))
    if path.is_file():
        return read_file(path)
    if _NAME.fullmatch(text):
        return read(text, directory)
    raise StoreError(f"{text} is neither a run directory nor a baseline. Name a directory that holds {HEADER_NAME}.")


def _metrics(case: CaseDigest) -> Iterator[str]:
    yield from case.exact
    yield from (summary.metric for summary in case.summaries)


def _path(name: str, directory: Path) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' cannot name a baseline: use letters, digits, dot, hyphen and underscore.")
    return directory / f"{name}.json"
