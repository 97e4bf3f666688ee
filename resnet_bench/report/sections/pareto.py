"""Accuracy against throughput: which models are worth their time."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.claims import Order, order
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.records import Mode, Record
from resnet_bench.report.claim_words import too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import Curve, throughput_of
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed


class ParetoPoint(Record, frozen=True, kw_only=True):
    """A curve at its best throughput.

    `dominated_by` names a point that is as accurate and proven faster; `rivals` those that are as accurate and may be.
    """

    curve: Curve
    best: Result
    accuracy: float
    dominated_by: str | None = None
    rivals: tuple[str, ...] = ()


def pareto_section(context: Context) -> Section | None:
    """Return the figure, None where no measured model has a published accuracy."""
    curves, labels = context.curves, context.labels
    points = _points(curves, labels)
    if not points:
        return None
    return Section(
        id="accuracy",
        title="Accuracy against throughput",
        prominence=Prominence.PAGE,
        figures=(_figure(points, labels),),
    )


def _points(curves: Sequence[Curve], labels: Labels) -> tuple[ParetoPoint, ...]:
    modes = {curve.results[0].case.mode for curve in curves if curve.fastest}
    # A training step is no forward pass: where both were measured, accuracy is a question of inference.
    mode = Mode.INFERENCE if Mode.INFERENCE in modes else Mode.TRAINING
    # All points share the mode, so their names need not say it.
    named = msgspec.structs.replace(labels, case_axes=tuple(axis for axis in labels.case_axes if axis != "mode"))
    found = [
        ParetoPoint(
            curve=msgspec.structs.replace(curve, name=named.series(best.case, run=curve.run)),
            best=best,
            accuracy=best.accuracy,
        )
        for curve in curves
        if (best := curve.fastest) is not None and best.accuracy is not None and best.case.mode is mode
    ]
    return tuple(_placed(it, found) for it in found)


def _placed(point: ParetoPoint, points: Sequence[ParetoPoint]) -> ParetoPoint:
    """Return the point with what speaks against it: only the intervals of throughput ratios decide."""
    above = [
        it for it in points if it.curve.run == point.curve.run and it is not point and it.accuracy >= point.accuracy
    ]
    orders = [_order(it, point, family=len(above)) for it in above]
    better = [it for it, found in zip(above, orders, strict=True) if found is Order.AHEAD]
    if better:
        return msgspec.structs.replace(point, dominated_by=max(better, key=_speed).curve.name)
    rivals = [it.curve.name for it, found in zip(above, orders, strict=True) if found is not Order.BEHIND]
    return msgspec.structs.replace(point, rivals=tuple(rivals))


def _order(one: ParetoPoint, other: ParetoPoint, *, family: int) -> Order:
    left, right = one.best.throughput, other.best.throughput
    return order(left, right, THROUGHPUT.direction, family=family) if left and right else Order.UNKNOWN


def _speed(point: ParetoPoint) -> float:
    return throughput_of(point.best)


def _figure(points: Sequence[ParetoPoint], labels: Labels) -> Figure:
    several = len(labels.runs) > 1
    series = [
        _frontier(points, run, f"Pareto frontier · {name}" if several else "Pareto frontier")
        for run, name in enumerate(labels.runs)
    ]
    return Figure(
        id="accuracy",
        title="Accuracy against throughput",
        unfiltered="sentence and the frontier are",
        finding=_finding(points),
        how_to_read=(
            "Up and to the right is better. Each point is a model at the batch size where it is fastest; bars are "
            f"{CONFIDENCE_TEXT} intervals of the throughput. The stepped line is the Pareto frontier of the medians: "
            "no model below or left of it is worth choosing for speed and accuracy alone. Models that others are "
            "proven to dominate are hollow and dimmed. Accuracy is published (ImageNet top-1), not measured here."
        ),
        x=FigureAxis(title="throughput (images/s)", scale=Scale.LOG),
        y=FigureAxis(title="ImageNet top-1 accuracy (%)"),
        series=(*(it for it in series if it is not None), *(_dot(point) for point in points)),
        table=_table(points),
    )


def _frontier(points: Sequence[ParetoPoint], run: int, name: str) -> Series | None:
    chosen = sorted(
        (it for it in points if it.curve.run == run and not _below(it, points)),
        key=_speed,
    )
    if not chosen:
        return None
    return Series(
        name=name,
        legend=name,
        role=Role.FRONTIER,
        hue=run,
        dash=run,
        x=tuple(throughput_of(it.best) for it in chosen),
        y=tuple(it.accuracy * 100 for it in chosen),
    )


def _below(point: ParetoPoint, points: Sequence[ParetoPoint]) -> bool:
    """Return whether another point of the run measured no worse in both and better in one: the line is of medians."""
    place = (_speed(point), point.accuracy)
    others = ((_speed(it), it.accuracy) for it in points if it.curve.run == point.curve.run)
    return any(it != place and it[0] >= place[0] and it[1] >= place[1] for it in others)


def _dot(point: ParetoPoint) -> Series:
    summary = point.best.throughput
    interval = summary.interval if summary else None
    state = f"dominated by {point.dominated_by}" if point.dominated_by else "on the frontier"
    if point.rivals:
        state = f"not separable from {listed(point.rivals)}"
    return Series(
        name=point.curve.name,
        legend=point.curve.name,
        role=Role.MEASURED if point.dominated_by is None else Role.DOMINATED,
        hue=point.curve.hue,
        dash=point.curve.dash,
        x=(throughput_of(point.best),),
        y=(point.accuracy * 100,),
        low=(interval.low if interval else None,),
        high=(interval.high if interval else None,),
        bounds_on_x=True,
        hover=(
            (
                f"{units.percent(point.accuracy)} top-1, {units.per_second(throughput_of(point.best))} images/s "
                f"at batch size {point.best.case.batch_size}; {state}"
            ),
        ),
        labels=(point.best.case.model,),
        rows=(point.best.position,),
    )


def _finding(points: Sequence[ParetoPoint]) -> str:
    front = sorted((it for it in points if it.dominated_by is None and not it.rivals), key=lambda it: -_speed(it))
    if len({it.curve.run for it in points}) > 1:
        return f"Run by run, {len(front)} of {len(points)} points are on their frontier.{_not_separable(points)}"
    if len(points) == 1:
        return f"{points[0].curve.name} is the only model with a published accuracy."
    launches = min(it.best.throughput.launches for it in points if it.best.throughput)
    if launches < MIN_LAUNCHES:
        measured = [it for it in points if not _below(it, points)]
        return (
            f"By medians alone, {len(measured)} of {len(points)} are on the frontier: "
            f"{listed([it.curve.name for it in measured])}. Nothing is proven: {too_few(launches)}."
        )
    if len(front) == len(points):
        return (
            f"{'Both' if len(points) == 2 else f'All {len(points)}'} are on the frontier: "  # noqa: PLR2004 - a pair
            "each one that is more accurate is slower, from "
            f"{front[0].curve.name} ({units.per_second(_speed(front[0]))} images/s, "
            f"{units.percent(front[0].accuracy)}) to {front[-1].curve.name} "
            f"({units.per_second(_speed(front[-1]))} images/s, {units.percent(front[-1].accuracy)})."
        )
    names = f": {listed([it.curve.name for it in front])}" if front else ""
    return f"{len(front)} of {len(points)} on the frontier{names}.{_dominated(points)}{_not_separable(points)}"


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


def _table(points: Sequence[ParetoPoint]) -> Table:
    columns = (
        Column(key="series", title="model", kind=ColumnKind.NAME),
        Column(key="batch_size", title="batch", kind=ColumnKind.INTEGER),
        Column(
            key="throughput_images_per_s",
            title="throughput",
            kind=ColumnKind.RATE,
            unit="images/s",
            low="throughput_low_images_per_s",
            high="throughput_high_images_per_s",
        ),
        Column(key="throughput_low_images_per_s", title="low", kind=ColumnKind.RATE, unit="images/s"),
        Column(key="throughput_high_images_per_s", title="high", kind=ColumnKind.RATE, unit="images/s"),
        Column(key="accuracy", title="acc@1", kind=ColumnKind.SHARE),
        Column(key="dominated_by", title="dominated by", kind=ColumnKind.NAME),
        Column(key="not_separable_from", title="not separable from", kind=ColumnKind.NAME),
    )
    rows = []
    for point in points:
        interval = point.best.throughput.interval if point.best.throughput else None
        rows.append(
            (
                point.curve.name,
                point.best.case.batch_size,
                throughput_of(point.best),
                interval.low if interval else None,
                interval.high if interval else None,
                point.accuracy,
                point.dominated_by,
                ", ".join(point.rivals) or None,
            )
        )
    return Table(
        id="accuracy-data",
        caption="Each model at its fastest batch size",
        columns=columns,
        rows=tuple(rows),
        shown=(
            *("series", "batch_size", "throughput_images_per_s", "accuracy", "dominated_by"),
            *(("not_separable_from",) if any(point.rivals for point in points) else ()),
        ),
    )
