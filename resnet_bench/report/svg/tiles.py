"""A treemap on paper: two levels of tiles by time, laid out so that they are nearly square.

Bruls, Huizing and van Wijk, "Squarified treemaps", Data Visualization 2000.
"""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_bench.report.figure import Tile
from resnet_bench.report.svg.paper import FONT_PX, shortened, tag, text_px, words

_HEAD_PX = 17.0
_GAP_PX = 1.0
_LEAST_PX = 3.0


class Area(NamedTuple):
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float


def treemap(tiles: Sequence[Tile], area: Area, hue: int = 0) -> list[str]:
    """Return the two upper levels of a tree of tiles; what is too small for a tile is left out."""
    children: dict[str, list[Tile]] = {}
    for tile in tiles:
        children.setdefault(tile.parent, []).append(tile)
    known = {tile.id for tile in tiles}
    roots = [tile for tile in tiles if tile.parent not in known]
    while len(roots) == 1 and roots[0].id in children:
        roots = children[roots[0].id]
    marks = []
    for number, (tile, place) in enumerate(zip(roots, squares([it.time_s for it in roots], area), strict=True)):
        marks.append(_tile(tile, place, hue + number, opacity=0.28))
        inner = Area(place.x, place.y + _HEAD_PX, place.width, place.height - _HEAD_PX)
        parts = children.get(tile.id, [])
        if parts and inner.height > _HEAD_PX and inner.width > _HEAD_PX:
            for part, spot in zip(parts, squares([it.time_s for it in parts], inner), strict=True):
                marks.append(_tile(part, spot, hue + number, opacity=0.35))
    return marks


def _tile(tile: Tile, place: Area, hue: int, *, opacity: float) -> str:
    x, y, width, height = place
    if min(width, height) < _LEAST_PX:
        return ""
    rect = tag(
        "rect",
        x=x + _GAP_PX,
        y=y + _GAP_PX,
        width=max(0.5, width - 2 * _GAP_PX),
        height=max(0.5, height - 2 * _GAP_PX),
        class_=f"f{hue % 8}",
        fill_opacity=opacity,
    )
    label = shortened(tile.label, width - 8)
    fits = height > FONT_PX + 3 and text_px(label) <= width - 8
    return rect + (words(label, x + 4, y + FONT_PX + 2) if fits else "")


def squares(sizes: Sequence[float], area: Area) -> list[Area]:
    """Return a rectangle for each size, of an area in proportion to it, in their order."""
    total = sum(sizes)
    if total <= 0 or area.width <= 0 or area.height <= 0:
        return [Area(area.x, area.y, 0, 0) for _ in sizes]
    scale = area.width * area.height / total
    order = sorted(range(len(sizes)), key=lambda at: -sizes[at])
    found: dict[int, Area] = {}
    x, y, width, height = area
    at = 0
    while at < len(order):
        short = min(width, height)
        row = [order[at]]
        while at + len(row) < len(order):
            longer = [*row, order[at + len(row)]]
            if _worst([sizes[it] * scale for it in longer], short) > _worst([sizes[it] * scale for it in row], short):
                break
            row = longer
        thick = sum(sizes[it] for it in row) * scale / short if short else 0
        along = 0.0
        for it in row:
            long = sizes[it] * scale / thick if thick else 0
            found[it] = Area(x, y + along, thick, long) if width >= height else Area(x + along, y, long, thick)
            along += long
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        at += len(row)
    return [found[it] for it in range(len(sizes))]


def _worst(areas: Sequence[float], side: float) -> float:
    """Return the worst ratio of sides of rectangles in a row along `side`."""
    total = sum(areas)
    if total <= 0 or side <= 0 or min(areas) <= 0:
        return float("inf")
    return max(side**2 * max(areas) / total**2, total**2 / (side**2 * min(areas)))
