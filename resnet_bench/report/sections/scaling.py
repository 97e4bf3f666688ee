"""Throughput and latency against batch size."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.best import gain_over
from resnet_bench.analysis.claims import Order, order, standing
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metrics import LATENCY, THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.report.claim_words import superlative, too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import KNEE_SHARE, Curve, batch_axis, line, throughput_of, view_of
from resnet_bench.report.sections.searches import searches_table
from resnet_bench.report.sections.varies import Shape, shapes, varies
from resnet_bench.report.table import Table
from resnet_bench.words import counted, listed


def scaling_section(context: Context) -> Section | None:
    """Return both figures and what searches found, None where nothing was measured."""
    results, curves, runs, long = context.results, context.curves, context.runs, context.long
    drawn = [curve for curve in curves if curve.measured]
    if not drawn or Shape.CURVES not in shapes(varies(drawn)):
        return None
    searched = searches_table(runs, drawn)
    return Section(
        id="scaling",
        title="Batch size",
        prominence=Prominence.SUPPORT,
        figures=(_throughput(results, drawn, long), _latency(results, drawn, long)),
        tables=(searched,) if searched.rows else (),
    )


def _throughput(results: Sequence[Result], curves: Sequence[Curve], long: Table) -> Figure:
    series: list[Series] = []
    for curve in curves:
        points = curve.measured
        summaries = [point.throughput for point in points if point.throughput]
        hover = [f"{units.per_second(summary.median)} images/s" for summary in summaries]
        series.append(line(curve, points, summaries=summaries, hover=hover))
        if curve.knee is not None and curve.knee is not points[-1]:
            series.append(_knee(curve, curve.knee))
    return Figure(
        id="throughput",
        title="Throughput against batch size",
        finding=_throughput_finding(curves),
        how_to_read=(
            "Higher is better; both axes are logarithmic, so twice as fast is the same step everywhere. Bars are "
            f"{CONFIDENCE_TEXT} intervals over launches. A ring marks the knee: the smallest batch size with "
            f"{units.percent(KNEE_SHARE, 0)} of the series' best throughput. Larger batches cost latency and memory "
            "and give little back."
        ),
        x=batch_axis(results),
        y=FigureAxis(title="throughput (images/s)", scale=Scale.LOG),
        series=tuple(series),
        table=view_of(long, "throughput", "Throughput of each case", _keys("throughput")),
    )


def _latency(results: Sequence[Result], curves: Sequence[Curve], long: Table) -> Figure:
    series = []
    for curve in curves:
        summaries = [point.latency for point in curve.measured if point.latency]
        hover = [f"{units.milliseconds(it.median)} ms, p95 {units.milliseconds(it.p95)} ms" for it in summaries]
        series.append(line(curve, curve.measured, summaries=summaries, hover=hover, scale=1e3))
    return Figure(
        id="latency",
        title="Latency against batch size",
        finding=_latency_finding(curves),
        how_to_read=(
            "Lower is better; both axes are logarithmic. A flat part means that the device was not busy: a larger "
            f"batch there is free. Bars are {CONFIDENCE_TEXT} intervals over launches. Latency is the time of one "
            "isolated iteration, so it is a little more than batch size divided by throughput."
        ),
        x=batch_axis(results),
        y=FigureAxis(title="latency (ms)", scale=Scale.LOG),
        series=tuple(series),
        table=view_of(long, "latency", "Latency of each case", _keys("latency")),
    )


def _keys(metric: str) -> tuple[str, ...]:
    if metric == "throughput":
        return "throughput_images_per_s", "throughput_low_images_per_s", "throughput_high_images_per_s"
    return "latency_s", "latency_low_s", "latency_high_s", "latency_p90_s", "latency_p95_s", "latency_p99_s"


def _knee(curve: Curve, knee: Result) -> Series:
    return Series(
        name=f"{curve.name}: knee",
        legend=curve.name,
        role=Role.MARK,
        hue=curve.hue,
        x=(knee.case.batch_size,),
        y=(throughput_of(knee),),
        hover=(f"knee: batch size {knee.case.batch_size} gives {units.percent(KNEE_SHARE, 0)} of the best throughput",),
        rows=(knee.position,),
    )


def _throughput_finding(curves: Sequence[Curve]) -> str:
    tops = [(curve.name, top, top.throughput) for curve in curves if (top := curve.fastest) and top.throughput]
    if not tops:
        return ""
    found = standing([summary for _, _, summary in tops], THROUGHPUT.direction)
    fastest = tops[found.first][1]
    figure = f"{units.per_second(throughput_of(fastest))} images/s at batch size {fastest.case.batch_size}"
    text = superlative([name for name, _, _ in tops], found, quality="the fastest", figure=figure) + "."
    knees = [(curve, curve.knee) for curve in curves if curve.knee is not None]
    if not knees:
        gains = [gain_over(curve.measured[0], curve.measured[-1]).ratio for curve in curves if len(curve.measured) > 1]
        if gains:
            text += f" From the smallest to the largest batch throughput changes {_factors(gains)}."
        return text
    last = [curve for curve, knee in knees if knee is curve.measured[-1]]
    open_ended = [curve for curve in last if _still_gains(curve)]
    unsure = [curve.name for curve in last if curve not in open_ended]
    sizes = sorted(knee.case.batch_size for curve, knee in knees if knee is not curve.measured[-1])
    if sizes:
        between = f"batch size {sizes[0]}" if sizes[0] == sizes[-1] else f"batch sizes {sizes[0]} to {sizes[-1]}"
        verb = "saturates" if len(sizes) == 1 else "saturate"
        text += f" {counted(len(sizes), 'series', 'series')} of {len(knees)} {verb} at {between}"
        text += "." if not open_ended else "; "
    if open_ended:
        still = counted(len(open_ended), "series", "series") if sizes else listed([curve.name for curve in open_ended])
        verb = "gains" if len(open_ended) == 1 else "gain"
        text += f"{'' if sizes else ' '}{still} still {verb} at the largest batch measured."
    if unsure:
        verb = "gains" if len(unsure) == 1 else "gain"
        text += f" These launches cannot tell whether {listed(unsure)} still {verb} at the largest batch."
    return text


def _still_gains(curve: Curve) -> bool:
    """Return whether the largest batch is proven to bring more than the one before it."""
    before, last = (it.throughput for it in curve.measured[-2:])
    return before is not None and last is not None and order(last, before, THROUGHPUT.direction) is Order.AHEAD


def _factors(gains: Sequence[float]) -> str:
    low, high = min(gains), max(gains)
    if f"{low:.2f}" == f"{high:.2f}":
        return f"by a factor of {low:.2f}"
    return f"by factors of {low:.2f} to {high:.2f}"


def _latency_finding(curves: Sequence[Curve]) -> str:
    size = min(curve.measured[0].case.batch_size for curve in curves)
    at_size = [(curve.measured[0].latency, curve.name) for curve in curves if curve.measured[0].case.batch_size == size]
    ranked = sorted(((it, name) for it, name in at_size if it), key=lambda pair: pair[0].median)
    what = "One image takes" if size == 1 else f"A batch of {size} takes"
    (low, quickest), (high, slowest) = ranked[0], ranked[-1]
    if len(ranked) == 1:
        return f"{what} {units.duration(low.median)} on {quickest}."
    text = f"{what} from {units.duration(low.median)} ({quickest}) to {units.duration(high.median)} ({slowest})"
    ends = standing([low, high], LATENCY.direction)
    if ends.proven:
        return f"{text}."
    return f"{text}; {too_few(ends.launches) if ends.without_interval else 'these launches cannot tell the two apart'}."
