"""Counts, lists and text of any origin as people read them."""

import unicodedata
from collections.abc import Sequence


def listed(names: Sequence[str], limit: int = 3) -> str:
    """Return names as prose: "a", "a and b", "a, b, c and 4 more"."""
    if len(names) > limit + 1:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def either(names: Sequence[str]) -> str:
    """Return "a, b or c", with a comma before the last of three and more."""
    *most, last = names
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} or {last}" if most else last


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 case, 12 cases."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def plain(text: str) -> str:
    """Return `text` on one line, with control characters made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if unicodedata.category(char)[0] != "C" else repr(char)[1:-1] for char in text)
