"""Which figures sides are compared by: corrected for drift where all have them by the same reference, else raw.

Corrected figures of runs are given each at the speed that was nominal there. Before they are compared they are moved to
one speed, the mean of those that the sides were measured at, so that the coefficients have the least to do; what is
left of their doubt is part of the comparison's error.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from resnet_bench.analysis.metric import CorrectedForm, Metric, NoisyMetric
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.records import Comparison, Correction, Figures, Summary


class SideFigures(NamedTuple):
    """Launch medians of one side in the metric's unit, and the doubt about their place: sd of the logarithm."""

    launch_medians: tuple[float, ...]
    doubt: float = 0.0

    @property
    def median(self) -> float:
        """The figure of the side."""
        return statistics.median(self.launch_medians)


class Sides(NamedTuple):
    """Both sides by the same kind of figures, and why they are raw where one of them could have been corrected."""

    kind: Figures
    baseline: SideFigures
    contender: SideFigures
    why_raw: str = ""

    @property
    def doubt(self) -> float:
        """Standard deviation of the logarithm of the ratio that comes from the coefficients."""
        return math.hypot(self.baseline.doubt, self.contender.doubt)


def chosen(
    metric: Metric, left: Summary, right: Summary, *, same_machine: bool, wanted: Figures = Figures.CORRECTED
) -> Sides:
    """Return by which figures two sides are compared.

    Args:
        metric: of both.
        left: the baseline.
        right: the contender.
        same_machine: whether machine and software are the same; corrected figures are no way to compare others.
        wanted: RAW where a user asked for that by name.
    """
    raw = Sides(Figures.RAW, SideFigures(left.launch_medians), SideFigures(right.launch_medians))
    form = metric.corrected if isinstance(metric, NoisyMetric) else None
    having = [it for it in (left, right) if it.corrected is not None]
    if form is None or wanted is Figures.RAW or not having:
        return raw
    if len(having) == 1:
        without = "baseline" if left.corrected is None else "contender"
        return raw._replace(why_raw=f"the {without} has no reference samples, or not the same beside all launches")
    if not same_machine:
        return raw._replace(why_raw="the sides differ in machine or software")
    found = aligned((left, right), form)
    if found is None:
        return raw._replace(why_raw="the sides have different references")
    baseline, contender = found
    return Sides(Figures.CORRECTED, baseline, contender)


def of_row(row: Comparison) -> Sides | None:
    """Return the sides of a row by the figures that it was judged by, None where a side has none."""
    left, right = row.baseline_summary, row.contender_summary
    if left is None or right is None:
        return None
    return chosen(find_metric(row.metric), left, right, same_machine=True, wanted=row.figures)


def aligned(summaries: Sequence[Summary], form: CorrectedForm) -> list[SideFigures] | None:
    """Return corrected launch medians of several sides at one speed, None where not all have the same reference."""
    found = [it.corrected for it in summaries if it.corrected is not None]
    if len(found) < len(summaries) or len({it.correction.reference for it in found}) != 1:
        return None
    speeds = [_speed(it.correction) for it in found]
    common = statistics.fmean(speeds)
    sides = []
    for it, speed in zip(found, speeds, strict=True):
        moved = math.exp(it.correction.coefficient * (common - math.log(it.correction.nominal_s)))
        factor = form.of_iteration(1, moved) / form.of_iteration(1, 1.0)
        doubt = it.correction.coefficient_deviation * abs(speed - common)
        sides.append(SideFigures(tuple(value * factor for value in it.launch_medians), doubt))
    return sides


def _speed(correction: Correction) -> float:
    """Return the logarithm of what a pass of the reference took while the launches were measured."""
    return math.log(correction.nominal_s) + correction.offset
