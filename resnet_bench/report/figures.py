"""A figure's data as a plotly figure: plain dictionaries, one function a role.

No `plotly.graph_objects` here: building 500 cases through its validators takes seconds, and a test hands every figure
to them instead. Colours are Okabe and Ito's, each with a marker or a dash beside it; those that are too pale for
their ground are darkened (light) or lightened (dark) to a contrast of 3:1. The page swaps the two palettes by name.
"""

import math
from collections.abc import Sequence
from typing import Any

from resnet_bench import units
from resnet_bench.report.document import Axis, Box, Figure, Role, Scale, Series, Tile, Value
from resnet_bench.report.grid import plain

LIGHT = ("#0072B2", "#C64F00", "#00855F", "#B5588E", "#A87400", "#2A8CC4", "#333333", "#857A00")
DARK = ("#4EA3E0", "#F0803C", "#2FC79A", "#E29CC6", "#E8AE2E", "#86CBF3", "#D8D8D8", "#E6DC5C")
SWAP = dict(zip(LIGHT, DARK, strict=True))
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "pentagon")
_DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot", "dot")
_PATTERNS = ("", "/", "x", "-", ".", "\\", "|", "+")
# From memory-bound to compute-bound; readable under light and dark text alike (plotly picks by contrast).
_SHADES = ((0, "#5E3C99"), (0.35, "#B2ABD2"), (0.5, "#F7F7F7"), (0.65, "#FDB863"), (1, "#E66101"))
# Below the scale, for what has no intensity: the rest of an iteration, fused kernels.
_GREY, _GREY_SPAN = "#9AA0A6", 0.5
_MOST_TILES = 1000
_HOVER = "<b>%%{label}</b><br>%%{value:%s<br>%%{percentParent:.1%%} of %%{parent}<extra></extra>"
_MEBI = 2**20
_DIGITS = 6
_PLACES = ("top center", "bottom center")
_DIMMED = 0.65

Plotly = dict[str, Any]


def plotly_figure(figure: Figure) -> Plotly:
    """Return `{"data": [...], "layout": {...}}`; `meta.rows` of a trace are its points' rows in the results."""
    boxes = [series for series in figure.series if series.role is Role.BOX]
    launches = [series for series in figure.series if series.role is Role.LAUNCHES]
    others = [series for series in figure.series if series.role not in {Role.BOX, Role.LAUNCHES}]
    data = [_DRAW[series.role](series) for series in others]
    if boxes:
        data += [_boxes(boxes), _launches(launches)]
    if any(series.role is Role.TILES for series in others):
        return {"data": data, "layout": {"updatemenus": [_measures(others[0].tiles)]}}
    layout: Plotly = {"xaxis": _axis(figure.x), "yaxis": _axis(figure.y), "hovermode": "closest"}
    if figure.y.scale is Scale.CATEGORY:
        layout["yaxis"] |= {"autorange": "reversed", "automargin": True}
        layout["boxgap"] = 0.45
    if any(series.role is Role.BARS for series in others):
        layout |= {"barmode": "stack", "bargap": 0.35}
    return {"data": data, "layout": layout}


def colour(hue: int) -> str:
    """Return the light palette's colour of a hue."""
    return LIGHT[hue % len(LIGHT)]


def _measured(series: Series) -> Plotly:
    trace = _base(series) | {
        "mode": "lines+markers" if len(series.x) > 1 else "markers",
        "line": {"color": colour(series.hue), "dash": _dash(series), "width": 2},
        "marker": {"color": colour(series.hue), "symbol": _symbol(series), "size": 8},
    }
    if series.labels:
        trace |= {
            "mode": "markers+text",
            "text": [_text(it) for it in series.labels],
            "textposition": _PLACES[series.dash % len(_PLACES)],
        }
        trace["marker"]["size"] = 11
    return trace | _bars(series)


def _dominated(series: Series) -> Plotly:
    trace = _measured(series)
    trace["marker"] |= {"symbol": f"{_symbol(series)}-open", "size": 9}
    return trace | {"opacity": _DIMMED}


def _mark(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": "circle-open", "size": 17, "line": {"width": 2}}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": False}


def _predicted(series: Series) -> Plotly:
    line = {"color": colour(series.hue), "dash": "dot", "width": 1.5}
    return _base(series) | {"mode": "lines", "line": line, "showlegend": False}


