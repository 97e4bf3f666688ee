"""Markers by hue, beside their colours: who sees no colours tells series apart by them."""

import math

from resnet_bench.report.palette import SYMBOLS
from resnet_bench.report.svg.paper import number, tag

_CORNERS = {
    "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "diamond": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "triangle-up": [(0, -1.15), (1.05, 0.75), (-1.05, 0.75)],
    "triangle-down": [(0, 1.15), (1.05, -0.75), (-1.05, -0.75)],
    "star": [
        (r * math.sin(math.pi * at / 5), -r * math.cos(math.pi * at / 5))
        for at in range(10)
        for r in [1.3 - 0.75 * (at % 2)]
    ],
    "pentagon": [(1.1 * math.sin(math.tau * at / 5), -1.1 * math.cos(math.tau * at / 5)) for at in range(5)],
}


def marker(x: float, y: float, hue: int, class_: str, radius: float = 4.0, **more: str | float) -> str:
    """Return the marker of a hue at a place."""
    corners = _CORNERS.get(SYMBOLS[hue % len(SYMBOLS)])
    if corners is None:
        return tag("circle", cx=x, cy=y, r=radius, class_=class_, **more)
    d = "L".join(f"{number(x + radius * dx)} {number(y + radius * dy)}" for dx, dy in corners)
    return tag("path", d=f"M{d}Z", class_=class_, **more)
