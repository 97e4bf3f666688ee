"""Accuracy against latency and against throughput: which models are worth their time."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.claims import Order, order
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metric import Direction, Metric
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.records import Mode, Record, Summary
from resnet_bench.report.claim_words import too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.against import THROUGHPUT_AT_BEST, Against, latency_at
from resnet_bench.report.sections.agreement_columns import agreement_of, borrows_accuracy
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import Curve
from resnet_bench.report.sections.varies import Shape, shapes, varies
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed

_MOST_NAMED = 10  # points; of more the names lie on one another
_MOST_TOLD = 3
_LIMIT = (
    " The question's limit is a line; dots are medians, so a limit of p95 or p99 may be missed by a model whose dot is "
    "on its good side."
)


class ParetoPoint(Record, frozen=True, kw_only=True):
    """A curve at one of its cases.

    `dominated_by` names a point that is as accurate and proven faster; `rivals` those that are as accurate and may be.
    """

    curve: Curve
    best: Result
    summary: Summary
    accuracy: float
    dominated_by: str | None = None
    rivals: tuple[str, ...] = ()


def pareto_section(context: Context) -> Section | None:
    """Return both figures, None where fewer than two published accuracies stand against one another."""
    if Shape.ACCURACY not in shapes(varies(context.curves)):
        return None
    size = min((it.case.batch_size for curve in context.curves for it in curve.measured), default=1)
    figures = []
    for against in (latency_at(size), THROUGHPUT_AT_BEST):
        points = _points(context.curves, context.labels, against)
        if len({it.accuracy for it in points}) > 1:
            figures.append(_figure(points, context.labels, against))
    if not figures:
        return None
    return Section(id="accuracy", title="Accuracy", prominence=Prominence.PAGE, figures=tuple(figures))


def _points(curves: Sequence[Curve], labels: Labels, against: Against) -> tuple[ParetoPoint, ...]:
    modes = {curve.results[0].case.mode for curve in curves if curve.fastest}
    # A training step is no forward pass: where both were measured, accuracy is a question of inference.
    mode = Mode.INFERENCE if Mode.INFERENCE in modes else Mode.TRAINING
    # All points share the mode, so their names need not say it.
    named = msgspec.structs.replace(labels, case_axes=tuple(axis for axis in labels.case_axes if axis != "mode"))
    found = [
        ParetoPoint(
            curve=msgspec.structs.replace(curve, name=named.series(best.case, run=curve.run)),
            best=best,
            summary=summary,
            accuracy=best.accuracy,
        )
        for curve in curves
        if (best := against.case(curve)) is not None
        and best.accuracy is not None
        and best.case.mode is mode
        and (summary := best.summaries.get(against.metric.name)) is not None
    ]
    return tuple(_placed(it, found, against) for it in found)


def _placed(point: ParetoPoint, points: Sequence[ParetoPoint], against: Against) -> ParetoPoint:
    """Return the point with what speaks against it: only the intervals of ratios decide."""
    above = [
        it for it in points if it.curve.run == point.curve.run and it is not point and it.accuracy >= point.accuracy
    ]
    orders = [order(it.summary, point.summary, against.metric.direction, family=len(above)) for it in above]
    better = [it for it, found in zip(above, orders, strict=True) if found is Order.AHEAD]
    if better:
        best = max(better, key=_median) if against.metric.direction is Direction.HIGHER else min(better, key=_median)
        return msgspec.structs.replace(point, dominated_by=best.curve.name)
    rivals = [it.curve.name for it, found in zip(above, orders, strict=True) if found is not Order.BEHIND]
    return msgspec.structs.replace(point, rivals=tuple(rivals))


def _median(point: ParetoPoint) -> float:
    return point.summary.median


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
    front = (it for it in points if it.curve.run == run and not _below(it, points, against))
    # From the slowest on: a step is drawn down first, and then to the quicker side.
    chosen = sorted(front, key=_median, reverse=against.metric.direction is Direction.LOWER)
    if not chosen:
        return None
    return Series(
        name=name,
        legend=name,
        role=Role.FRONTIER,
        hue=run,
        dash=run,
        x=tuple(_median(it) * against.scale for it in chosen),
        y=tuple(it.accuracy * 100 for it in chosen),
    )


def _below(point: ParetoPoint, points: Sequence[ParetoPoint], against: Against) -> bool:
    """Return whether another point of the run measured no worse in both and better in one: the line is of medians."""
    place = (_median(point), point.accuracy)
    others = ((_median(it), it.accuracy) for it in points if it.curve.run == point.curve.run)
    return any(it != place and against.ahead(it[0], place[0]) and it[1] >= place[1] for it in others)


def _dot(point: ParetoPoint, against: Against, *, crowded: bool) -> Series:
    """Return a point; in a crowded figure what is dominated has no name beside it."""
    interval = point.summary.interval
    model = point.best.case.model
    state = f"dominated by {point.dominated_by}" if point.dominated_by else "on the frontier"
    if point.rivals:
        state = f"not separable from {listed(point.rivals)}"
    return Series(
        name=point.curve.name,
        legend=point.curve.name,
        role=Role.MEASURED if point.dominated_by is None else Role.DOMINATED,
        hue=point.curve.hue,
        dash=point.curve.dash,
        x=(_median(point) * against.scale,),
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
    quickest_first = -1 if against.metric.direction is Direction.HIGHER else 1
    front = sorted(
        (it for it in points if it.dominated_by is None and not it.rivals), key=lambda it: quickest_first * _median(it)
    )
    if len({it.curve.run for it in points}) > 1:
        return f"Run by run, {len(front)} of {len(points)} points are on their frontier.{_not_separable(points)}"
    launches = min(it.summary.launches for it in points)
    if launches < MIN_LAUNCHES:
        measured = [it for it in points if not _below(it, points, against)]
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
    return ", and for fp32: what another precision or a runtime loses of it is its agreement, which stands in the table"


def _borrowed(points: Sequence[ParetoPoint]) -> str:
    """Say of the points that nothing dominates what their accuracy is worth, "" where it is their own."""
    front = [it for it in points if it.dominated_by is None and borrows_accuracy(it.best)]
    told = [f"{it.curve.name} {agreement_of(it.best)}" for it in front[:_MOST_TOLD]]
    more = f"; and of {len(front) - _MOST_TOLD} more in the table" if len(front) > _MOST_TOLD else ""
    said = f" That takes accuracy as it is published for fp32; agreement of these cases: {'; '.join(told)}{more}."
    return said if told else ""


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
                _median(point),
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