def _bound(series: Series) -> Plotly:
    return _base(series) | {"mode": "lines", "line": {"color": LIGHT[6], "dash": "dot", "width": 1.5}}


def _limit(series: Series) -> Plotly:
    return _base(series) | {"mode": "lines", "line": {"color": LIGHT[6], "dash": "longdash", "width": 1.5}}


def _cliff(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": "x", "size": 13}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": False}


def _frontier(series: Series) -> Plotly:
    line = {"color": LIGHT[6], "dash": _dash(series), "width": 1.5, "shape": "vh"}
    return _base(series) | {"mode": "lines", "line": line, "hoverinfo": "skip"}


def _boxes(series: Sequence[Series]) -> Plotly:
    def column(name: str) -> list[Value]:
        return [_short(getattr(box, name)) for box in boxes]

    boxes: list[Box] = [box for it in series for box in it.boxes]
    return {
        "type": "box",
        "name": "samples (box: middle half, whiskers: 5 to 95 %)",
        "orientation": "h",
        "y": [_text(str(it.y[0])) for it in series],
        "lowerfence": column("p05"),
        "q1": column("p25"),
        "median": column("p50"),
        "q3": column("p75"),
        "upperfence": column("p95"),
        "line": {"color": colour(0), "width": 1.25},
        "fillcolor": "rgba(86,180,233,0.25)",
        "hoverinfo": "x+y",
        "meta": {"rows": [row for it in series for row in it.rows], "cap": True},
    }


def _launches(series: Sequence[Series]) -> Plotly:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "median of one launch",
        "x": [_short(value) for it in series for value in it.x],
        "y": [_text(str(value)) for it in series for value in it.y],
        "hovertext": [_text(text) for it in series for text in it.hover],
        "hoverinfo": "text+y",
        "marker": {"color": colour(1), "symbol": "diamond", "size": 8, "opacity": 0.85},
        "meta": {"rows": [row for it in series for row in it.rows], "cap": True},
    }


def _dots(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": _symbol(series), "size": 8, "opacity": 0.85}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": True}


def _curve(series: Series) -> Plotly:
    line = {"color": colour(series.hue), "dash": _dash(series), "width": 2}
    return _base(series) | {"mode": "lines", "line": line, "showlegend": True}


def _bars_by(series: Series) -> Plotly:
    """Stacked bars along x; a pattern beside the colour tells the parts apart."""
    trace = _base(series) | {
        "type": "bar",
        "orientation": "h",
        "y": [_in_lines(str(value)) for value in series.y],
        "marker": {"color": colour(series.hue), "pattern": {"shape": _PATTERNS[series.hue % len(_PATTERNS)]}},
        "showlegend": True,
    }
    trace["marker"]["pattern"] |= {"fillmode": "overlay", "solidity": 0.2, "fgcolor": "#FFFFFF", "fgopacity": 0.6}
    return trace


def _in_lines(name: str) -> str:
    """Break a case's name where its parts end: a name beside a bar takes the bar's room."""
    return _text(name).replace(" · ", "<br>").replace(", ", "<br>")


def _tiles(series: Series) -> Plotly:
    tiles = series.tiles
    shades = [math.log10(tile.intensity) if tile.intensity else None for tile in tiles]
    known = [shade for shade in shades if shade is not None]
    low, high = (math.floor(min(known)), math.ceil(max(known))) if known else (0, 1)
    high = max(high, low + 1)
    unknown = low - _GREY_SPAN
    start = _GREY_SPAN / (high - unknown)
    return {
        "type": "treemap",
        "name": _text(series.name),
        "ids": [tile.id for tile in tiles],
        "parents": [tile.parent for tile in tiles],
        "labels": [_text(tile.label) for tile in tiles],
        "values": _sizes(tiles)[0][1],
        "branchvalues": "remainder",
        "maxdepth": (3 if len(tiles) <= _MOST_TILES else 2) + any(tile.parent == "all" for tile in tiles),
        "hovertemplate": _sizes(tiles)[0][2],
        "textinfo": "label+percent parent",
        "marker": {
            "colors": [unknown if shade is None else _short(shade) for shade in shades],
            "cmin": unknown,
            "cmax": high,
            "colorscale": [
                [0, _GREY],
                [0.99 * start, _GREY],
                *([start + (1 - start) * place, shade] for place, shade in _SHADES),
            ],
            "line": {"width": 1},
            "colorbar": {
                "title": {"text": "FLOP/B"},
                "tickvals": [unknown, *range(low, high + 1)],
                "ticktext": ["none", *(f"{10.0**tick:g}" for tick in range(low, high + 1))],
                "thickness": 12,
            },
        },
        "pathbar": {"thickness": 22},
        "tiling": {"pad": 1},
        "meta": {"rows": []},
    }


