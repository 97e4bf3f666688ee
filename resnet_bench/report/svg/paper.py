"""What is drawn on: elements as text, the colours by class, and how wide words are.

Elements name their colour by a class, `s3` for a line of hue 3 and `f3` for its filling: a page swaps them in the
dark, and a file of its own brings the rules with it.
"""

from collections.abc import Iterable, Sequence
from html import escape

from resnet_bench.report.palette import LIGHT, SWAP
from resnet_bench.words import plain

FONT_PX = 12
# Of DejaVu Sans, the widest that a drawing meets, as shares of the size: no label is cut, or touches another.
_WIDE, _NARROW, _MEAN = 0.92, 0.33, 0.61
_WIDE_LETTERS = frozenset("mwMW%@")
_NARROW_LETTERS = frozenset("iljtfrI.,:;'|!()[] ")


def text_px(text: str, size: float = FONT_PX) -> float:
    """Return about how wide a text is."""
    return size * sum(_WIDE if it in _WIDE_LETTERS else _NARROW if it in _NARROW_LETTERS else _MEAN for it in text)


def shortened(text: str, room_px: float) -> str:
    """Return a text that fits, cut in its middle: both ends of a name tell it apart."""
    if text_px(text) <= room_px:
        return text
    kept = max(6, int(len(text) * room_px / text_px(text)) - 1)
    return f"{text[: kept // 2 + kept % 2]}…{text[-(kept // 2) :]}"


def number(value: float) -> str:
    """Return a place on paper: a tenth of a pixel is as much as anybody sees."""
    return f"{value:.1f}".removesuffix(".0")


def tag(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Return an element; `class_` is its class, underscores are hyphens."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(it) if isinstance(it, int | float) else escape(plain(it))}"'
        for key, it in attributes.items()
    )
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def words(text: str, x: float, y: float, *, anchor: str = "start", class_: str = "t", **more: str | float) -> str:
    """Return a text at a place."""
    return tag("text", escape(plain(text)), x=x, y=y, text_anchor=anchor, class_=class_, **more)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Return a straight line."""
    return tag("path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, **more: str | float) -> str:
    """Return a line through points."""
    d = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return tag("path", d=f"M{d}", class_=class_, **more)


def rules(palette: Sequence[str], *, ink: str, soft: str, grid: str, accent: str, scope: str = "") -> str:
    """Return the style sheet of a palette, for elements below `scope`."""
    of = f"{scope} " if scope else ""
    found = [
        f"{of}.t{{fill:{ink}}}",
        f"{of}.u{{fill:{soft}}}",
        f"{of}.g{{stroke:{grid};fill:none}}",
        f"{of}.a{{stroke:{soft};fill:none}}",
        f"{of}.b{{stroke:{accent};fill:none;stroke-width:1.5;stroke-dasharray:6 4}}{of}.l{{fill:{accent}}}",
        f"{of}.k{{stroke:{ink};fill:none;stroke-width:1.4}}",
    ]
    for hue, colour in enumerate(palette):
        found.append(f"{of}.s{hue}{{stroke:{colour};fill:none}}{of}.f{hue}{{fill:{colour}}}")
    return "".join(found)


LIGHT_RULES = rules(LIGHT, ink="#16191d", soft="#535b65", grid="#e6e9ed", accent="#0a5c9e")
PAGE_RULES = rules(
    [f"light-dark({light},{dark})" for light, dark in SWAP.items()],
    ink="var(--ink)",
    soft="var(--soft)",
    grid="var(--grid)",
    accent="var(--accent)",
    scope=".static",
)
