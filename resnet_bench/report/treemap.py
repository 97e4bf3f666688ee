"""The treemap of layers: tiles sized by time, MACs or bytes, shaded by arithmetic intensity."""

import math
from collections.abc import Sequence

from resnet_bench.records import Record
from resnet_bench.report.drawing import Plotly, escaped, short
from resnet_bench.report.figure import Series, Tile
from resnet_bench.report.table import Value

# From memory-bound to compute-bound; readable under light and dark text alike (plotly picks by contrast).
_SHADES = ((0, "#5E3C99"), (0.35, "#B2ABD2"), (0.5, "#F7F7F7"), (0.65, "#FDB863"), (1, "#E66101"))
# Below the scale, for what has no intensity: the rest of an iteration, fused kernels.
_GREY, _GREY_SPAN = "#9AA0A6", 0.5
_MOST_TILES = 1000
_HOVER = "<b>%%{label}</b><br>%%{customdata:%s<br>%%{percentParent:.1%%} of %%{parent}<extra></extra>"
_MEBI = 2**20


def tiles(series: Series) -> Plotly:
    """Return the treemap, sized by time; `measures` holds the buttons for the others."""
    held = series.tiles
    shades = [math.log10(tile.intensity) if tile.intensity else None for tile in held]
    known = [shade for shade in shades if shade is not None]
    low, high = (math.floor(min(known)), math.ceil(max(known))) if known else (0, 1)
    high = max(high, low + 1)
    unknown = low - _GREY_SPAN
    start = _GREY_SPAN / (high - unknown)
    return {
        "type": "treemap",
        "name": escaped(series.name),
        "ids": [tile.id for tile in held],
        "parents": [tile.parent for tile in held],
        "labels": [escaped(tile.label) for tile in held],
        **_sized(held, _sizes(held)[0]),
        "branchvalues": "remainder",
        "maxdepth": (3 if len(held) <= _MOST_TILES else 2) + any(tile.parent == "all" for tile in held),
        "textinfo": "label+percent parent",
        "marker": {
            "colors": [unknown if shade is None else short(shade) for shade in shades],
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


class _Size(Record, frozen=True, kw_only=True):
    """A measure that tiles are sized by: what each tile has of it altogether, and in the words of its hover."""

    name: str
    totals: list[Value]
    hover: str


def _sizes(tiles: Sequence[Tile]) -> tuple[_Size, ...]:
    return (
        _Size(name="time", totals=[short(tile.time_s * 1e3) for tile in tiles], hover=_HOVER % ".4~g} ms"),
        _Size(name="MACs", totals=[tile.macs for tile in tiles], hover=_HOVER % ".4~s} MACs"),
        _Size(
            name="bytes moved",
            totals=[short(tile.moved_bytes / _MEBI) for tile in tiles],
            hover=_HOVER % ".4~g} MiB",
        ),
    )


def _sized(tiles: Sequence[Tile], size: _Size) -> Plotly:
    """Return what sizes the tiles: one with others in it has no size of its own, theirs add up; the hover says all."""
    parents = {tile.parent for tile in tiles}
    own = [0 if tile.id in parents else total for tile, total in zip(tiles, size.totals, strict=True)]
    return {"values": own, "customdata": size.totals, "hovertemplate": size.hover}


def measures(tiles: Sequence[Tile]) -> Plotly:
    """Buttons that size the tiles by another measure."""
    buttons = [
        {
            "label": size.name,
            "method": "restyle",
            "args": [{key: [value] for key, value in _sized(tiles, size).items()}],
        }
        for size in _sizes(tiles)
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
