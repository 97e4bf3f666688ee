"""What a column of the long table is: a heading, where it stands, and how its value comes from a result."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resnet_bench.analysis.metric import ExactMetric, Metric, NoisyMetric, Place
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.results import Quantiles, Result
from resnet_bench.analysis.roofline import Headroom
from resnet_bench.records import Agreement, CorrectedSummary, Correction, Interval, Profile, Summary
from resnet_bench.report.labels import axis_cells
from resnet_bench.report.table import Column, ColumnKind, Value

_CORRECTED_RANK = 3


@dataclass(frozen=True, kw_only=True)
class Line:
    """One result with what the report says about it beside its own values."""

    result: Result
    run: str
    verdict: str | None
    notes: str


@dataclass(frozen=True, kw_only=True)
class ResultColumn:
    """A column, where it stands, and its value in base units."""

    column: Column
    place: Place
    value: Callable[[Line], Value]


def of_axis(column: Column) -> ResultColumn:
    """Return the column of an axis of the case; which axes stand in the tables is for the labels to say."""
    return ResultColumn(
        column=column, place=Place.DATA, value=lambda line: axis_cells(line.result.case, [column.key])[0]
    )


def of_result(column: Column, place: Place, value: Callable[[Result], Value]) -> ResultColumn:
    """Return a column that the result gives."""
    return ResultColumn(column=column, place=place, value=lambda line: value(line.result))


def of_profile(column: Column, place: Place, value: Callable[[Profile], Value]) -> ResultColumn:
    """Return a column that the static profile gives, None without one."""
    return of_result(column, place, lambda result: value(result.profile) if result.profile else None)


def of_headroom(column: Column, value: Callable[[Headroom], Value]) -> ResultColumn:
    """Return a column of JSON and CSV that the roofline gives, None without one."""
    return of_result(column, Place.DATA, lambda result: value(result.headroom) if result.headroom else None)


def of_agreement(column: Column, place: Place, value: Callable[[Agreement], Value]) -> ResultColumn:
    """Return a column that the comparison with eager float32 gives, None where there was none."""
    return of_result(column, place, lambda result: value(result.agreement) if result.agreement else None)


def of_latency(column: Column, place: Place, value: Callable[[Summary], Value]) -> ResultColumn:
    """Return a column that the summary of the latency gives, None where nothing was measured."""
    return of_result(column, place, lambda result: value(result.latency) if result.latency else None)


def of_quantiles(column: Column, value: Callable[[Quantiles], Value]) -> ResultColumn:
    """Return a column of JSON and CSV that the quantiles of the latency give."""
    return of_result(column, Place.DATA, lambda result: value(result.quantiles) if result.quantiles else None)


def metric_columns(metric: Metric) -> Iterator[ResultColumn]:
    """Yield a metric's column, and those of its interval's bounds where the report shows one."""
    shown = metric.column
    low, high = shown.bounds or (None, None)
    column = Column(
        key=metric.name,
        title=shown.title,
        kind=ColumnKind.METRIC,
        metric=metric.name,
        unit=shown.unit,
        help=shown.help,
        low=low,
        high=high,
        rank=shown.rank,
    )
    yield of_result(column, shown.place, lambda result: result.value(metric))
    for side, key in (("low", low), ("high", high)):
        if key is not None:
            bound = Column(
                key=key, title=f"{metric.label}, {side}", kind=ColumnKind.METRIC, metric=metric.name, unit=shown.unit
            )
            yield of_result(bound, Place.DATA, _bound(metric, side))


def corrected_columns(metric: NoisyMetric) -> Iterator[ResultColumn]:
    """Yield the columns of a metric at the reference's nominal speed, none for one that is not corrected."""
    form = metric.corrected
    if form is None:
        return
    low, high = form.bounds
    shown = Column(
        key=form.name,
        title=f"corrected {metric.label}",
        kind=ColumnKind.METRIC,
        metric=metric.name,
        unit=metric.column.unit,
        help=f"{metric.label.capitalize()} at the reference's nominal speed: the machine's drift is taken off.",
        low=low,
        high=high,
        rank=_CORRECTED_RANK,
    )
    yield _of_corrected(shown, Place.TABLE, metric, lambda found: found.median)
    for side, key in (("low", low), ("high", high)):
        title = f"{metric.label} corrected, {side}"
        bound = Column(key=key, title=title, kind=ColumnKind.METRIC, metric=metric.name, unit=metric.column.unit)
        yield _of_corrected(bound, Place.DATA, metric, _corrected_bound(side))


def _corrected_bound(side: str) -> Callable[[CorrectedSummary], Value]:
    def value(found: CorrectedSummary) -> Value:
        return getattr(found.interval, side) if found.interval else None

    return value


def _of_corrected(
    column: Column, place: Place, metric: NoisyMetric, value: Callable[[CorrectedSummary], Value]
) -> ResultColumn:
    def of(result: Result) -> Value:
        summary = result.summaries.get(metric.name)
        return value(summary.corrected) if summary and summary.corrected else None

    return of_result(column, place, of)


def of_correction(column: Column, value: Callable[[Correction], Value]) -> ResultColumn:
    """Return a column of JSON and CSV that says how latency was corrected."""
    return _of_corrected(column, Place.DATA, LATENCY, lambda found: value(found.correction))


def _bound(metric: Metric, side: str) -> Callable[[Result], Value]:
    def value(result: Result) -> Value:
        interval = _interval(metric, result)
        if interval is None:
            return None
        return interval.low if side == "low" else interval.high

    return value


def _interval(metric: Metric, result: Result) -> Interval | None:
    match metric:
        case NoisyMetric():
            summary = result.summaries.get(metric.name)
            return summary.interval if summary else None
        case ExactMetric():
            return None
    raise TypeError(f"{metric.name} is neither noisy nor exact")
