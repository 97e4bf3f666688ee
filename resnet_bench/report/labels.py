"""What tells runs and cases of one report apart, and what is the same everywhere and said once.

An axis that is constant in each run and differs between them (device, precision, ...) belongs to the run: its
runs stand side by side. An axis that varies inside a run belongs to the case.
"""

from collections.abc import Sequence

from resnet_bench.records import Case, Environment, Record, Run
from resnet_bench.report.document import Value

AXES = ("mode", "image_size", "precision", "memory_format", "executor", "machine", "device", "threads")
_SHORT_REVISION = 7


class Labels(Record, frozen=True, kw_only=True):
    """`runs` are the runs' unique names, `run_axes` what they differ by, `case_axes` what varies inside a run."""

    runs: tuple[str, ...]
    run_axes: tuple[str, ...]
    case_axes: tuple[str, ...]
    constants: str

    def slot(self, case: Case) -> tuple[str, ...]:
        """Return what cases of different runs must share to stand in one row."""
        axes = ("model", "batch_size", *self.case_axes)
        return tuple(str(getattr(case, axis)) for axis in axes)

    def variant(self, case: Case, *, run: int | None = None) -> str:
        """Return what sets the case apart beside model and batch size: "bf16, training", empty for nothing."""
        words = [axis_words(axis, getattr(case, axis)) for axis in self.case_axes]
        if run is not None and len(self.runs) > 1:
            words.append(self.runs[run])
        return " · ".join(words)

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
    words = [axis_words(axis, getattr(first, axis)) for axis in constant if getattr(first, axis)] if first else []
    return Labels(
        runs=_names(runs, run_axes),
        run_axes=tuple(run_axes),
        case_axes=tuple(case_axes),
        constants=", ".join(words),
    )


def axis_words(axis: str, value: Value) -> str:
    """Return an axis' value as words that stand alone: 224 px, 2 threads, fp32."""
    match axis:
        case "image_size":
            return f"{value} px"
        case "threads":
            return "1 thread" if value == 1 else f"{value} threads"
        case "memory_format":
            return str(value).replace("_", " ")
        case _:
            return str(value)


def short_revision(run: Run) -> str:
    """Return the commit as people write it, with a + where the working tree was dirty; empty without a commit."""
    commit = run.header.commit
    return "" if commit is None else commit.revision[:_SHORT_REVISION] + ("+" if commit.dirty else "")


def device_names(environments: Sequence[Environment]) -> str:
    """Return the names of the devices that were measured on, as prose."""
    return " and ".join(dict.fromkeys(environment.identity.device_name for environment in environments))


def _distinct(run: Run, axis: str) -> frozenset[str]:
    return frozenset(str(getattr(case, axis)) for case in run.header.cases)


def _names(runs: Sequence[Run], run_axes: Sequence[str]) -> tuple[str, ...]:
    devices = [device_names(run.header.environments) for run in runs]
    revisions = [short_revision(run) for run in runs]
    by_device = len(set(devices)) > 1
    names = []
    for run, device, revision in zip(runs, devices, revisions, strict=True):
        words = [device] if by_device and device else []
        words += [
            axis_words(axis, getattr(run.header.cases[0], axis))
            for axis in run_axes
            if run.header.cases and not (by_device and axis in {"device", "threads"})
        ]
        words += [revision] if len(set(revisions)) > 1 and revision else []
        names.append(", ".join(words) or run.header.id)
    if len(set(names)) == len(names):
        return tuple(names)
    names = [
        f"{name} ({run.header.id})" if name != run.header.id else name for name, run in zip(names, runs, strict=True)
    ]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{number}: {name}" for number, name in enumerate(names, start=1))
