"""How near each case comes to what the device can do: the roofline, and the ceilings that it is made of."""

from collections.abc import Iterator, Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.claims import Standing, standing
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.results import Result
from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.records import Ceilings, Precision, Run, Summary
from resnet_bench.report.claim_words import cannot_tell, too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import Curve, view_of
from resnet_bench.report.sections.results import case_words
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.specs.arithmetic import peak_flop_per_s

GIGA = 1e9
_MARGIN = 2.0
_CEILINGS = (
    Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True),
    Column(key="device", title="device", kind=ColumnKind.TEXT),
    Column(key="threads", title="threads", kind=ColumnKind.INTEGER),
    Column(key="precision", title="precision", kind=ColumnKind.TEXT),
    Column(key="matmul_flop_per_s", title="matrix product", kind=ColumnKind.FLOP_RATE, unit="FLOP/s"),
    Column(key="convolution_flop_per_s", title="convolution", kind=ColumnKind.FLOP_RATE, unit="FLOP/s"),
    Column(key="data_sheet_flop_per_s", title="data sheet", kind=ColumnKind.FLOP_RATE, unit="FLOP/s"),
    Column(key="memory_byte_per_s", title="copy in memory", kind=ColumnKind.FLOP_RATE, unit="B/s"),
    Column(key="cache_byte_per_s", title="copy in caches", kind=ColumnKind.FLOP_RATE, unit="B/s"),
    Column(key="data_sheet_byte_per_s", title="data sheet", kind=ColumnKind.FLOP_RATE, unit="B/s"),
    Column(key="launch_s", title="launch", kind=ColumnKind.MICROSECONDS, unit="us"),
    Column(key="measured_at", title="measured", kind=ColumnKind.TEXT),
    Column(key="disturbed", title="disturbed by", kind=ColumnKind.TEXT),
)


def roofline_section(context: Context) -> Section | None:
    """Return the figure and the table of ceilings, None where no run has ceilings."""
    runs, results, curves, labels, long = context.runs, context.results, context.curves, context.labels, context.long
    ceilings = [(index, each) for index, run in enumerate(runs) for each in run.header.ceilings]
    held = [result for result in results if result.headroom is not None and result.throughput is not None]
    if not ceilings or not held:
        return None
    disturbed = any(each.disturbances for _, each in ceilings)
    warning = (
        " Ceilings marked below were measured while something else used the machine, several times over: they may be "
        "too low, and headroom with them."
        if disturbed
        else ""
    )
    return Section(
        id="roofline",
        title="Roofline",
        prominence=Prominence.PAGE,
        paragraphs=(
            (
                "The ceilings are measured on this device, not taken from a data sheet: the best of matrix products "
                f"and convolutions, copies by size, and the launch of an operator with nothing to do.{warning}"
            ),
        ),
        figures=(_figure(held, curves, ceilings, labels=labels, long=long),),
        tables=(_ceilings_table(runs, ceilings, labels),),
    )


def _figure(
    held: Sequence[Result],
    curves: Sequence[Curve],
    ceilings: Sequence[tuple[int, Ceilings]],
    *,
    labels: Labels,
    long: Table,
) -> Figure:
    intensities = [it.headroom.intensity for it in held if it.headroom and it.headroom.intensity]
    used = {it.case.precision for it in held}
    roofs = [roof for index, each in ceilings for roof in _roofs(index, each, used, intensities, labels)]
    points = (_points(curve) for curve in curves)
    return Figure(
        id="roofline",
        title="Roofline of the cases",
        finding=_finding(held, labels),
        how_to_read=(
            "Both axes are logarithmic. A point's place to the right is how much is computed for each byte moved, "
            "its height how much per second. The lines are the ceilings: the slope is what copies reach (dotted: in "
            "caches), the flat part what products and convolutions reach, the ring where they meet, the ridge. Left "
            "of it memory limits, right of it compute; a point above says that a ceiling was measured too low. How "
            "far a point is below its line is what the device leaves on the table; lines follow rising batch sizes."
        ),
        x=FigureAxis(title="arithmetic intensity (FLOP/B)", scale=Scale.LOG),
        y=FigureAxis(title="achieved (GFLOP/s)", scale=Scale.LOG),
        series=(*roofs, *(series for series in points if series is not None)),
        table=view_of(
            long,
            "roofline",
            "Each case against its roofline",
            ("intensity", "achieved_flop_per_s", "share_of_peak", "latency_s", "roofline_s", "times_roofline"),
        ),
    )


def _points(curve: Curve) -> Series | None:
    points = [
        (result, result.headroom)
        for result in curve.measured
        if result.headroom is not None and result.headroom.intensity is not None
    ]
    if not points:
        return None
    return Series(
        name=curve.name,
        legend=curve.name,
        role=Role.MEASURED,
        hue=curve.hue,
        dash=curve.dash,
        x=tuple(bound.intensity for _, bound in points),
        y=tuple(bound.flops * _iterations_per_s(result) / GIGA for result, bound in points),
        hover=tuple(
            f"batch size {result.case.batch_size}: {units.percent(result.share_of_peak)} of peak, "
            f"{units.factor(result.times_roofline)} from the roofline"
            for result, _ in points
        ),
        rows=tuple(result.position for result, _ in points),
    )