def _sizes(tiles: Sequence[Tile]) -> tuple[tuple[str, list[Value], str], ...]:
    """Return each measure's sizes and words; a tile with others in it has none of its own, they add up to it."""
    parents = {tile.parent for tile in tiles}
    own = [tile.id not in parents for tile in tiles]
    return (
        (
            "time",
            [_short(tile.time_s * 1e3) if leaf else 0 for tile, leaf in zip(tiles, own, strict=True)],
            _HOVER % ".4~g} ms",
        ),
        ("MACs", [tile.macs if leaf else 0 for tile, leaf in zip(tiles, own, strict=True)], _HOVER % ".4~s} MACs"),
        (
            "bytes moved",
            [_short(tile.moved_bytes / _MEBI) if leaf else 0 for tile, leaf in zip(tiles, own, strict=True)],
            _HOVER % ".4~g} MiB",
        ),
    )


def _measures(tiles: Sequence[Tile]) -> Plotly:
    """Buttons that size the tiles by another measure."""
    buttons = [
        {"label": name, "method": "restyle", "args": [{"values": [values], "hovertemplate": [words]}]}
        for name, values, words in _sizes(tiles)
    ]
    return {
        "type": "buttons",
        "direction": "right",
        "buttons": buttons,
        "showactive": False,
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": 8},
    }


_DRAW = {
    Role.MEASURED: _measured,
    Role.DOMINATED: _dominated,
    Role.MARK: _mark,
    Role.PREDICTED: _predicted,
    Role.LIMIT: _limit,
    Role.BOUND: _bound,
    Role.CLIFF: _cliff,
    Role.FRONTIER: _frontier,
    Role.DOTS: _dots,
    Role.CURVE: _curve,
    Role.BARS: _bars_by,
    Role.TILES: _tiles,
}


def _base(series: Series) -> Plotly:
    return {
        "type": "scatter",
        "name": _text(series.name),
        "legendgroup": _text(series.legend),
        "x": [_short(value) for value in series.x],
        "y": [_short(value) for value in series.y],
        "hovertext": [f"<b>{_text(series.name)}</b><br>{_text(text)}" for text in series.hover],
        "hoverinfo": "text",
        "meta": {"rows": list(series.rows)},
    }


def _bars(series: Series) -> Plotly:
    """Error bars where a point has an interval; the axis is the one that the interval is about."""
    if not any(value is not None for value in series.high):
        return {}
    centers = series.x if series.bounds_on_x else series.y
    known = [
        (0.0, 0.0) if low is None or high is None else (high - float(center or 0), float(center or 0) - low)
        for center, low, high in zip(centers, series.low, series.high, strict=True)
    ]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [_short(above) for above, _ in known],
        "arrayminus": [_short(below) for _, below in known],
        "color": colour(series.hue),
        "thickness": 1.2,
        "width": 3,
    }
    return {"error_x" if series.bounds_on_x else "error_y": bars}


def _axis(axis: Axis) -> Plotly:
    layout: Plotly = {"title": {"text": axis.title}, "type": axis.scale.value}
    if axis.ticks:
        layout |= {
            "tickmode": "array",
            "tickvals": list(axis.ticks),
            "ticktext": [units.significant(tick, 1) if tick < 1 else f"{tick:g}" for tick in axis.ticks],
        }
    elif axis.scale is Scale.LOG:
        layout |= {"dtick": "D2", "tickformat": ",~g", "minor": {"showgrid": False}}
    return layout


def _dash(series: Series) -> str:
    return _DASHES[series.dash % len(_DASHES)]


def _symbol(series: Series) -> str:
    return _SYMBOLS[series.hue % len(_SYMBOLS)]


def _short(value: Value) -> Value:
    """Round what is only drawn: the table beside the figure has all digits."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def _text(text: str) -> str:
    """Return text from a file for plotly, which reads a few HTML tags and entities in all its labels."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
