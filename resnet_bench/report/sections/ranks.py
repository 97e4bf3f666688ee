"""How training scales over ranks: efficiency against the step of one process, and what the ranks said to each other."""

import statistics
from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.best import Gain
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.group_scaling import GroupPoint, GroupScaling, of_ranks
from resnet_bench.config.case_labels import label
from resnet_bench.records import Case, Interval, Launch, Run, Scaling
from resnet_bench.report.document import Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import where
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import throughput_of
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

_COLUMNS = (
    Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True),
    Column(key="case", title="case", kind=ColumnKind.NAME, repeats=True),
    Column(key="scaling", title="scaling", kind=ColumnKind.TEXT, help="Whether the batch is each rank's, or of all."),
    Column(key="world_size", title="ranks", kind=ColumnKind.INTEGER),
    Column(key="nodes", title="nodes", kind=ColumnKind.INTEGER),
    Column(
        key="throughput_images_per_s",
        title="images/s in all",
        kind=ColumnKind.RATE,
        help="Images of all ranks by the time of the slowest.",
    ),
    Column(
        key="efficiency",
        title="efficiency",
        kind=ColumnKind.SHARE,
        low="efficiency_low",
        high="efficiency_high",
        help="T(N) / (N T(1)): images/s of N ranks over N times those of the step of one process, which reduces "
        f"nothing, with its {CONFIDENCE_TEXT} interval from three launches a side on.",
    ),
    Column(key="efficiency_low", title="efficiency, low", kind=ColumnKind.SHARE),
    Column(key="efficiency_high", title="efficiency, high", kind=ColumnKind.SHARE),
    Column(
        key="communication_share",
        title="communication",
        kind=ColumnKind.SHARE,
        help="How much shorter steps are that keep their gradients to themselves (no_sync), in turns with others.",
    ),
    Column(key="gradient_bytes", title="gradients", kind=ColumnKind.MEMORY, unit="MiB", help="That each step reduces."),
    Column(key="bucket_bytes", title="buckets", kind=ColumnKind.TEXT, help="Bytes of each."),
    Column(
        key="reduction_s",
        title="least reduction",
        kind=ColumnKind.LATENCY,
        unit="ms",
        help="Of those bytes, by the best rate of a reduction over these ranks that was measured.",
    ),
    Column(key="memory_by_rank", title="memory by rank", kind=ColumnKind.FIGURE, unit="MiB", help="Peak RSS of each."),
)


def ranks_section(context: Context) -> Section | None:
    """Return the figure and the table, None where no step was measured with several numbers of ranks."""
    found = of_ranks(context.results)
    if not found:
        return None
    several = len(context.runs) > 1
    known = [it for it in found if it.one is not None]
    return Section(
        id="ranks",
        title="Ranks that train together",
        figures=(_figure(known, context),) if known else (),
        lines=tuple(_finding(it, context) for it in found),
        tables=(_table(found, context, ("run",) if several else ()),),
    )


def _finding(scaling: GroupScaling, context: Context) -> str:
    most = scaling.points[-1]
    said = f"{_name(scaling, context)}: {counted(most.processes, 'rank')} give "
    said += f"{units.per_second(throughput_of(most.result))} images/s"
    efficiency = most.efficiency
    if efficiency is None:
        return f"{said}; one process was not measured, so there is no efficiency."
    between = efficiency.interval
    width = f" ({_between(efficiency.ratio, between)})" if between else ", too few launches for an interval"
    return f"{said}, an efficiency of {units.percent(efficiency.ratio, 0)}{width}."


def _between(efficiency: float, found: Interval) -> str:
    if units.is_vague(efficiency, found.low, found.high):
        return units.NO_ESTIMATE
    return f"{units.percent(found.low, 0)} to {units.percent(found.high, 0)}"


def _name(scaling: GroupScaling, context: Context) -> str:
    result = scaling.points[-1].result
    run = f" ({context.labels.runs[result.run]})" if len(context.runs) > 1 else ""
    named = f"{label(_alone(result.case))}{where(result.case, context.labels)}"
    return f"{result.case.scaling.value.capitalize()} scaling of {named}{run}"


def _alone(case: Case) -> Case:
    return msgspec.structs.replace(case, world_size=1, scaling=Scaling.WEAK, nodes=1)