def _iterations_per_s(result: Result) -> float:
    return result.throughput.median / result.case.batch_size if result.throughput else 0.0


def _roofs(
    run: int, ceilings: Ceilings, used: set[Precision], intensities: Sequence[float], labels: Labels
) -> Iterator[Series]:
    where = f", {labels.runs[run]}" if len(labels.runs) > 1 else ""
    cached = max(it.byte_per_s for it in ceilings.bandwidths)
    for precision in Precision:
        peak = peak_flop_per_s(ceilings, precision)
        if precision not in used or peak is None:
            continue
        ridge = peak / ceilings.memory_byte_per_s
        low = min(min(intensities) / _MARGIN, peak / cached / _MARGIN)
        high = max(max(intensities) * _MARGIN, ridge * _MARGIN)
        name = f"{precision} ceiling{where}"
        yield from roof(
            name,
            peak=peak,
            memory=ceilings.memory_byte_per_s,
            cached=cached,
            reach=(low, high),
        )


def roof(name: str, *, peak: float, memory: float, cached: float, reach: tuple[float, float]) -> Iterator[Series]:
    """Yield the lines of one precision: memory's slope and the flat part, the caches' slope, the ridge's ring."""
    ridge = peak / memory
    low, high = reach
    words = (
        f"{units.scaled(memory, 'B/s')} in memory",
        f"ridge at {units.significant(ridge, 3)} FLOP/B",
        f"{units.scaled(peak, 'FLOP/s')}",
    )
    yield Series(
        name=name,
        legend=name,
        role=Role.LIMIT,
        hue=6,
        x=(low, ridge, high),
        y=tuple(value / GIGA for value in (low * memory, peak, peak)),
        hover=words,
    )
    yield Series(
        name=f"{name}, caches",
        legend=f"{name}, caches",
        role=Role.BOUND,
        hue=6,
        x=(low, peak / cached),
        y=(low * cached / GIGA, peak / GIGA),
        hover=(f"{units.scaled(cached, 'B/s')} in caches",) * 2,
    )
    yield Series(
        name=f"{name}: ridge",
        legend=name,
        role=Role.MARK,
        hue=6,
        x=(ridge,),
        y=(peak / GIGA,),
        hover=(words[1],),
    )


def _finding(held: Sequence[Result], labels: Labels) -> str:
    known = [(it, times) for it in held if (times := _times(it)) is not None]
    if not known:
        return ""
    names = [case_words(it.case, labels, run=it.run) for it, _ in known]
    figures = [times for _, times in known]
    near, far = standing(figures, Direction.LOWER), standing(figures, Direction.HIGHER)
    nearest, factor = known[near.first][0], units.factor(figures[near.first].median)
    text = (
        f"{names[near.first]} comes nearest to its roofline: {factor} from it, at "
        f"{units.percent(nearest.share_of_peak, 0)} of the measured peak{_doubt(names, near)}."
    )
    if far.first != near.first:
        factor = units.factor(figures[far.first].median)
        text += f" {names[far.first]} is the farthest with {factor}{_doubt(names, far)}."
    return text


def _doubt(names: Sequence[str], found: Standing) -> str:
    if found.proven:
        return ""
    return f", by medians alone ({too_few(found.launches) if found.without_interval else cannot_tell(names, found)})"


def _times(result: Result) -> Summary | None:
    """Return how many times the roofline's least time each launch took, None where that is not known."""
    latency, bound = result.latency, result.headroom
    if latency is None or bound is None:
        return None
    median, *launches = (bound.times(value) for value in (latency.median, *latency.launch_medians))
    if median is None or None in launches:
        return None
    return msgspec.structs.replace(
        latency, median=median, launch_medians=tuple(it for it in launches if it is not None), corrected=None
    )


def _ceilings_table(runs: Sequence[Run], ceilings: Sequence[tuple[int, Ceilings]], labels: Labels) -> Table:
    rows = tuple(row for index, each in ceilings for row in _ceiling_rows(runs[index], each, labels.runs[index]))
    known = [column.key for at, column in enumerate(_CEILINGS) if any(row[at] not in {None, ""} for row in rows)]
    hidden = {"measured_at", *(() if len(labels.runs) > 1 else ("run",))}
    return Table(
        id="ceilings",
        caption="Measured ceilings",
        columns=_CEILINGS,
        rows=rows,
        shown=tuple(key for key in known if key not in hidden),
    )


def _ceiling_rows(run: Run, ceilings: Ceilings, name: str) -> Iterator[Row]:
    environment = next((it for it in run.header.environments if it.id == ceilings.environment), None)
    sheet = data_sheet(environment.identity) if environment is not None else None
    for rate in ceilings.rates:
        yield (
            name,
            ceilings.device,
            ceilings.threads or None,
            rate.precision.value,
            rate.matmul_flop_per_s,
            rate.convolution_flop_per_s,
            sheet.flop_per_s(rate.precision) if sheet else None,
            ceilings.memory_byte_per_s,
            max(it.byte_per_s for it in ceilings.bandwidths),
            sheet.memory_byte_per_s if sheet else None,
            ceilings.launch_s,
            ceilings.measured_at,
            "; ".join(ceilings.disturbances),
        )
