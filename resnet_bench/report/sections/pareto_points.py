"""The points of a frontier: each model's accuracy and speed, and which others speak against it.

An accuracy belongs to a precision. What is published is of fp32: a case that computes otherwise borrows it, and speaks
against others by no more than its agreement with fp32 leaves; where that is not known, against its own kind alone.
"""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.claims import Order, order
from resnet_bench.analysis.criteria import ACCURACY, Estimate
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.results import Result
from resnet_bench.records import Mode, Record, Summary
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.against import Against
from resnet_bench.report.sections.curves import Curve


class ParetoPoint(Record, frozen=True, kw_only=True):
    """A curve at one of its cases.

    `apart` says that its accuracy is borrowed where others of the run have their own, or another's. `dominated_by`
    names a point that is as accurate and proven faster; `rivals` those that are as accurate and may be.
    """

    curve: Curve
    best: Result
    summary: Summary
    known: Estimate
    apart: bool = False
    dominated_by: str | None = None
    rivals: tuple[str, ...] = ()

    @property
    def accuracy(self) -> float:
        """Where it is drawn: as published, whatever its precision."""
        return self.known.value

    @property
    def median(self) -> float:
        """Where it is drawn on the other axis."""
        return self.summary.median

    def as_accurate_as(self, other: "ParetoPoint") -> bool:
        """Return whether that is known."""
        return self.known.counts_beside(other.known) and self.known.least >= other.accuracy


def pareto_points(curves: Sequence[Curve], labels: Labels, against: Against) -> tuple[ParetoPoint, ...]:
    """Return a point for each curve that has both figures."""
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
            known=known,
        )
        for curve in curves
        if (best := against.case(curve)) is not None
        and (known := ACCURACY.estimate(best, None, {})) is not None
        and best.case.mode is mode
        and (summary := best.summaries.get(against.metric.name)) is not None
    ]
    found = _told_apart(found)
    return tuple(_placed(it, found, against) for it in found)


def _told_apart(points: Sequence[ParetoPoint]) -> list[ParetoPoint]:
    """Return the points, marked where they borrow their accuracy and not all of their run borrow alike."""
    kinds: dict[int, set[str]] = {}
    for it in points:
        kinds.setdefault(it.curve.run, set()).add(it.known.borrowed_by)
    return [
        msgspec.structs.replace(it, apart=bool(it.known.borrowed_by) and len(kinds[it.curve.run]) > 1) for it in points
    ]


def _placed(point: ParetoPoint, points: Sequence[ParetoPoint], against: Against) -> ParetoPoint:
    """Return the point with what speaks against it: only the intervals of ratios decide."""
    others = (it for it in points if it.curve.run == point.curve.run and it is not point)
    above = [it for it in others if it.as_accurate_as(point)]
    orders = [order(it.summary, point.summary, against.metric.direction, family=len(above)) for it in above]
    better = [it for it, found in zip(above, orders, strict=True) if found is Order.AHEAD]
    if better:
        best = max if against.metric.direction is Direction.HIGHER else min
        return msgspec.structs.replace(point, dominated_by=best(better, key=lambda it: it.median).curve.name)
    rivals = [it.curve.name for it, found in zip(above, orders, strict=True) if found is not Order.BEHIND]
    return msgspec.structs.replace(point, rivals=tuple(rivals))


def on_the_line(points: Sequence[ParetoPoint], against: Against) -> list[ParetoPoint]:
    """Return the frontier of the medians: no other point of the run measured no worse in both and better in one."""
    return [it for it in points if not it.apart and not any(_beats(other, it, against) for other in points)]


def _beats(other: ParetoPoint, point: ParetoPoint, against: Against) -> bool:
    if other.curve.run != point.curve.run or (other.median, other.accuracy) == (point.median, point.accuracy):
        return False
    alike = other.known.borrowed_by == point.known.borrowed_by
    as_accurate = other.accuracy >= point.accuracy if alike else other.as_accurate_as(point)
    return as_accurate and against.ahead(other.median, point.median)
