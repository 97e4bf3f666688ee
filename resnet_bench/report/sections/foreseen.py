"""What was predicted of cases before they were measured, beside what was measured then."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from resnet_bench import units
from resnet_bench.analysis.prediction.levels import measured_level_s
from resnet_bench.analysis.results import Result
from resnet_bench.records import Foreseen, Measurement
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.sections.context import Context
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="predicted_s", title="predicted", kind=ColumnKind.LATENCY, unit="ms", low="low_s", high="high_s"),
    Column(key="low_s", title="low", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="high_s", title="high", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="measured_s", title="measured", kind=ColumnKind.LATENCY, unit="ms"),
    Column(
        key="at_nominal_s",
        title="at that speed",
        kind=ColumnKind.LATENCY,
        unit="ms",
        help="Measured, and corrected for the speed of the machine meanwhile: at that for which it was predicted.",
    ),
    Column(key="error", title="off by", kind=ColumnKind.FIGURE, help="Predicted over measured, less 1."),
    Column(key="within", title="within", kind=ColumnKind.TEXT, help="Whether the interval holds what was measured."),
)


class _Pair(NamedTuple):
    """One case: its name, what was predicted, and what was measured, also at nominal speed where that was predicted."""

    name: str
    foreseen: Foreseen
    measured_s: float
    at_nominal_s: float | None
    position: int

    @property
    def compared_s(self) -> float:
        """What was measured, at the speed that was predicted."""
        return self.at_nominal_s or self.measured_s

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.foreseen.latency_s / self.compared_s

    @property
    def covered(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.foreseen.low_s <= self.compared_s <= self.foreseen.high_s


def foreseen_section(context: Context) -> Section | None:
    """Return predicted beside measured, None where nothing was predicted of what was measured."""
    foreseen = [{it.case: it for it in run.header.foreseen} for run in context.runs]
    measured = [{it.case: it for it in run.measurements} for run in context.runs]
    pairs = [
        _pair(it, foreseen[it.run][it.case], measured[it.run][it.case], context)
        for it in context.results
        if it.case in foreseen[it.run] and it.latency is not None
    ]
    if not pairs:
        return None
    table = _table(pairs)
    return Section(
        id="predicted",
        title="Predicted and measured",
        prominence=Prominence.SUPPORT,
        figures=(_figure(pairs, table),),
        tables=(table,),
    )


def _pair(result: Result, foreseen: Foreseen, measurement: Measurement, context: Context) -> _Pair:
    level_s = measured_level_s(measurement, foreseen.nominal) if foreseen.nominal else None
    name = f"{context.labels.series(result.case, run=result.run)} · b{result.case.batch_size}"
    assert result.latency is not None  # noqa: S101 - whoever asks looked
    return _Pair(name, foreseen, result.latency.median, level_s, result.position)


def _finding(pairs: Sequence[_Pair]) -> str:
    errors = [abs(pair.ratio - 1) for pair in pairs]
    covered = sum(pair.covered for pair in pairs)
    return (
        "Predicted from this machine's layers before they were measured: off by "
        f"{units.percent(statistics.median(errors))} in the median, {units.percent(max(errors))} at most; {covered} of "
        f"{counted(len(pairs), 'interval')} hold what was measured."
    )


def _figure(pairs: Sequence[_Pair], table: Table) -> Figure:
    measured = tuple(pair.compared_s * 1e3 for pair in pairs)
    predicted = tuple(pair.foreseen.latency_s * 1e3 for pair in pairs)
    ends = (min((*measured, *predicted)), max((*measured, *predicted)))
    points = Series(
        name="predicted",
        legend="predicted",
        role=Role.DOTS,
        hue=0,
        x=measured,
        y=predicted,
        low=tuple(pair.foreseen.low_s * 1e3 for pair in pairs),
        high=tuple(pair.foreseen.high_s * 1e3 for pair in pairs),
        hover=tuple(f"{pair.name}: {units.change(pair.ratio)}" for pair in pairs),
        rows=tuple(pair.position for pair in pairs),
    )
    equal = Series(name="both equal", legend="both equal", role=Role.LIMIT, hue=0, x=ends, y=ends)
    return Figure(
        id="predicted",
        title="Predicted against measured latency",
        finding=_finding(pairs),
        how_to_read=(
            "Each mark is a case, predicted from the layers that were known of this machine before the run began. On "
            "the line both agree; bars are 95 % intervals of the prediction. Both are at one "
            "speed of the machine, where its reference tells it."
        ),
        x=FigureAxis(title="measured latency (ms)", scale=Scale.LOG),
        y=FigureAxis(title="predicted latency (ms)", scale=Scale.LOG),
        series=(points, equal),
        table=table,
    )


def _table(pairs: Sequence[_Pair]) -> Table:
    rows = tuple(
        (
            pair.name,
            pair.foreseen.latency_s,
            pair.foreseen.low_s,
            pair.foreseen.high_s,
            pair.measured_s,
            pair.at_nominal_s,
            units.change(pair.ratio),
            "yes" if pair.covered else "no",
        )
        for pair in pairs
    )
    hidden = {"low_s", "high_s"} | (set() if any(pair.at_nominal_s for pair in pairs) else {"at_nominal_s"})
    shown = tuple(column.key for column in _COLUMNS if column.key not in hidden)
    return Table(
        id="predicted",
        caption="Predicted and measured",
        columns=_COLUMNS,
        rows=rows,
        shown=shown,
        positions=tuple(pair.position for pair in pairs),
    )
