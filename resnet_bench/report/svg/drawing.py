"""A figure's record as a whole SVG: axes, series, legend; on a page, or as a file that stands alone."""

from collections.abc import Sequence
from html import escape

import msgspec

from resnet_bench.report.figure import Figure, LimitLine, Role, Scale, Series
from resnet_bench.report.svg.marks import Field, bars, dashes, drawn, hue_of
from resnet_bench.report.svg.paper import FONT_PX, LIGHT_RULES, line, number, shortened, tag, text_px, words
from resnet_bench.report.svg.scales import ruler
from resnet_bench.report.svg.symbols import marker
from resnet_bench.report.svg.tiles import Area, treemap
from resnet_bench.report.table import Value
from resnet_bench.words import counted, plain

WIDTH_PX = 760.0
_HEIGHT_PX = 380.0
_MOST_SERIES = 12
_MOST_POINTS = 40  # of series that are one point each
_MOST_ROWS = 30
_LEAST_ROW_PX = 17.0
_NAMES_SHARE = 0.56  # of the width; the values need the rest
_LINE_PX = 18.0
_SPREAD = 2.5
_IN_ROWS = frozenset({Role.BOX, Role.LAUNCHES, Role.BARS})
_SCATTERED = frozenset({Role.DOTS, Role.SAMPLES, Role.WARMUP})
_MARKED = frozenset({Role.MEASURED, Role.DOMINATED, Role.DOTS, Role.LAUNCHES, Role.SAMPLES})


def svg(figure: Figure, *, alone: bool = False, width: float = WIDTH_PX, limit: LimitLine | None = None) -> str:
    """Return the drawing of a figure, thinned to what print shows; `alone` brings ground, style and title with it."""
    shown, note = _thinned(figure)
    if any(it.role is Role.TILES for it in shown):
        height = _HEIGHT_PX
        marks = treemap(shown[0].tiles, Area(0, 4, width, height - 8))
    else:
        marks, height = _drawing(figure, shown, note, width, limit)
    size = f"0 0 {number(width)} {number(height)}"
    said = escape(plain(f"{figure.title}. {figure.finding}"))
    if not alone:
        return (
            f'<svg class="drawn" viewBox="{size}" width="{number(width)}" height="{number(height)}" role="img" '
            f'aria-label="{said}">{"".join(marks)}</svg>'
        )
    style = f"text{{font:{FONT_PX}px sans-serif}}{LIGHT_RULES}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" width="{number(width)}" height="{number(height)}" '
        f'role="img"><title>{said}</title><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(marks)}</svg>\n'
    )


def _thinned(figure: Figure) -> tuple[list[Series], str]:
    """Return the series that print can show, and what was left out."""
    if figure.y.scale is Scale.CATEGORY:
        names = _names(figure, figure.series)
        kept = set(names[:_MOST_ROWS])
        found = [it for it in (_rows(series, kept) for series in figure.series) if it.y]
        left = len(names) - len(kept)
        return found, f"{counted(left, 'more row')} in the table" if left > 0 else ""
    legends = figure.foremost()
    points = all(len(it.x) == 1 for it in figure.series if it.rows)
    chosen = set(legends[: _MOST_POINTS if points else _MOST_SERIES])
    left = len(legends) - len(chosen)
    return (
        [it for it in figure.series if not it.rows or it.legend in chosen],
        f"{counted(left, 'more', 'more')} in the table" if left > 0 else "",
    )


def _names(figure: Figure, shown: Sequence[Series]) -> list[str]:
    """Return the categories of y that have a point, from top to bottom."""
    there = list(dict.fromkeys(str(y) for it in shown for y in it.y))
    return [name for name in figure.order if name in set(there)] or there


def _rows(series: Series, kept: set[str]) -> Series:
    """Return a series with the points of these categories alone."""
    at = [place for place, y in enumerate(series.y) if str(y) in kept]
    if len(at) == len(series.y):
        return series
    fields = ("x", "y", "low", "high", "hover", "labels", "boxes")
    return msgspec.structs.replace(
        series,
        **{
            name: tuple(getattr(series, name)[place] for place in at)
            for name in fields
            if len(getattr(series, name)) == len(series.y)
        },
    )


def _drawing(
    figure: Figure, shown: Sequence[Series], note: str, width: float, limit: LimitLine | None
) -> tuple[list[str], float]:
    in_rows = figure.y.scale is Scale.CATEGORY
    legend = _legend(shown)
    names = _names(figure, shown) if in_rows else []
    inner = max(_LEAST_ROW_PX * len(names), 60.0) if in_rows else _HEIGHT_PX - 90
    top = 22.0 if figure.y.title and not in_rows else 8.0
    bottom = top + inner
    values_x, values_y = _extent(shown, x=True), _extent(shown, x=False)
    values_x += [limit.at] if limit else []
    down = ruler(figure.y, values_y, start=bottom, end=top)
    if in_rows:
        down = ruler(figure.y, names, start=top, end=bottom)
    labels = [text for _, text in down.ticks] or [shortened(it, _NAMES_SHARE * width) for it in names]
    left = 12 + max((text_px(it) for it in labels), default=0.0)
    across = ruler(figure.x, values_x, start=left, end=width - 10, from_zero=any(it.role is Role.BARS for it in shown))
    field = Field(x=across, y=down)
    marks = [*_axes(figure, field, labels, names), *([_limit(limit, field)] if limit else []), *_series(shown, field)]
    height = bottom + 44
    for x, y, entry in _placed(legend, left=8.0, top=height, width=width):
        marks.append(_entry(entry, x, y))
        height = y + 8
    if note:
        height += _LINE_PX
        marks.append(words(note, 8, height - 6, class_="u"))
    return marks, height + 4


