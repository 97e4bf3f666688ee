"""What the fastest configuration costs beside latency: agreement with eager float32, building, memory."""

import shlex
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.deployment_metrics import CONVERT, is_void
from resnet_bench.analysis.metrics import COMPILE
from resnet_bench.analysis.results import Result
from resnet_bench.config import axes
from resnet_bench.records import Case, Precision
from resnet_bench.report.sections.agreement_columns import agreement_of
from resnet_bench.report.table import Column, ColumnKind, Value

_MOST_COMMANDS = 3
COSTS = (
    Column(key="agreement", title="its agreement", kind=ColumnKind.TEXT, rank=4, help="With eager float32."),
    Column(key="build", title="built in", kind=ColumnKind.TEXT, rank=5, help="Compiled, or converted."),
    Column(key="peak_bytes", title="its peak memory", kind=ColumnKind.MEMORY, unit="MiB", rank=6),
    Column(key="command", title="to measure it again", kind=ColumnKind.TEXT),
)


def cost_cells(fastest: Result, calibration: str = "") -> tuple[Value, ...]:
    """Return the cells of `COSTS` for a configuration, int8 of which took its ranges from the folder `calibration`."""
    return (agreement_of(fastest), _built_in(fastest), fastest.peak_bytes, command(fastest.case, calibration))


def commands(fastest: Sequence[Result], calibrations: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each of a few configurations with the command that measures it again, where they cost anything.

    JSON and CSV have them all.
    """
    if not costs_shown(fastest) or len(fastest) > _MOST_COMMANDS:
        return ()
    both = zip(fastest, calibrations, strict=True)
    return tuple(f"what measured fastest of {it.case.model}, again: {command(it.case, folder)}" for it, folder in both)


def costs_shown(fastest: Sequence[Result]) -> tuple[str, ...]:
    """Return which of these columns say something; the command stands below."""
    cells = [cost_cells(it)[:2] for it in fastest]
    told = [column.key for column, values in zip(COSTS, zip(*cells, strict=True), strict=False) if any(values)]
    return (*told, "peak_bytes") if told else ()


def costs_words(fastest: Sequence[Result]) -> str:
    """Say which fastest configurations are not known to choose the same classes, "" where all are, or none differ."""
    unknown = [it for it in fastest if it.agreement is not None and not _is_proven(it)]
    if not unknown:
        return ""
    models = ", ".join(dict.fromkeys(it.case.model for it in unknown))
    return f"; that the fastest chooses the same classes is not known for {models}: measure it with --weights"


def command(case: Case, calibration: str = "") -> str:
    """Return the command that measures a case again."""
    words = ["resnet-bench", "run"]
    for axis in axes.AXES:
        value = getattr(case, axis.name)
        if axis.said or (value not in {"", 0} and value != axes.default(axis)):
            words += [axis.flag, str(value)]
    words += ["--calibration", calibration] if calibration and case.precision is Precision.INT8 else []
    return shlex.join(words)


def _built_in(result: Result) -> str | None:
    seconds = result.value(CONVERT) or result.value(COMPILE)
    return None if seconds is None else units.duration(seconds)


def _is_proven(result: Result) -> bool:
    near = result.agreement
    return bool(result.case.weights) and near is not None and not is_void(near)
