"""A figure's data as a plotly figure: plain dictionaries, one function a role.

No `plotly.graph_objects` here: building 500 cases through its validators takes seconds, and a test hands every figure
to them instead.
"""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.report import treemap
from resnet_bench.report.drawing import Plotly, escaped, short
from resnet_bench.report.figure import Box, Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.palette import DASHES, LIGHT, NEUTRAL, SYMBOLS
from resnet_bench.report.table import Value

_PATTERNS = ("", "/", "x", "-", ".", "\\", "|", "+")
_PLACES = ("top center", "bottom center")
_DIMMED = 0.65
_CROWDED = 24  # series: of more the page draws the foremost alone


def plotly_figure(figure: Figure) -> Plotly:
    """Return `{"data": [...], "layout": {...}}`; `meta.rows` of a trace are its points' rows in the results."""
    boxes = [series for series in figure.series if series.role is Role.BOX]
    launches = [series for series in figure.series if series.role is Role.LAUNCHES]
    others = [series for series in figure.series if series.role not in {Role.BOX, Role.LAUNCHES}]
    data = [_DRAW[series.role](series) for series in others]
    if boxes:
        data += [_boxes(boxes), _launches(launches)]
    if any(series.role is Role.TILES for series in others):
        return {"data": data, "layout": {"updatemenus": [treemap.measures(others[0].tiles)]}}
    layout: Plotly = {"meta": [escaped(it) for it in figure.foremost()]} if _crowded(figure) else {}
    layout |= {"xaxis": _axis(figure.x), "yaxis": _axis(figure.y), "hovermode": "closest"}
    if figure.y.scale is Scale.CATEGORY:
        layout["yaxis"] |= {"autorange": "reversed", "automargin": True}
        if figure.order:
            layout["yaxis"] |= {"categoryorder": "array", "categoryarray": [escaped(name) for name in figure.order]}
        layout["boxgap"] = 0.45
    if any(series.role is Role.BARS for series in others):
        layout |= {"barmode": "stack", "bargap": 0.35}
    return {"data": data, "layout": layout}


def _crowded(figure: Figure) -> bool:
    return figure.y.scale is not Scale.CATEGORY and len({it.legend for it in figure.series if it.rows}) > _CROWDED


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
            "text": [escaped(it) for it in series.labels],
            "textposition": _PLACES[series.dash % len(_PLACES)],
        }
        trace["marker"]["size"] = 11
        if series.labels == (series.name,):
            trace["showlegend"] = False  # its name stands beside it
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
    return _base(series) | {"mode": "lines", "line": {"color": LIGHT[NEUTRAL], "dash": "dot", "width": 1.5}}


def _limit(series: Series) -> Plotly:
    return _base(series) | {"mode": "lines", "line": {"color": LIGHT[NEUTRAL], "dash": "longdash", "width": 1.5}}


def _cliff(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": "x", "size": 13}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": False}


def _frontier(series: Series) -> Plotly:
    line = {"color": LIGHT[NEUTRAL], "dash": _dash(series), "width": 1.5, "shape": "vh"}
    return _base(series) | {"mode": "lines", "line": line, "hoverinfo": "skip"}


def _boxes(series: Sequence[Series]) -> Plotly:
    def column(name: str) -> list[Value]:
        return [short(getattr(box, name)) for box in boxes]

    boxes: list[Box] = [box for it in series for box in it.boxes]
    return {
        "type": "box",
        "name": "samples (box: middle half, whiskers: 5 to 95 %)",
        "orientation": "h",
        "y": [escaped(str(it.y[0])) for it in series],
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
        "x": [short(value) for it in series for value in it.x],
        "y": [escaped(str(value)) for it in series for value in it.y],
        "hovertext": [escaped(text) for it in series for text in it.hover],
        "hoverinfo": "text+y",
        "marker": {"color": colour(1), "symbol": "diamond", "size": 8, "opacity": 0.85},
        "meta": {"rows": [row for it in series for row in it.rows], "cap": True},
    }


def _dots(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": _symbol(series), "size": 8, "opacity": 0.85}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": bool(series.name)} | _bars(series)


def _samples(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": _symbol(series), "size": 5, "opacity": 0.6}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": True}


def _warmup(series: Series) -> Plotly:
    marker = {"color": colour(series.hue), "symbol": f"{_symbol(series)}-open", "size": 5, "opacity": 0.4}
    return _base(series) | {"mode": "markers", "marker": marker, "showlegend": False}


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
    return escaped(name).replace(" · ", "<br>").replace(", ", "<br>")


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
    Role.SAMPLES: _samples,
    Role.WARMUP: _warmup,
    Role.CURVE: _curve,
    Role.BARS: _bars_by,
    Role.TILES: treemap.tiles,
}


def _base(series: Series) -> Plotly:
    return {
        "type": "scatter",
        "name": escaped(series.name),
        "legendgroup": escaped(series.legend),
        "x": [short(value) for value in series.x],
        "y": [short(value) for value in series.y],
        "hovertext": [f"<b>{escaped(series.name)}</b><br>{escaped(text)}" for text in series.hover],
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
        "array": [short(above) for above, _ in known],
        "arrayminus": [short(below) for _, below in known],
        "color": colour(series.hue),
        "thickness": 1.2,
        "width": 3,
    }
    return {"error_x" if series.bounds_on_x else "error_y": bars}


def _axis(axis: FigureAxis) -> Plotly:
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
    return DASHES[series.dash % len(DASHES)]


def _symbol(series: Series) -> str:
    return SYMBOLS[series.hue % len(SYMBOLS)]
