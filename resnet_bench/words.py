"""Counts, lists and text of any origin as people read them."""

import re
import signal
import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO

# To a limit of 0 and below, on the command line and on the page.
NO_BUDGET = "give a budget above 0"
_COMMAND = re.compile(r"^\s*::|##\[")
# The wide forms too: some spreadsheets compute those.
_FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def listed(names: Sequence[str], limit: int = 3) -> str:
    """Return names as prose: "a", "a and b", "a, b, c and 4 more"."""
    if len(names) > limit + 1:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def sentence(text: str) -> str:
    """Return text as a sentence: with a capital, but where it starts with a name, such as bf16, and a full stop."""
    first = text.partition(" ")[0]
    named = any(char.isupper() or char.isdigit() or char == "_" for char in first)
    return f"{text if named else text[:1].upper() + text[1:]}."


def either(names: Sequence[str]) -> str:
    """Return "a, b or c", with a comma before the last of three and more."""
    *most, last = names
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} or {last}" if most else last


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 case, 12 cases."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def signal_name(number: int) -> str:
    """Return the name of a signal; those for applications are counted from the first, which Python knows alone."""
    try:
        return signal.Signals(number).name
    except ValueError:
        first = getattr(signal, "SIGRTMIN", None)
        return f"SIGRTMIN+{number - first}" if first is not None and number > first else f"signal {number}"


def plain(text: str) -> str:
    """Return `text` on one line, with control characters and separators of lines made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(repr(char)[1:-1] if _breaks_a_line(char) else char for char in text)


def logged(text: str) -> str:
    """Return `text` for a terminal or a CI log: on one line, and no command to whoever reads that log.

    GitHub takes a line that begins with two colons, and `##[` anywhere, for a command; a space keeps them apart.
    """
    return _COMMAND.sub(lambda found: f"{found[0][:-1]} {found[0][-1]}", plain(text))


def celled(text: str) -> str:
    """Return `text` for a cell of CSV, which spreadsheets and logs read too: on one line, no formula and no command.

    An apostrophe before what a spreadsheet would compute makes words of it. A number is no text, and keeps its sign.
    """
    shown = logged(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def say(text: str, *, to: TextIO | None = None) -> None:
    """Print a line as `logged` gives it, at once: on standard error, or where results go."""
    print(logged(text), file=to or sys.stderr, flush=True)


def _breaks_a_line(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "C" or category in {"Zl", "Zp"}
