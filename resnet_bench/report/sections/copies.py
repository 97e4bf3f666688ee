"""How many copies on one device give the most: images/s of all together, the latency of each, and memory in all."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.group_scaling import GroupPoint, GroupScaling, latencies_of_copies_s, of_copies
from resnet_bench.config.case_labels import label
from resnet_bench.records import Case, Measurement, Run
from resnet_bench.report.claim_words import superlative
from resnet_bench.report.document import Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import where
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import throughput_of
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True),
    Column(key="case", title="case", kind=ColumnKind.NAME, repeats=True),
    Column(key="copies", title="copies", kind=ColumnKind.INTEGER),
    Column(
        key="throughput_images_per_s",
        title="images/s in all",
        kind=ColumnKind.RATE,
        low="throughput_low_images_per_s",
        high="throughput_high_images_per_s",
        help=f"Of all copies together, with its {CONFIDENCE_TEXT} interval.",
    ),
    Column(key="throughput_low_images_per_s", title="images/s, low", kind=ColumnKind.RATE),
    Column(key="throughput_high_images_per_s", title="images/s, high", kind=ColumnKind.RATE),
    Column(
        key="gain",
        title="x of one",
        kind=ColumnKind.RATIO,
        low="gain_low",
        high="gain_high",
        help=f"Images/s over those of one copy, with its {CONFIDENCE_TEXT} interval from three launches a side on.",
    ),
    Column(key="gain_low", title="x of one, low", kind=ColumnKind.RATIO),
    Column(key="gain_high", title="x of one, high", kind=ColumnKind.RATIO),
    Column(key="latency_s", title="slowest latency", kind=ColumnKind.LATENCY, unit="ms", help="Of the slowest copy."),
    Column(key="slowest_copy", title="slowest copy", kind=ColumnKind.INTEGER, help="Which copy that is, from 1."),
    Column(
        key="latencies",
        title="latency of each",
        kind=ColumnKind.FIGURE,
        unit="ms",
        help="Median over launches of each copy's median, in their order.",
    ),
    Column(
        key="peak_bytes",
        title="memory in all",
        kind=ColumnKind.MEMORY,
        unit="MiB",
        help="Peak of each copy, added up; of RSS the libraries' pages count in each.",
    ),
)


def copies_section(context: Context) -> Section | None:
    """Return the figure and the table, None where no case was measured with several numbers of copies."""
    found = of_copies(context.results)
    if not found:
        return None
    several = len(context.runs) > 1
    return Section(
        id="copies",
        title="Copies on one device",
        figures=(_figure(found, context),),
        lines=tuple(_finding(it, context) for it in found),
        tables=(_table(found, context, ("run",) if several else ()),),
    )


def _finding(scaling: GroupScaling, context: Context) -> str:
    best = scaling.points[scaling.best.first]
    numbers = [str(it.processes) for it in scaling.points]
    figure = f"{units.per_second(throughput_of(best.result))} images/s in all"
    said = superlative(numbers, scaling.best, quality="the best number", figure=figure)
    gained = f"; that is {units.factor(best.gain.ratio)} of one" if best.gain and best.processes > 1 else ""
    return f"Copies of {_name(best, context)}: {said}{gained}."


def _name(point: GroupPoint, context: Context) -> str:
    run = f" ({context.labels.runs[point.result.run]})" if len(context.runs) > 1 else ""
    return f"{label(_alone(point.result.case))}{where(point.result.case, context.labels)}{run}"


def _alone(case: Case) -> Case:
    return msgspec.structs.replace(case, copies=1)


def _figure(found: Sequence[GroupScaling], context: Context) -> Figure:
    numbers = sorted({point.processes for it in found for point in it.points})
    series = [part for hue, it in enumerate(found) for part in _series(it, hue, context)]
    return Figure(
        id="copies_throughput",
        title="Images/s against copies",
        finding=_finding(max(found, key=_gained), context),
        how_to_read=(
            "Higher is better; both axes are logarithmic. A point is the throughput of all copies at once, its bar the "
            f"{CONFIDENCE_TEXT} interval over launches. The dotted line is as many times the throughput of one."
        ),
        x=FigureAxis(title="copies", scale=Scale.LOG, ticks=tuple(map(float, numbers))),
        y=FigureAxis(title="images/s in all", scale=Scale.LOG),
        series=tuple(series),
        table=_table(found, context, (), id_="copies_throughput-data"),
    )


def _gained(scaling: GroupScaling) -> float:
    best = scaling.points[scaling.best.first]
    return best.gain.ratio if best.gain else 0.0


def _series(scaling: GroupScaling, hue: int, context: Context) -> list[Series]:
    name, points = _name(scaling.points[0], context), scaling.points
    numbers = tuple(it.processes for it in points)
    intervals = [it.result.throughput.interval if it.result.throughput else None for it in points]
    parts = [
        Series(
            name=name,
            legend=name,
            role=Role.MEASURED,
            hue=hue,
            x=numbers,
            y=tuple(throughput_of(it.result) for it in points),
            low=tuple(it.low if it else None for it in intervals),
            high=tuple(it.high if it else None for it in intervals),
            hover=tuple(
                f"{counted(it.processes, 'copy', 'copies')}: {units.per_second(throughput_of(it.result))} images/s"
                for it in points
            ),
            rows=tuple(it.result.position for it in points),
        )
    ]
    if scaling.one is not None:
        ideal = tuple(number * throughput_of(scaling.one) for number in numbers)
        hover = tuple(
            f"{number} times one: {units.per_second(it)} images/s" for number, it in zip(numbers, ideal, strict=True)
        )
        parts.append(
            Series(name=f"{name}: ideal", legend=name, role=Role.BOUND, hue=hue, x=numbers, y=ideal, hover=hover)
        )
    return parts


def _table(found: Sequence[GroupScaling], context: Context, named: tuple[str, ...], *, id_: str = "copies") -> Table:
    measured = [{it.case: it for it in run.measurements} for run in context.runs]
    rows = [(point, _row(point, measured[point.result.run], context)) for it in found for point in it.points]
    return Table(
        id=id_,
        caption="Copies on one device",
        columns=_COLUMNS,
        rows=tuple(row for _, row in rows),
        shown=(*named, "case", "copies", "throughput_images_per_s", "gain", "latencies", "slowest_copy", "peak_bytes"),
        positions=tuple(point.result.position for point, _ in rows),
    )


def _row(point: GroupPoint, measured: dict[Case, Measurement], context: Context) -> Row:
    result = point.result
    interval = result.throughput.interval if result.throughput else None
    gained = point.gain if point.processes > 1 else None
    each = latencies_of_copies_s(measured[result.case])
    slowest = max(range(len(each)), key=lambda place: each[place], default=None)
    return (
        context.labels.runs[result.run],
        f"{label(_alone(result.case))}{where(result.case, context.labels)}",
        point.processes,
        throughput_of(result),
        *((interval.low, interval.high) if interval else (None, None)),
        gained.ratio if gained else None,
        *((gained.interval.low, gained.interval.high) if gained and gained.interval else (None, None)),
        result.latency.median if result.latency else None,
        None if slowest is None or point.processes == 1 else slowest + 1,
        ", ".join(units.milliseconds(it) for it in each) or None,
        result.peak_bytes,
    )


def of_copies_words(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say how copies are measured, where there are any."""
    launches = [
        launch for run in runs for measurement in run.measurements for launch in measurement.launches if launch.copies
    ]
    if not launches:
        return ()
    outside = sum(it.outside for launch in launches for it in launch.copies)
    bound = any(it.cores for launch in launches for it in launch.copies)
    where = "each bound to cores of its own" if bound else "which share the device"
    text = (
        f"Several copies are as many processes at once, {where}. They are loaded, then begin warm-up together; each "
        "takes its samples only while all are at work, and goes on working until all have theirs. Samples outside the "
        f"time when all ran are dropped: {outside:,} in {counted(len(launches), 'launch', 'launches')}. The latency is "
        "the slowest copy's; images/s are the sum of the copies' medians, and memory is the sum of their peaks. No "
        "reference is timed beside them: the others would slow it down too, and the correction would take that off."
    )
    return (text,)