def _limit(limit: LimitLine, field: Field) -> str:
    """Return a limit as a line; the page moves it by what it says of the axis, when the reader asks for another one."""
    x, top, bottom = field.x, min(field.y.start, field.y.end), max(field.y.start, field.y.end)
    place = x.place(limit.at) or x.start
    left = place < (x.start + x.end) / 2
    label = words(limit.words, 0, top + 12, anchor="start" if left else "end", class_="l", dx=5.0 if left else -5.0)
    axis = f"{x.scale.value} {x.low:.6g} {x.high:.6g} {number(x.start)} {number(x.end)}"
    mark = line(0, top, 0, bottom, "b") + label
    return tag("g", mark, class_="limit", data_axis=axis, transform=f"translate({number(place)})")


def _series(shown: Sequence[Series], field: Field) -> list[str]:
    stacked = [it for it in shown if it.role is Role.BARS]
    marks = bars(stacked, field) if stacked else []
    return [*marks, *(mark for it in shown if it.role is not Role.BARS for mark in drawn(it, field))]


def _extent(shown: Sequence[Series], *, x: bool) -> list[Value]:
    """Return what an axis must hold: points, and intervals as far as they do not press the points flat."""
    found: list[Value] = []
    stacked: dict[str, float] = {}
    for it in shown:
        centers = it.x if x else it.y
        found += centers
        for value, name in zip(it.x, it.y, strict=False):
            if it.role is Role.BARS and x and isinstance(value, int | float):
                stacked[str(name)] = stacked.get(str(name), 0.0) + value
        for box in it.boxes if x else ():
            found += [box.p05, box.p95]
        if it.bounds_on_x is x:
            known = [(c, b) for c, b in zip(centers * 2, (*it.low, *it.high), strict=False) if b is not None]
            found += [
                min(max(b, c / _SPREAD), c * _SPREAD) if c > 0 else b for c, b in known if isinstance(c, int | float)
            ]
    return [*found, *stacked.values()]


def _axes(figure: Figure, field: Field, labels: Sequence[str], names: Sequence[str]) -> list[str]:
    x, y = field.x, field.y
    top, bottom = min(y.start, y.end), max(y.start, y.end)
    marks = []
    last = -1e9
    for tick, label in x.ticks:
        place = x.place(tick)
        if place is not None:
            marks.append(line(place, top, place, bottom, "g"))
            if place - text_px(label) / 2 > last:
                marks.append(words(label, place, bottom + 16, anchor="middle", class_="u"))
                last = place + text_px(label) / 2 + 6
    for tick, label in y.ticks:
        place = y.place(tick)
        if place is not None:
            marks.append(line(x.start, place, x.end, place, "g"))
            marks.append(words(label, x.start - 6, place + 4, anchor="end", class_="u"))
    for name, label in zip(names, labels, strict=False) if not y.ticks else ():
        place = y.place(name)
        if place is not None:
            marks.append(line(x.start, place, x.end, place, "g"))
            marks.append(words(label, x.start - 6, place + 4, anchor="end"))
    marks.append(line(x.start, bottom, x.end, bottom, "a"))
    marks.append(words(figure.x.title, x.end, bottom + 34, anchor="end", class_="u"))
    if figure.y.title and not names:
        marks.append(words(figure.y.title, 4, 12, class_="u"))
    return marks


def _legend(shown: Sequence[Series]) -> list[Series]:
    first: dict[str, Series] = {}
    for it in shown:
        if it.role not in {Role.MARK, Role.CLIFF, Role.PREDICTED, Role.WARMUP}:
            first.setdefault(it.legend, it)
    entries = [it for it in first.values() if it.role is not Role.BOX]
    return entries if len(entries) > 1 or any(it.role in {Role.FRONTIER, Role.LIMIT} for it in entries) else []


def _placed(entries: Sequence[Series], *, left: float, top: float, width: float) -> list[tuple[float, float, Series]]:
    x, y = left, top + 12
    found = []
    for it in entries:
        wide = 34 + text_px(shortened(it.legend, width - 60))
        if x + wide > width and x > left:
            x, y = left, y + _LINE_PX
        found.append((x, y, it))
        x += wide + 10
    return found


def _entry(series: Series, x: float, y: float) -> str:
    hue, middle = hue_of(series), y - 4
    lined = (
        series.role not in _IN_ROWS | _SCATTERED
        and (len(series.x) > 1 or series.role not in _MARKED)
        and not series.labels
    )
    parts = []
    if series.role is Role.BARS:
        parts.append(tag("rect", x=x + 5, y=middle - 5, width=11.0, height=10.0, class_=f"f{hue}"))
    elif lined:
        neutral = series.role in {Role.FRONTIER, Role.LIMIT, Role.BOUND}
        how = {"stroke_dasharray": "2 3"} if series.role is Role.BOUND else dashes(series)
        how = {"stroke_dasharray": "11 4"} if series.role is Role.LIMIT else how
        parts.append(
            tag(
                "path",
                d=f"M{number(x)} {number(middle)}h22",
                class_="k" if neutral else f"s{hue}",
                stroke_width=1.8,
                **how,
            )
        )
    if series.role in _MARKED:
        parts.append(marker(x + 11, middle, series.hue, f"f{hue}", 3.6))
    return "".join(parts) + words(shortened(series.legend, WIDTH_PX - 60), x + 28, y)
