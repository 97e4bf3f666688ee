"""What tells runs and cases of one report apart, and what is the same everywhere and said once.

An axis that is constant in each run and differs between them (device, precision, ...) belongs to the run: its
runs stand side by side. An axis that varies inside a run belongs to the case.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from resnet_bench.config import axes
from resnet_bench.config.axis import Value
from resnet_bench.records import Case, Environment, Mode, Record, Run
from resnet_bench.records.plan import ALWAYS_SAID
from resnet_bench.report.table import Column, ColumnKind, Row

MACHINE = "machine"
_NAMED = ("model", "batch_size")
_OF_CASE = [axis for axis in axes.AXES if axis.name not in _NAMED and not axis.of_machine]
_OF_MACHINE = [axis for axis in axes.AXES if axis.of_machine]
# What may set cases apart beside model and batch size, in the order in which it is said.
AXES = (*(axis.name for axis in _OF_CASE), MACHINE, *(axis.name for axis in _OF_MACHINE))
_SHORT_REVISION = 7
# What makers of devices write behind names.
_MARKS = re.compile(r"\((?:R|TM)\)")
# A directory that nobody named: `runner.run.new_run_id`.
_BY_THE_TIME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


class Labels(Record, frozen=True, kw_only=True):
    """`runs` are the runs' unique names, `run_axes` what they differ by, `case_axes` what varies inside a run."""

    runs: tuple[str, ...]
    run_axes: tuple[str, ...]
    case_axes: tuple[str, ...]
    constants: str

    def slot(self, case: Case) -> tuple[str, ...]:
        """Return what cases of different runs must share to stand in one row."""
        return tuple(str(getattr(case, axis)) for axis in (*_NAMED, *self.case_axes))

    def variant(self, case: Case, *, run: int | None = None) -> str:
        """Return what sets the case apart beside model and batch size: "bf16, training", empty for nothing."""
        words = [axis_words(axis, getattr(case, axis)) for axis in self.case_axes if axis not in pointless(case)]
        if run is not None and len(self.runs) > 1:
            words.append(self.runs[run])
        return " · ".join(filter(None, words))

    def series(self, case: Case, *, run: int) -> str:
        """Return the name of the series of batch sizes that a case belongs to."""
        variant = self.variant(case, run=run)
        return f"{case.model} · {variant}" if variant else case.model


def label(runs: Sequence[Run]) -> Labels:
    """Find the names of runs and the axes that matter."""
    values = {axis: [_distinct(run, axis) for run in runs] for axis in AXES}
    constant = [axis for axis in AXES if len(frozenset().union(*values[axis])) == 1]
    run_axes = [
        axis
        for axis in AXES
        if axis not in constant and len(runs) > 1 and all(len(found) <= 1 for found in values[axis])
    ]
    case_axes = [axis for axis in AXES if axis not in constant and axis not in run_axes]
    first = next((case for run in runs for case in run.header.cases), None)
    told = [it for it in constant if _says_something(first, it)] if first else []
    words = [axis_words(axis, getattr(first, axis)) for axis in told]
    return Labels(
        runs=_names(runs, run_axes),
        run_axes=tuple(run_axes),
        case_axes=tuple(case_axes),
        constants=", ".join(words),
    )


def _says_something(case: Case, axis: str) -> bool:
    """Say whether a value that all cases have is worth a word: of a later release's field the usual one is not."""
    is_usual = axis not in ALWAYS_SAID and axis not in case.later
    return bool(getattr(case, axis)) and not is_usual and not axes.goes_without_saying(axis)


def pointless(case: Case) -> frozenset[str]:
    """Return the axes of ranks that a case has no part in: one process shares no batch, and inference has no ranks."""
    if case.world_size > 1:
        return frozenset()
    return frozenset({"scaling", "nodes"} | ({"world_size"} if case.mode is Mode.INFERENCE else set()))


def axis_words(axis: str, value: Value) -> str:
    """Return the value of an axis (or of "machine") as words that stand alone: 224 px, 2 threads, fp32."""
    return str(value) if axis == MACHINE else axes.BY_NAME[axis].words(_plain(value))


def where(case: Case, labels: Labels) -> str:
    """Return " on NAME" where the cases of a run are of several machines."""
    return f" on {case.machine}" if MACHINE in labels.case_axes and case.machine else ""


def axis_columns(names: Iterable[str], *, facet: bool) -> tuple[Column, ...]:
    """Return a column for each axis of that name; with `facet` the page can filter by it."""
    return tuple(_column(name, facet=facet) for name in names)


def axis_cells(case: Case, names: Iterable[str]) -> Row:
    """Return the cells of those columns."""
    return tuple(_plain(getattr(case, name)) for name in names)


def _column(name: str, *, facet: bool) -> Column:
    if name == MACHINE:
        return Column(key=name, title=name, kind=ColumnKind.NAME, facet=facet)
    axis = axes.BY_NAME[name]
    if name == "model":
        return Column(key=name, title=axis.title, kind=ColumnKind.NAME, repeats=True)
    kind = ColumnKind.INTEGER if axis.reader.is_whole else ColumnKind.TEXT
    return Column(key=name, title=axis.title, kind=kind, unit=axis.unit, help=axis.explained, facet=facet)


def _plain(value: Value) -> Value:
    return value.value if isinstance(value, StrEnum) else value


def short_revision(run: Run) -> str:
    """Return the commit as people write it, with a + where the working tree was dirty; empty without a commit."""
    commit = run.header.commit
    return "" if commit is None else commit.revision[:_SHORT_REVISION] + ("+" if commit.dirty else "")


def device_names(environments: Sequence[Environment]) -> str:
    """Return the names of the devices that were measured on, as prose, without their makers' marks."""
    names = (" ".join(_MARKS.sub(" ", environment.identity.device_name).split()) for environment in environments)
    return " and ".join(dict.fromkeys(names))


def _distinct(run: Run, axis: str) -> frozenset[str]:
    return frozenset(str(getattr(case, axis)) for case in run.header.cases)


def _names(runs: Sequence[Run], run_axes: Sequence[str]) -> tuple[str, ...]:
    """Return what users call their runs; where nobody named one, what the runs differ by."""
    if any(_is_named(run) for run in runs):
        return _distinct_names([run.name for run in runs], runs)
    return _distinct_names(_differences(runs, run_axes), runs)


def _is_named(run: Run) -> bool:
    return bool(run.header.label) or bool(run.directory and not _BY_THE_TIME.fullmatch(run.directory))


def _differences(runs: Sequence[Run], run_axes: Sequence[str]) -> list[str]:
    devices = [device_names(run.header.environments) for run in runs]
    revisions = [short_revision(run) for run in runs]
    by_device = len(set(devices)) > 1
    names = []
    for run, device, revision in zip(runs, devices, revisions, strict=True):
        words = [device] if by_device and device else []
        words += [
            axis_words(axis, getattr(run.header.cases[0], axis))
            for axis in run_axes
            if run.header.cases and not (by_device and any(axis == it.name for it in _OF_MACHINE))
        ]
        words += [revision] if len(set(revisions)) > 1 and revision else []
        names.append(", ".join(filter(None, words)) or run.name)
    return names


def _distinct_names(names: Sequence[str], runs: Sequence[Run]) -> tuple[str, ...]:
    if len(set(names)) == len(names):
        return tuple(names)
    names = [
        f"{name} ({run.header.id})" if name != run.header.id else name for name, run in zip(names, runs, strict=True)
    ]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{number}: {name}" for number, name in enumerate(names, start=1))
