"""Which configuration of a model was the fastest, what it gains over the default, and which axis brings how much.

Everything here was measured: an axis that the sweep did not vary gives no advice. The default is fp32, contiguous and
eager at the smallest batch; an axis is judged from there, with all others as they are in the default.
"""

from collections.abc import Sequence
from enum import StrEnum

from resnet_bench.analysis.claims import Order, Standing, figures_of, order, ratio_of, standing
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.config import axes
from resnet_bench.records import Case, Figures, Interval, Record

AXES = tuple(axis.name for axis in axes.TUNABLE)
FIXED = (*(axis.name for axis in axes.AXES if not axis.tunable), "machine")


class Advice(StrEnum):
    """use: the gain's interval lies above 1. keep: it lies below. unclear: it holds 1, or there is none."""

    USE = "use"
    KEEP = "keep"
    UNCLEAR = "unclear"


_ADVICE = {
    Order.AHEAD: Advice.USE,
    Order.BEHIND: Advice.KEEP,
    Order.OPEN: Advice.UNCLEAR,
    Order.UNKNOWN: Advice.UNCLEAR,
}


class Gain(Record, frozen=True, kw_only=True):
    """Throughput of one configuration over another's, with its interval from three launches a side on.

    Both come from the figures that are judged, `figures`: corrected for drift where both sides are.
    """

    ratio: float
    interval: Interval | None
    figures: Figures = Figures.RAW


class Best(Record, frozen=True, kw_only=True):
    """The fastest configuration of a model, mode, image size and device of a run; default and gain where measured.

    `standing` says whether it may be called the fastest; `rivals` cannot be told from it.
    """

    fastest: Result
    rivals: tuple[Result, ...]
    standing: Standing
    configurations: int
    default: Result | None
    gain: Gain | None


class Step(Record, frozen=True, kw_only=True):
    """One axis moved from its default to its best other value, everything else as in the default.

    A value that the default's other axes do not have, as int8 has no eager, is moved to from where it exists:
    `within` are the axes in which `default` then differs from the group's default.
    """

    axis: str
    within: tuple[str, ...] = ()
    default: Result
    other: Result
    gain: Gain
    advice: Advice


def best(results: Sequence[Result]) -> tuple[Best, ...]:
    """Return the fastest configuration of each group that has several, in order of first appearance."""
    found = []
    for group in _groups(results):
        place = standing([it.throughput for it in group if it.throughput], THROUGHPUT.direction)
        fastest, rivals = group[place.first], tuple(group[rival] for rival in place.rivals)
        default = _default(group)
        gain = None if default is None or default is fastest else gain_over(default, fastest)
        found.append(
            Best(
                fastest=fastest,
                rivals=rivals,
                standing=place,
                configurations=len(group),
                default=default,
                gain=gain,
            )
        )
    return tuple(found)


def steps(results: Sequence[Result]) -> tuple[Step, ...]:
    """Return what each axis brings alone, the largest gain of a group first."""
    found: list[Step] = []
    for group in _groups(results):
        default = _default(group)
        if default is None:
            continue
        alone = [step for axis in AXES if (step := _step(group, default, axis)) is not None]
        alone += [step for axis in AXES for step in _elsewhere(group, default, axis)]
        found += sorted(alone, key=lambda step: -step.gain.ratio)
    return tuple(found)


def differing(case: Case, other: Case) -> tuple[str, ...]:
    """Return the axes in which two cases of a group differ."""
    return tuple(axis for axis in AXES if getattr(case, axis) != getattr(other, axis))


def _groups(results: Sequence[Result]) -> list[list[Result]]:
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if result.throughput is not None:
            key = (result.run, *(getattr(result.case, field) for field in FIXED))
            groups.setdefault(key, []).append(result)
    return [group for group in groups.values() if len(group) > 1]


def _default(group: Sequence[Result]) -> Result | None:
    plain = [result for result in group if _is_plain(result.case)]
    # Of several numbers of threads the first planned is the default.
    return min(plain, key=lambda result: result.case.batch_size, default=None)


def _is_plain(case: Case) -> bool:
    usual = {axis.name: axes.default(axis) for axis in axes.TUNABLE}
    return all(getattr(case, name) == value for name, value in usual.items() if value is not None)


def _step(group: Sequence[Result], default: Result, axis: str) -> Step | None:
    others = [result for result in group if differing(result.case, default.case) == (axis,)]
    if not others:
        return None
    found = standing([it.throughput for it in others if it.throughput], THROUGHPUT.direction)
    return _between(default, others[found.first], axis)


def _elsewhere(group: Sequence[Result], default: Result, axis: str) -> list[Step]:
    """Return the steps to values that exist with another axis moved only, from the places nearest to the default."""
    usual = getattr(default.case, axis)
    values = dict.fromkeys(getattr(it.case, axis) for it in group)
    beside = {getattr(it.case, axis) for it in group if differing(it.case, default.case) == (axis,)}
    found: list[Step] = []
    for value in values:
        if value == usual or value in beside:
            continue
        pairs = [
            _between(base, other, axis, within=differing(base.case, default.case))
            for other in group
            if getattr(other.case, axis) == value
            for base in group
            if getattr(base.case, axis) == usual and differing(base.case, other.case) == (axis,)
        ]
        nearest = min((len(it.within) for it in pairs), default=0)
        found += [it for it in pairs if len(it.within) == nearest]
    return found


def _between(default: Result, other: Result, axis: str, *, within: tuple[str, ...] = ()) -> Step:
    return Step(
        axis=axis,
        within=within,
        default=default,
        other=other,
        gain=gain_over(default, other),
        advice=advise(default, other),
    )


def gain_over(default: Result, other: Result) -> Gain:
    """Return the throughput of one result over that of another."""
    sides = (other.throughput, default.throughput) if other.throughput and default.throughput else None
    found = ratio_of(*sides) if sides else None
    if sides is None or found is None:
        return Gain(ratio=_throughput(other) / _throughput(default), interval=None)
    return Gain(ratio=found.ratio, interval=found.interval(), figures=figures_of(*sides))


def advise(default: Result, other: Result, *, family: int = 1) -> Advice:
    """Return what a step says, of so many among which it was chosen: they share the error rate."""
    if other.throughput is None or default.throughput is None:
        return Advice.UNCLEAR
    return _ADVICE[order(other.throughput, default.throughput, THROUGHPUT.direction, family=family)]


def _throughput(result: Result) -> float:
    return result.throughput.median if result.throughput else 0.0
