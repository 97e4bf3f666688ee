"""Which figures say something of a run: a function of what varies in it, and nothing else.

No curve over one batch size, no frontier of one accuracy: configurations that are not points of a curve are dots with
their intervals, sorted, coloured by the axis that varies.
"""

from collections.abc import Sequence
from enum import StrEnum

from resnet_bench.records import Record
from resnet_bench.report.sections.curves import Curve

_MANY = 3  # configurations an accuracy: in a figure of accuracies they would lie on one another


class Shape(StrEnum):
    """A kind of figure."""

    ACCURACY = "accuracy against latency and throughput"
    DOTS = "a dot for each configuration"
    CURVES = "curves over batch size"


class Varies(Record, frozen=True, kw_only=True):
    """What differs between the measured cases: accuracies, batch sizes within a curve, and configurations."""

    accuracies: int
    batch_sizes: int
    configurations: int


def varies(curves: Sequence[Curve]) -> Varies:
    """Count what differs; a configuration is what a curve is of: a model with precision, executor, run..."""
    measured = [curve for curve in curves if curve.measured]
    return Varies(
        accuracies=len({it.accuracy for curve in measured for it in curve.measured if it.accuracy is not None}),
        batch_sizes=max((len({it.case.batch_size for it in curve.measured}) for curve in measured), default=0),
        configurations=len(measured),
    )


def shapes(of: Varies) -> tuple[Shape, ...]:
    """Return the figures that have something to say, the first of them the one to lead with.

    Where many configurations share an accuracy the question is which of them to take: dots lead.
    """
    found = [Shape.ACCURACY] if of.accuracies > 1 else []
    if of.configurations > 1 and (of.batch_sizes == 1 or of.accuracies < of.configurations):
        found.insert(0 if of.configurations > _MANY * of.accuracies else len(found), Shape.DOTS)
    found += [Shape.CURVES] if of.batch_sizes > 1 else []
    return tuple(found)
