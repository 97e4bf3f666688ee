"""Intervals of ratios as rows, rules and decisions quote them: one door for all of them.

An interval that spans a power of ten and holds 1 tells nobody anything; its figures would look as if it did.
"""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.records import Comparison, Interval, Verdict
from resnet_bench.records.live import Decision
from resnet_bench.words import counted


def tells(ratio: float, interval: Interval) -> bool:
    """Return whether an interval of a ratio says anything: where it is not vague, or leaves out 1."""
    return not units.is_vague(ratio, interval.low, interval.high) or not interval.low <= 1 <= interval.high


def bounds(interval: Interval) -> str:
    """Return an interval by its bounds: 1.021 to 1.034."""
    return f"{units.ratio(interval.low)} to {units.ratio(interval.high)}"


def of_launches(ratio: float, interval: Interval, launches: Sequence[int]) -> str:
    """Return an interval of the launches of both sides: 1.021 to 1.034, or "unknown: 2 launches"."""
    return bounds(interval) if tells(ratio, interval) else unknown(launches)


def unknown(launches: Sequence[int]) -> str:
    """Say that launches, so many on each side, leave an interval open."""
    return f"unknown: {'+'.join(map(str, dict.fromkeys(launches)))} launches"


def of_row(row: Comparison) -> str:
    """Return the interval of a row, a dash where it has none; that on which "unchanged" rests is always told."""
    if row.interval is None or row.ratio is None:
        return units.UNAVAILABLE
    if row.verdict is Verdict.UNCHANGED:
        return bounds(row.interval)
    return of_launches(row.ratio, row.interval, launches_of(row))


def launches_of(row: Comparison) -> tuple[int, ...]:
    """Return how many launches each side of a row has."""
    return tuple(it.launches for it in (row.baseline_summary, row.contender_summary) if it is not None)


def of_pairs(ratio: float, interval: Interval, pairs: int) -> str:
    """Return an interval of launch pairs: 1.021 to 1.034, or "unknown: 6 launch pairs"."""
    return bounds(interval) if tells(ratio, interval) else f"unknown: {counted(pairs, 'launch pair')}"


def of_decision(decision: Decision) -> str:
    """Return the interval of a live decision, "" where it has none."""
    return of_pairs(decision.ratio, decision.interval, decision.pairs) if decision.interval else ""
