"""Each role of a series as marks on paper: one function a role."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resnet_bench.report.figure import Role, Series
from resnet_bench.report.palette import DASHES, LIGHT
from resnet_bench.report.svg.paper import FONT_PX, line, number, path, tag, text_px, words
from resnet_bench.report.svg.scales import Ruler
from resnet_bench.report.svg.symbols import marker
from resnet_bench.report.table import Value

_DASHED = {"dash": "7 4", "dashdot": "7 3 2 3", "longdash": "11 4", "longdashdot": "11 3 2 3", "dot": "2 3"}
_CAP_PX = 3.0
_ROW_SHARE = 0.62
_DIMMED = 0.6


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where a figure is drawn: its two axes."""

    x: Ruler
    y: Ruler

    def at(self, x: Value, y: Value) -> tuple[float, float] | None:
        """Return a point's place, None where it has none."""
        across, down = self.x.place(x), self.y.place(y)
        return None if across is None or down is None else (across, down)

    @property
    def row_px(self) -> float:
        """The height of one category of y."""
        return abs(self.y.end - self.y.start) / max(1, len(self.y.names))


Drawn = Callable[[Series, Field], list[str]]


def drawn(series: Series, field: Field) -> list[str]:
    """Return a series' marks."""
    return _DRAW[series.role](series, field)


def hue_of(series: Series) -> int:
    """Return the number of a series' colour."""
    return series.hue % len(LIGHT)


def dashes(series: Series) -> dict[str, str]:
    """Return the attribute that dashes a line, none for a solid one."""
    name = DASHES[series.dash % len(DASHES)]
    return {"stroke_dasharray": _DASHED[name]} if name in _DASHED else {}


def _points(series: Series, field: Field) -> list[tuple[float, float]]:
    return [place for x, y in zip(series.x, series.y, strict=True) if (place := field.at(x, y))]


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out what falls on the place of the point before it."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if not kept or abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= 1:
            kept.append(point)
    return kept


def _measured(series: Series, field: Field) -> list[str]:
    hue, points = hue_of(series), _thinned(_points(series, field))
    marks = _whiskers(series, field)
    if len(points) > 1 and not series.labels:
        marks.append(path(points, f"s{hue}", stroke_width=1.8, stroke_linejoin="round", **dashes(series)))
    marks += [_marker(x, y, series) for x, y in points]
    for (x, y), label in zip(points, series.labels, strict=False):
        marks.append(_label(x, y, label, field, above=series.dash % 2 == 0))
    return marks


def _label(x: float, y: float, label: str, field: Field, *, above: bool) -> str:
    """Return a point's label, moved so far that the drawing holds it."""
    half = text_px(label) / 2
    x = min(max(x, field.x.start + half + 2), field.x.end - half - 2)
    top = y - 9 > field.y.end + FONT_PX if above else y + 20 > field.y.start
    if above and not top:  # a frontier goes down from there
        x += (half + 7) * (-1 if x - 2 * half - 9 > field.x.start else 1)
    return words(label, x, y - 9 if top else y + 19, anchor="middle")


def _dominated(series: Series, field: Field) -> list[str]:
    hue = hue_of(series)
    marks = _whiskers(series, field)
    for (x, y), label in zip(_points(series, field), series.labels or ("",) * len(series.x), strict=False):
        marks.append(_marker(x, y, series, class_=f"s{hue}"))
        marks.append(_label(x, y, label, field, above=series.dash % 2 == 0) if label else "")
    return [tag("g", "".join(marks), opacity=_DIMMED)]


def _marker(x: float, y: float, series: Series, *, class_: str = "", radius: float = 3.8) -> str:
    return marker(x, y, series.hue, class_ or f"f{hue_of(series)}", radius)


def _whiskers(series: Series, field: Field) -> list[str]:
    marks = []
    for x, y, low, high in zip(series.x, series.y, series.low, series.high, strict=False):
        if low is None or high is None:
            continue
        ends = [field.at(bound, y) if series.bounds_on_x else field.at(x, bound) for bound in (low, high)]
        if ends[0] is None or ends[1] is None:
            continue
        (x1, y1), (x2, y2) = ends[0], ends[1]
        across, down = (0.0, _CAP_PX) if series.bounds_on_x else (_CAP_PX, 0.0)
        d = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}" + "".join(
            f"M{number(px - across)} {number(py - down)}L{number(px + across)} {number(py + down)}"
            for px, py in ((x1, y1), (x2, y2))
        )
        marks.append(tag("path", d=d, class_=f"s{hue_of(series)}", stroke_width=1.3))
    return marks


