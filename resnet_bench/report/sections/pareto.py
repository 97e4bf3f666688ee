"""Accuracy against throughput: which models are worth their time."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.results import Result
from resnet_bench.records import Mode, Record
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import Curve, throughput_of
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed


class Point(Record, frozen=True, kw_only=True):
    """A curve at its best throughput; `dominated_by` names a point that is no worse in both and better in one."""

    curve: Curve
    best: Result
    accuracy: float
    dominated_by: str | None = None


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


def _points(curves: Sequence[Curve], labels: Labels) -> tuple[Point, ...]:
    modes = {curve.results[0].case.mode for curve in curves if curve.fastest}
    # A training step is no forward pass: where both were measured, accuracy is a question of inference.
    mode = Mode.INFERENCE if Mode.INFERENCE in modes else Mode.TRAINING
    # All points share the mode, so their names need not say it.
    named = msgspec.structs.replace(labels, case_axes=tuple(axis for axis in labels.case_axes if axis != "mode"))
    found = [
        Point(
            curve=msgspec.structs.replace(curve, name=named.series(best.case, run=curve.run)),
            best=best,
            accuracy=best.accuracy,
        )
        for curve in curves
        if (best := curve.fastest) is not None and best.accuracy is not None and best.case.mode is mode
    ]
    return tuple(
        Point(curve=it.curve, best=it.best, accuracy=it.accuracy, dominated_by=_dominator(it, found)) for it in found
    )


def _dominator(point: Point, points: Sequence[Point]) -> str | None:
    speed = throughput_of(point.best)
    better = [
        other
        for other in points
        if other.curve.run == point.curve.run
        and throughput_of(other.best) >= speed
        and other.accuracy >= point.accuracy
        and (throughput_of(other.best) > speed or other.accuracy > point.accuracy)
    ]
    return max(better, key=lambda other: throughput_of(other.best)).curve.name if better else None


def _figure(points: Sequence[Point], labels: Labels) -> Figure:
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
            f"{CONFIDENCE_TEXT} intervals of the throughput. The stepped line is the Pareto frontier: no model below "
            "or left of it is worth choosing for speed and accuracy alone. Dominated models are hollow and dimmed. "
            "Accuracy is published (ImageNet top-1), not measured here."
        ),
        x=FigureAxis(title="throughput (images/s)", scale=Scale.LOG),
        y=FigureAxis(title="ImageNet top-1 accuracy (%)"),
        series=(*(it for it in series if it is not None), *(_dot(point) for point in points)),
        table=_table(points),
    )


def _frontier(points: Sequence[Point], run: int, name: str) -> Series | None:
    chosen = sorted(
        (it for it in points if it.curve.run == run and it.dominated_by is None),
        key=lambda it: throughput_of(it.best),
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


def _dot(point: Point) -> Series:
    summary = point.best.throughput
    interval = summary.interval if summary else None
    state = "on the frontier" if point.dominated_by is None else f"dominated by {point.dominated_by}"
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


def _finding(points: Sequence[Point]) -> str:
    front = sorted((it for it in points if it.dominated_by is None), key=lambda it: -throughput_of(it.best))
    beaten = [it for it in points if it.dominated_by is not None]
    names = listed([it.curve.name for it in front])
    if len({it.curve.run for it in points}) > 1:
        fastest = front[0].curve.name
        return f"Run by run, {len(front)} of {len(points)} points are on their frontier; the fastest is {fastest}."
    if len(points) == 1:
        return f"{names} is the only model with a published accuracy."
    if not beaten:
        return (
            f"{'Both' if len(points) == 2 else f'All {len(points)}'} are on the frontier: "  # noqa: PLR2004 - a pair
            "each one that is more accurate is slower, from "
            f"{front[0].curve.name} ({units.per_second(throughput_of(front[0].best))} images/s, "
            f"{units.percent(front[0].accuracy)}) to {front[-1].curve.name} "
            f"({units.per_second(throughput_of(front[-1].best))} images/s, {units.percent(front[-1].accuracy)})."
        )
    example = f"{beaten[0].curve.name} by {beaten[0].dominated_by}"
    return (
        f"{len(front)} of {len(points)} on the frontier: {names}. "
        f"{counted(len(beaten), 'is', 'are')} dominated{', for example' if len(beaten) > 1 else ':'} {example}."
    )


def _table(points: Sequence[Point]) -> Table:
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
            )
        )
    return Table(
        id="accuracy-data",
        caption="Each model at its fastest batch size",
        columns=columns,
        rows=tuple(rows),
        shown=("series", "batch_size", "throughput_images_per_s", "accuracy", "dominated_by"),
    )
