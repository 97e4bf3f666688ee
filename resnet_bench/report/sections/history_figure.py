"""The series of a history whose level moved most, as a figure."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.records import History, HistorySeries, SeriesSource
from resnet_bench.report.figure import Figure, FigureAxis, Role, Series
from resnet_bench.report.history_words import fate, finding, level, moves, short, size
from resnet_bench.report.sections.history_tables import point_table
from resnet_bench.report.table import Table

DRAWN = 8


def history_figure(history: History) -> Figure:
    """Return a figure of the series whose level moved most."""
    drawn = sorted(history.series, key=lambda it: -max(map(size, moves(it)), default=0.0))[:DRAWN]
    series: list[Series] = []
    for hue, one in enumerate(drawn):
        series += _line(history, one, hue)
    left_out = len(history.series) - len(drawn)
    return Figure(
        id="history",
        title="History",
        finding=" ".join(text for text in (finding(history), _moved_most(history, drawn[0])) if text),
        how_to_read=(
            "Each value relative to the first level of its series, by place in commit order; the distance between "
            "places is not time. A ring marks the first commit of a new level, or one that is suspected of it. "
            + (f"The {DRAWN} series that moved most are drawn; the table has all." if left_out else "")
        ),
        x=FigureAxis(title="commit, by place in order"),
        y=FigureAxis(title="value / first level"),
        series=tuple(series),
        table=_figure_table(history, drawn),
    )


def _name(one: HistorySeries) -> str:
    name = f"{one.metric}({one.case})" if one.source is SeriesSource.ASV else f"{one.case} {one.metric}"
    return f"{name} on {one.machine}"


def _moved_most(history: History, one: HistorySeries) -> str:
    """Return the largest move measured, of the series that has it; nothing where none moved."""
    if not moves(one):
        return ""
    move = max(moves(one), key=size)
    before, new = units.quantity(move.before, one.unit), units.quantity(move.new, one.unit)
    where = short(history, move.first_after)
    return f"The largest move measured is that of {_name(one)}, from {before} to {new} at {where}: {fate(move)}."


def _line(history: History, one: HistorySeries, hue: int) -> list[Series]:
    name = _name(one)
    base = (one.changes[0].before if one.changes else level(one)) or 1.0
    places = {place: number for number, place in enumerate(one.commits)}
    hover = [
        f"{short(history, place)}: {units.quantity(value, one.unit)}"
        for place, value in zip(one.commits, one.values, strict=True)
    ]
    marks = [(move, places[move.first_after]) for move in moves(one)]
    points = Series(
        name=name,
        legend=name,
        hue=hue,
        dash=hue,
        x=one.commits,
        y=tuple(value / base for value in one.values),
        low=_scaled(one.low, base),
        high=_scaled(one.high, base),
        hover=tuple(hover),
    )
    if not marks:
        return [points]
    rings = Series(
        name=name,
        legend=name,
        hue=hue,
        role=Role.MARK,
        x=tuple(move.first_after for move, _ in marks),
        y=tuple(one.values[number] / base for _, number in marks),
        hover=tuple(f"{fate(move)}: {units.change(move.ratio)}" for move, _ in marks),
    )
    return [points, rings]


def _scaled(bounds: Sequence[float | None], base: float) -> tuple[float | None, ...]:
    return tuple(None if bound is None else bound / base for bound in bounds)


def _figure_table(history: History, drawn: Sequence[HistorySeries]) -> Table:
    table = point_table(msgspec.structs.replace(history, series=tuple(drawn)))
    shown = ("metric", "case", "machine", "commit", "value", "low", "high", "outcome")
    return Table(id="history-data", caption="The series drawn", columns=table.columns, rows=table.rows, shown=shown)
