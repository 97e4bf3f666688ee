"""The colours of figures: Okabe and Ito's, each with a marker or a dash beside it.

Those that are too pale for their ground are darkened (light) or lightened (dark) to a contrast of 3:1. A page swaps the
two palettes by name.
"""

LIGHT = ("#0072B2", "#C64F00", "#00855F", "#B5588E", "#A87400", "#2A8CC4", "#333333", "#857A00")
DARK = ("#4EA3E0", "#F0803C", "#2FC79A", "#E29CC6", "#E8AE2E", "#86CBF3", "#D8D8D8", "#E6DC5C")
SWAP = dict(zip(LIGHT, DARK, strict=True))
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot", "dot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "pentagon")
# Of a light ground: lines that are no series, such as a limit or a frontier.
NEUTRAL = 6