def _figure(found: Sequence[GroupScaling], context: Context) -> Figure:
    numbers = tuple(sorted({point.processes for it in found for point in it.points}))
    ideal = Series(
        name="ideal",
        legend="ideal",
        role=Role.BOUND,
        hue=0,
        x=numbers,
        y=(100.0,) * len(numbers),
        hover=("100 %",) * len(numbers),
    )
    return Figure(
        id="efficiency",
        title="Efficiency against ranks",
        finding=_finding(min(found, key=_efficiency_of_most), context),
        how_to_read=(
            "Higher is better. Efficiency is T(N) / (N T(1)), of images a second; T(1) is the step of one process, "
            f"which reduces nothing. Bars are {CONFIDENCE_TEXT} intervals over launches, the dotted line is the ideal. "
            "In weak scaling each rank has the batch, in strong scaling all of them share it."
        ),
        x=FigureAxis(title="ranks", scale=Scale.LOG, ticks=tuple(map(float, numbers))),
        y=FigureAxis(title="efficiency (%)"),
        series=(*(_series(it, hue, context) for hue, it in enumerate(found)), ideal),
        table=_table(found, context, (), id_="efficiency-data"),
    )


def _efficiency_of_most(scaling: GroupScaling) -> float:
    found = scaling.points[-1].efficiency
    return found.ratio if found else 0.0


def _series(scaling: GroupScaling, hue: int, context: Context) -> Series:
    known = [(it, it.efficiency) for it in scaling.points]
    points = [(it, found) for it, found in known if found is not None]
    name = _name(scaling, context)
    return Series(
        name=name,
        legend=name,
        role=Role.MEASURED,
        hue=hue,
        x=tuple(it.processes for it, _ in points),
        y=tuple(100 * found.ratio for _, found in points),
        low=tuple(100 * found.interval.low if _shown(it, found) and found.interval else None for it, found in points),
        high=tuple(100 * found.interval.high if _shown(it, found) and found.interval else None for it, found in points),
        hover=tuple(f"{counted(it.processes, 'rank')}: {units.percent(found.ratio)}" for it, found in points),
        rows=tuple(it.result.position for it, _ in points),
    )


def _shown(point: GroupPoint, found: Gain) -> bool:
    """Say whether an interval says something: of one over itself it does not."""
    return point.processes > 1 and found.interval is not None


def _table(found: Sequence[GroupScaling], context: Context, named: tuple[str, ...], *, id_: str = "ranks") -> Table:
    launches = [{it.case: it.launches for it in run.measurements} for run in context.runs]
    rows = [
        (point, _row(it, point, launches[point.result.run][point.result.case], context))
        for it in found
        for point in it.points
    ]
    return Table(
        id=id_,
        caption="Ranks that train together",
        columns=_COLUMNS,
        rows=tuple(row for _, row in rows),
        shown=(
            *(*named, "case", "scaling", "world_size"),
            *(("nodes",) if len({point.result.case.nodes for point, _ in rows}) > 1 else ()),
            *("throughput_images_per_s", "efficiency", "communication_share"),
            *("gradient_bytes", "reduction_s", "memory_by_rank"),
        ),
        positions=tuple(point.result.position for point, _ in rows),
    )


def _row(scaling: GroupScaling, point: GroupPoint, launches: Sequence[Launch], context: Context) -> Row:
    efficiency = point.efficiency if point.processes > 1 else None
    told = [it.communication for it in launches if it.communication is not None]
    last = told[-1] if told else None
    reductions = [least for it in told if (least := it.reduction_s(point.processes)) is not None]
    return (
        context.labels.runs[point.result.run],
        f"{label(_alone(point.result.case))}{where(point.result.case, context.labels)}",
        scaling.points[-1].result.case.scaling.value,
        point.processes,
        point.result.case.nodes,
        throughput_of(point.result),
        efficiency.ratio if efficiency else None,
        *((efficiency.interval.low, efficiency.interval.high) if efficiency and efficiency.interval else (None, None)),
        statistics.median(it.share for it in told) if told else None,
        last.gradient_bytes if last else None,
        ", ".join(units.byte_size(it) for it in last.bucket_bytes) or None if last else None,
        statistics.median(reductions) if reductions else None,
        _by_rank(launches),
    )


def _by_rank(launches: Sequence[Launch]) -> str | None:
    """Return the highest peak RSS of each rank in MiB, or of the one process."""
    peaks = [[it.memory.peak_rss_bytes for it in launch.ranks or (launch,)] for launch in launches]
    known = [[it for it in found if it is not None] for found in zip(*peaks, strict=True)]
    return ", ".join(units.mebibytes(max(it)) for it in known if it) or None


def of_ranks_words(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say how ranks are measured, where there are any."""
    launches = [
        launch for run in runs for measurement in run.measurements for launch in measurement.launches if launch.ranks
    ]
    if not launches:
        return ()
    backends = sorted({it.communication.backend for it in launches if it.communication})
    text = (
        "Several ranks are started by torchrun's agent and train one network by DistributedDataParallel, with torch's "
        f"own settings, over {listed(backends)}; weights and images differ by rank before the first step. A sample "
        "begins at a barrier and lasts as long as on the slowest rank. After the steps the weights of all ranks are "
        "compared, bit by bit. Then steps with and without the reduction of gradients take turns: what is shorter is "
        "the share of communication. Ranks are measured in bursts, without a reference and without energy."
    )
    return (text,)
