"""What may be said of several measured figures: a superlative only where the intervals of their ratios prove it.

Of two figures one is ahead where the interval of their ratio excludes 1. Of several, the first is first only where it
is ahead of each other one, and they share the error rate. Two launches give no interval, and prove nothing.
"""

from collections.abc import Sequence
from enum import StrEnum

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.analysis.verdicts.figures import Sides, chosen
from resnet_bench.analysis.verdicts.ratio import LogRatio, log_ratio
from resnet_bench.records import Figures, Interval, Record, Summary


class Order(StrEnum):
    """How one figure stands to another: better, worse, not separable, or with too few launches to tell."""

    AHEAD = "ahead"
    BEHIND = "behind"
    OPEN = "not separable"
    UNKNOWN = "unknown"


class Standing(Record, frozen=True, kw_only=True):
    """The figure that measured best of several, by place, and those that cannot be told from it.

    `half_width` is the widest relative half-width of a rival's ratio to it, None without rivals or where too few
    launches, `launches` of them, give no interval. `by_correction` says that another one measured better, and that
    figures corrected for drift prove the first to be ahead of it. The others are held against it by `figures`.
    """

    first: int
    rivals: tuple[int, ...]
    half_width: float | None
    launches: int
    by_correction: bool = False
    figures: Figures = Figures.RAW

    @property
    def proven(self) -> bool:
        """Whether the first may be called so."""
        return not self.rivals

    @property
    def without_interval(self) -> bool:
        """Whether launches are too few for any interval."""
        return self.launches < MIN_LAUNCHES


def order(one: Summary, other: Summary, direction: Direction, *, family: int = 1) -> Order:
    """Return how `one` stands to `other`, of so many such questions that share the error rate."""
    ratio = ratio_interval(one, other, family=family)
    if ratio is None:
        return Order.UNKNOWN
    if ratio.low <= 1 <= ratio.high:
        return Order.OPEN
    return Order.AHEAD if (ratio.low > 1) is (direction is Direction.HIGHER) else Order.BEHIND


def ratio_interval(one: Summary, other: Summary, *, family: int = 1) -> Interval | None:
    """Return the interval of one / other, None where one has too few launches, or one that measured 0."""
    found = ratio_of(one, other)
    return found.interval(1 - (1 - CONFIDENCE) / family) if found else None


def ratio_of(one: Summary, other: Summary) -> LogRatio | None:
    """Return one / other as it is judged: corrected for drift where both are, None where there is no interval."""
    if min(one.launches, other.launches) < MIN_LAUNCHES:
        return None
    sides = _sides(one, other)
    return log_ratio(sides.baseline.launch_medians, sides.contender.launch_medians, doubt=sides.doubt)


def figures_of(one: Summary, other: Summary) -> Figures:
    """Return by which figures their ratio is judged; raw ones where there is no interval."""
    return Figures.RAW if ratio_of(one, other) is None else _sides(one, other).kind


def _sides(one: Summary, other: Summary) -> Sides:
    return chosen(find_metric(one.metric), other, one, same_machine=_same_nominal(one, other))


def _same_nominal(one: Summary, other: Summary) -> bool:
    """Whether both are corrected to one nominal speed, which is kept for a machine and its software alone."""
    speeds = {it.corrected.correction.nominal_s if it.corrected else None for it in (one, other)}
    return len(speeds) == 1


def standing(figures: Sequence[Summary], direction: Direction) -> Standing:
    """Return which of the figures is best, and which others cannot be told from it."""
    family = max(1, len(figures) - 1)
    measured, first = _first(figures, direction, family)
    others = [place for place in range(len(figures)) if place != first]
    rivals = tuple(
        place for place in others if order(figures[first], figures[place], direction, family=family) is not Order.AHEAD
    )
    widths = [
        max(ratio.high, 1 / ratio.low) - 1
        for place in rivals
        if (ratio := ratio_interval(figures[first], figures[place], family=family))
    ]
    return Standing(
        first=first,
        rivals=rivals,
        half_width=max(widths, default=None),
        launches=min(figure.launches for figure in figures),
        by_correction=first != measured,
        figures=_kind(figures, first),
    )


def _kind(figures: Sequence[Summary], first: int) -> Figures:
    """Return by which figures one is held against the others: corrected where it is against all of them."""
    kinds = {figures_of(figures[first], it) for place, it in enumerate(figures) if place != first}
    return Figures.CORRECTED if kinds == {Figures.CORRECTED} else Figures.RAW


def _first(figures: Sequence[Summary], direction: Direction, family: int) -> tuple[int, int]:
    """Return which measured best, and what is proven ahead of that, or itself: drift may hide what is best."""
    best = max if direction is Direction.HIGHER else min
    places = range(len(figures))
    measured = first = best(places, key=lambda place: figures[place].median)
    for _ in places:
        ahead = [it for it in places if order(figures[it], figures[first], direction, family=family) is Order.AHEAD]
        if not ahead:
            break
        first = best(ahead, key=lambda place: figures[place].median)
    return measured, first
