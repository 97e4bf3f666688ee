"""Values of a table as text: by the column's kind, with the units of `resnet_bench.units`.

Text from files (names, warnings, paths) is data: control characters never reach a terminal or a page.
"""

from resnet_bench import units
from resnet_bench.report.document import Column, Kind, Row, Table, Value
from resnet_bench.units import UNAVAILABLE

SIGNS = {
    "improved": "▲",
    "regressed": "▼",
    "unchanged": "=",
    "inconclusive": "?",
    "not comparable": "≠",
}


def show(column: Column, value: Value) -> str:
    """Return one value as a person reads it, without its unit (the heading has it)."""
    if value is None or value == "":
        return UNAVAILABLE if column.kind.numeric else ""
    if isinstance(value, str):
        text = clean(value)
        return f"{SIGNS[text]} {text}" if column.kind is Kind.VERDICT and text in SIGNS else text
    return _number(column.kind, value)


def show_cell(table: Table, column: Column, row: Row) -> tuple[str, str]:
    """Return a cell's value and its interval in words ("±1.2 %"), the latter empty where there is none."""
    value = row[table.index(column.key)]
    if column.low is None or column.high is None or not isinstance(value, int | float):
        return show(column, value), ""
    low, high = row[table.index(column.low)], row[table.index(column.high)]
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return show(column, value), ""
    return show(column, value), plus_minus(value, float(low), float(high))


def plus_minus(center: float, low: float, high: float) -> str:
    """Return the larger half-width of an interval relative to its centre: ±1.2 %, never narrower than it is."""
    if center == 0:
        return ""
    share = max(center - low, high - center) / abs(center)
    return f"±{units.interval_percent(share)}"


def clean(text: str) -> str:
    """Return text in one line, with control and formatting characters written out as escapes."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return " " if character in "\n\r\t" else character.encode("unicode_escape").decode("ascii")


def _number(kind: Kind, value: float) -> str:
    match kind:
        case Kind.LATENCY:
            return units.milliseconds(value)
        case Kind.DURATION:
            return units.duration(value)
        case Kind.MEMORY:
            return units.mebibytes(value)
        case Kind.RATE:
            return units.per_second(value)
        case Kind.FLOP_RATE | Kind.COUNT:
            return units.scaled(value)
        case Kind.SHARE:
            return units.percent(value)
        case Kind.RATIO:
            return units.ratio(value)
        case Kind.ENERGY:
            return units.joules(value)
        case _:
            return units.grouped(int(value)) if value == int(value) else units.significant(value)
