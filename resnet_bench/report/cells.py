"""Values of a table as text: by the column's kind, with the units of `resnet_bench.units`.

Text from files (names, warnings, paths) is data: control characters never reach a terminal or a page.
"""

from collections.abc import Callable

from resnet_bench import units
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.report.table import Column, ColumnKind, Table, Value
from resnet_bench.units import UNAVAILABLE
from resnet_bench.words import plain

_GROUPED_FROM = 10_000
SIGNS = {
    "improved": "▲",
    "regressed": "▼",
    "suspected improvement": "△",
    "suspected regression": "▽",
    "unchanged": "=",
    "inconclusive": "?",
    "not comparable": "≠",
}


def show(column: Column, value: Value) -> str:
    """Return one value as a person reads it, without its unit (the heading has it)."""
    if value is None or value == "":
        return UNAVAILABLE if column.kind.to_the_right and value is None else ""
    if isinstance(value, str):
        if value == column.silent:
            return ""
        text = plain(value)
        return f"{SIGNS[text]} {text}" if column.kind is ColumnKind.VERDICT and text in SIGNS else text
    if column.kind is ColumnKind.METRIC:
        return find_metric(column.metric).column.show(value)
    return _number(column.kind, value)


def show_column(table: Table, column: Column) -> list[tuple[str, str]]:
    """Return a column's cells: each value and its interval in words ("±1.2 %"), empty where there is none."""
    position = table.index(column.key)
    if column.low is None or column.high is None:
        return [(show(column, row[position]), "") for row in table.rows]
    low, high = table.index(column.low), table.index(column.high)
    if column.kind is ColumnKind.RATIO:
        return [_ratio(column, row[position], row[low], row[high]) for row in table.rows]
    return [(show(column, row[position]), _interval(row[position], row[low], row[high])) for row in table.rows]


def decimals(text: str) -> int:
    """Return how many characters follow a number's point, the point included; text with a prefix (1.2 M) has none."""
    point = text.find(".")
    return 0 if point < 0 or " " in text else len(text) - point


def plus_minus(center: float, low: float, high: float) -> str:
    """Return the larger half-width of an interval relative to its centre: ±1.2 %, never narrower than it is."""
    if center == 0:
        return ""
    if units.is_vague(center, low, high):
        return units.NO_ESTIMATE
    share = max(center - low, high - center) / abs(center)
    return units.interval_percent(share)


def _ratio(column: Column, value: Value, low: Value, high: Value) -> tuple[str, str]:
    """Return a ratio with the digits of its interval; bounds where a ± would say less than they do of 1."""
    interval = _interval(value, low, high)
    bounds = [it for it in (value, low, high) if isinstance(it, int | float)]
    if not interval or len(bounds) < 3:  # noqa: PLR2004 - all three
        return show(column, value), interval
    center, least, most = bounds
    share = max(center - least, most - center) / center
    alike = (least > 1) == (center * (1 - share) > 1) and (most < 1) == (center * (1 + share) < 1)
    if least <= 1 <= most or (alike and interval != units.NO_ESTIMATE):
        return units.known_ratio(center, least, most), interval
    return units.ratio(center), f"({units.ratio(least)} to {units.ratio(most)})"


def _interval(value: Value, low: Value, high: Value) -> str:
    known = (it for it in (value, low, high) if isinstance(it, int | float))
    bounds = list(known)
    return plus_minus(bounds[0], bounds[1], bounds[2]) if len(bounds) == 3 else ""  # noqa: PLR2004 - all three


def _number(kind: ColumnKind, value: float) -> str:
    if kind in _UNITS:
        return _UNITS[kind](value)
    if value != int(value):
        return units.significant(value)
    return f"{int(value)}" if abs(value) < _GROUPED_FROM else units.grouped(int(value))


_UNITS: dict[ColumnKind, Callable[[float], str]] = {
    ColumnKind.LATENCY: units.milliseconds,
    ColumnKind.DURATION: units.duration,
    ColumnKind.MICROSECONDS: units.microseconds,
    ColumnKind.MEMORY: units.mebibytes,
    ColumnKind.RATE: units.per_second,
    ColumnKind.FLOP_RATE: units.scaled,
    ColumnKind.COUNT: units.scaled,
    ColumnKind.SHARE: units.percent,
    ColumnKind.FINE_SHARE: lambda share: units.percent(share, 2),
    ColumnKind.RATIO: units.ratio,
}
