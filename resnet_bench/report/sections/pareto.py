"""Accuracy against latency and against throughput: which models are worth their time."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.criteria import borrows_accuracy
from resnet_bench.analysis.metric import Direction, Metric
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.report.claim_words import too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.against import THROUGHPUT_AT_BEST, Against, latency_at
from resnet_bench.report.sections.agreement_columns import agreement_of, told_agreement
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.pareto_points import ParetoPoint, on_the_line, pareto_points
from resnet_bench.report.sections.varies import Shape, shapes, varies
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed

_MOST_NAMED = 10  # points; of more the names lie on one another
_MOST_TOLD = 3
_LIMIT = (
    " The question's limit is a line; dots are medians, so a limit of p95 or p99 may be missed by a model whose dot is "
    "on its good side."
)


def pareto_section(context: Context) -> Section | None:
    """Return both figures, None where fewer than two published accuracies stand against one another."""
    if Shape.ACCURACY not in shapes(varies(context.curves)):
        return None
    size = min((it.case.batch_size for curve in context.curves for it in curve.measured), default=1)
    figures = []
    for against in (latency_at(size), THROUGHPUT_AT_BEST):
        points = pareto_points(context.curves, context.labels, against)
        if len({it.accuracy for it in points}) > 1:
            figures.append(_figure(points, context.labels, against))
    if not figures:
        return None
    return Section(id="accuracy", title="Accuracy", prominence=Prominence.PAGE, figures=tuple(figures))


def _figure(points: Sequence[ParetoPoint], labels: Labels, against: Against) -> Figure:
    several = len(labels.runs) > 1
    crowded = len(points) > _MOST_NAMED and not several
    series = [
        _frontier(points, run, f"Pareto frontier · {name}" if several else "Pareto frontier", against)
        for run, name in enumerate(labels.runs)
    ]
    return Figure(
        id=against.id,
        title=against.title,
        unfiltered="sentence and the frontier are",
        budget_unit=against.budget_unit,
        budget_batch=against.budget_batch,
        statistic=against.statistic,
        finding=f"{_finding(points, against)}{_borrowed(points)}",
        how_to_read=(
            f"{against.corner} is better. Each point is a model {against.where}; bars are {CONFIDENCE_TEXT} intervals "
            f"of the {against.metric.label}. The stepped line is the Pareto frontier of the medians: no model on its "
            "worse side is worth choosing for speed and accuracy alone. Models that others are proven to dominate are "
            f"hollow and dimmed. Accuracy is published (ImageNet top-1), not measured here{_of_fp32(points)}."
            f"{_LIMIT if against.budget_unit else ''}"
        ),
        x=FigureAxis(title=against.axis, scale=Scale.LOG),
        y=FigureAxis(title="ImageNet top-1 accuracy (%)"),
        series=(*(it for it in series if it is not None), *(_dot(point, against, crowded=crowded) for point in points)),
        table=_table(points, against),
    )


def _frontier(points: Sequence[ParetoPoint], run: int, name: str, against: Against) -> Series | None:
    front = (it for it in on_the_line(points, against) if it.curve.run == run)
    # From the slowest on: a step is drawn down first, and then to the quicker side.
    chosen = sorted(front, key=lambda it: it.median, reverse=against.metric.direction is Direction.LOWER)
    if not chosen:
        return None
    return Series(
        name=name,
        legend=name,
        role=Role.FRONTIER,
        hue=run,
        dash=run,
        x=tuple(it.median * against.scale for it in chosen),
        y=tuple(it.accuracy * 100 for it in chosen),
    )


def _dot(point: ParetoPoint, against: Against, *, crowded: bool) -> Series:
    """Return a point; in a crowded figure what is dominated has no name beside it."""
    interval = point.summary.interval
    model = point.best.case.model
    state = "accuracy published for fp32" if point.apart else "on the frontier"
    if point.dominated_by:
        state = f"dominated by {point.dominated_by}"
    if point.rivals:
        state = f"not separable from {listed(point.rivals)}"
    return Series(
        name=point.curve.name,
        legend=point.curve.name,
        role=Role.MEASURED if point.dominated_by is None else Role.DOMINATED,
        hue=point.curve.hue,
        dash=point.curve.dash,
        x=(point.median * against.scale,),
        y=(point.accuracy * 100,),
        low=(interval.low * against.scale if interval else None,),
        high=(interval.high * against.scale if interval else None,),
        bounds_on_x=True,
        hover=(
            (
                f"{units.percent(point.accuracy)} top-1, {against.say(point.summary)} at batch size "
                f"{point.best.case.batch_size}; {state}"
            ),
        ),
        labels=("" if crowded and point.dominated_by else model,),
        rows=(point.best.position,),
    )


def _finding(points: Sequence[ParetoPoint], against: Against) -> str:
    launches = min(it.summary.launches for it in points)
    # The less accurate is proven the quicker, whatever medians say.
    front = sorted(
        (it for it in points if it.dominated_by is None and not it.rivals and not it.apart), key=lambda it: it.accuracy
    )
    if len({it.curve.run for it in points}) > 1:
        few = f" Where {too_few(launches)}, nothing is proven." if launches < MIN_LAUNCHES else ""
        return f"Run by run, {len(front)} of {len(points)} points are on their frontier.{_not_separable(points)}{few}"
    if launches < MIN_LAUNCHES:
        measured = on_the_line(points, against)
        return (
            f"By medians alone, {len(measured)} of {len(points)} are on the frontier: "
            f"{listed([it.curve.name for it in measured])}. Nothing is proven: {too_few(launches)}."
        )
    if len(front) == len(points):
        return (
            f"{'Both' if len(points) == 2 else f'All {len(points)}'} are on the frontier: "  # noqa: PLR2004 - a pair
            "each one that is more accurate is slower, from "
            f"{front[0].curve.name} ({against.say(front[0].summary)}, {units.percent(front[0].accuracy)}) to "
            f"{front[-1].curve.name} ({against.say(front[-1].summary)}, {units.percent(front[-1].accuracy)})."
        )
    names = f": {listed([it.curve.name for it in front])}" if front else ""
    return f"{len(front)} of {len(points)} on the frontier{names}.{_dominated(points)}{_not_separable(points)}"


def _of_fp32(points: Sequence[ParetoPoint]) -> str:
    """Say for what accuracy is published, where a case computes something else, "" where all compute that."""
    if not any(borrows_accuracy(it.best) for it in points):
        return ""
    alone = "; where that is not known it dominates nothing and is not on the line" * any(it.apart for it in points)
    return (
        ", and for fp32: what another precision or a runtime loses of it is its agreement, which stands in the table"
        f"{alone}"
    )


def _borrowed(points: Sequence[ParetoPoint]) -> str:
    """Say of the points that nothing dominates what their accuracy is worth, "" where it is their own."""
    front = [it for it in points if it.dominated_by is None and borrows_accuracy(it.best)]
    told = [f"{it.curve.name} {told_agreement(it.best)}" for it in front[:_MOST_TOLD]]
    more = f"; and of {len(front) - _MOST_TOLD} more in the table" if len(front) > _MOST_TOLD else ""
    if not told:
        return ""
    agreement = f"agreement of these cases: {'; '.join(told)}{more}."
    if any(it.apart for it in front):
        return f" Accuracy is published for fp32, and what computes otherwise has no place on it; {agreement}"
    return f" That takes accuracy as it is published for fp32; {agreement}"


def _dominated(points: Sequence[ParetoPoint]) -> str:
    beaten = [it for it in points if it.dominated_by is not None]
    if not beaten:
        return ""
    example = f"{beaten[0].curve.name} by {beaten[0].dominated_by}"
    return f" {counted(len(beaten), 'is', 'are')} dominated{', for example' if len(beaten) > 1 else ':'} {example}."


def _not_separable(points: Sequence[ParetoPoint]) -> str:
    """Say which points these launches leave open."""
    unsure = [it for it in points if it.rivals]
    if not unsure:
        return ""
    example = f"{unsure[0].curve.name} from {listed(unsure[0].rivals)}"
    return f" {counted(len(unsure), 'is', 'are')} not separable from a more accurate one, such as {example}."


def _table(points: Sequence[ParetoPoint], against: Against) -> Table:
    metric = against.metric
    low, high = f"{metric.name}_low", f"{metric.name}_high"
    columns = (
        Column(key="series", title="model", kind=ColumnKind.NAME),
        Column(key="batch_size", title="batch", kind=ColumnKind.INTEGER),
        _column(metric, metric.name, metric.label, low=low, high=high),
        _column(metric, low, "low"),
        _column(metric, high, "high"),
        Column(key="accuracy", title="acc@1", kind=ColumnKind.SHARE),
        Column(key="dominated_by", title="dominated by", kind=ColumnKind.NAME),
        Column(key="not_separable_from", title="not separable from", kind=ColumnKind.NAME),
        Column(key="agreement", title="agreement", kind=ColumnKind.TEXT, help="With eager float32."),
    )
    rows = []
    for point in points:
        interval = point.summary.interval
        rows.append(
            (
                point.curve.name,
                point.best.case.batch_size,
                point.median,
                interval.low if interval else None,
                interval.high if interval else None,
                point.accuracy,
                point.dominated_by,
                ", ".join(point.rivals) or None,
                agreement_of(point.best),
            )
        )
    return Table(
        id=f"{against.id}-data",
        caption=f"Each model {against.where}",
        columns=columns,
        rows=tuple(rows),
        shown=(
            *("series", "batch_size", metric.name, "accuracy", "dominated_by"),
            *(("not_separable_from",) if any(point.rivals for point in points) else ()),
            *(("agreement",) if any(borrows_accuracy(point.best) for point in points) else ()),
        ),
    )


def _column(metric: Metric, key: str, title: str, *, low: str | None = None, high: str | None = None) -> Column:
    return Column(
        key=key, title=title, kind=ColumnKind.METRIC, metric=metric.name, unit=metric.unit, low=low, high=high
    )