def _ring(series: Series, field: Field) -> list[str]:
    return [
        tag("circle", cx=x, cy=y, r=8.5, class_=f"s{hue_of(series)}", stroke_width=1.8)
        for x, y in _points(series, field)
    ]


def _cross(series: Series, field: Field) -> list[str]:
    return [
        tag(
            "path",
            d=f"M{number(x - 5)} {number(y - 5)}l10 10m0 -10l-10 10",
            class_=f"s{hue_of(series)}",
            stroke_width=3,
        )
        for x, y in _points(series, field)
    ]


def _line(class_: str | None, dash: str | None) -> Drawn:
    def of(series: Series, field: Field) -> list[str]:
        points = _thinned(_points(series, field))
        how = dashes(series) if dash is None else {"stroke_dasharray": _DASHED[dash]}
        return [path(points, class_ or f"s{hue_of(series)}", stroke_width=1.6, **how)] if len(points) > 1 else []

    return of


def _frontier(series: Series, field: Field) -> list[str]:
    points = _points(series, field)
    steps = [points[0]] if points else []
    for (x1, _), (x2, y2) in itertools.pairwise(points):
        steps += [(x1, y2), (x2, y2)]
    return [path(steps, "k", **dashes(series))] if len(steps) > 1 else []


def _dots(series: Series, field: Field) -> list[str]:
    return [*_whiskers(series, field), *(_marker(x, y, series) for x, y in _thinned(_points(series, field)))]


def _samples(of: str, radius: float, opacity: float) -> Drawn:
    def drawn_as(series: Series, field: Field) -> list[str]:
        points = _thinned(_points(series, field))
        class_ = f"{of}{hue_of(series)}"
        return [
            tag("g", "".join(_marker(x, y, series, class_=class_, radius=radius) for x, y in points), opacity=opacity)
        ]

    return drawn_as


def _box(series: Series, field: Field) -> list[str]:
    half = field.row_px * _ROW_SHARE / 2
    marks = []
    for y, box in zip(series.y, series.boxes, strict=True):
        places = [field.at(value, y) for value in (box.p05, box.p25, box.p50, box.p75, box.p95)]
        if None in places:
            continue
        (low, down), (left, _), (middle, _), (right, _), (high, _) = (it for it in places if it)
        hue = hue_of(series)
        marks.append(line(low, down, left, down, f"s{hue}") + line(right, down, high, down, f"s{hue}"))
        marks.append(
            tag(
                "rect",
                x=left,
                y=down - half,
                width=max(1.0, right - left),
                height=2 * half,
                class_=f"f{hue} s{hue}",
                fill_opacity=0.18,
            )
        )
        marks.append(
            tag(
                "path",
                d=f"M{number(middle)} {number(down - half)}v{number(2 * half)}",
                class_=f"s{hue}",
                stroke_width=2,
            )
        )
    return marks


def _launches(series: Series, field: Field) -> list[str]:
    return [_marker(x, y, series, radius=3.2) for x, y in _thinned(_points(series, field))]


def bars(series: Sequence[Series], field: Field) -> list[str]:
    """Return stacked bars along x: each series begins where the one before it ends."""
    ends: dict[str, float] = {}
    half = field.row_px * _ROW_SHARE / 2
    marks = []
    for each in series:
        for value, name in zip(each.x, each.y, strict=True):
            if not isinstance(value, int | float):
                continue
            begin = ends.get(str(name), 0.0)
            ends[str(name)] = begin + value
            places = field.at(begin, name), field.at(begin + value, name)
            if places[0] and places[1] and places[1][0] - places[0][0] >= 0.3:  # noqa: PLR2004 - px that can be seen
                (left, down), (right, _) = places[0], places[1]
                marks.append(
                    tag("rect", x=left, y=down - half, width=right - left, height=2 * half, class_=f"f{hue_of(each)}")
                )
    return marks


_DRAW: dict[Role, Drawn] = {
    Role.MEASURED: _measured,
    Role.DOMINATED: _dominated,
    Role.MARK: _ring,
    Role.PREDICTED: _line(None, "dot"),
    Role.LIMIT: _line("k", "longdash"),
    Role.BOUND: _line("k", "dot"),
    Role.CLIFF: _cross,
    Role.FRONTIER: _frontier,
    Role.DOTS: _dots,
    Role.SAMPLES: _samples("f", 2.2, 0.6),
    Role.WARMUP: _samples("s", 2.0, 0.45),
    Role.CURVE: _line(None, None),
    Role.BOX: _box,
    Role.LAUNCHES: _launches,
}
