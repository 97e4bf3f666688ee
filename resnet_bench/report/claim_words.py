"""A superlative in words, or why there is none: every text, page and hover that ranks figures says it from here."""

from collections.abc import Sequence

from resnet_bench.analysis.claims import Standing
from resnet_bench.words import counted, listed


def superlative(names: Sequence[str], found: Standing, *, quality: str, figure: str) -> str:
    """Return "A is the fastest with 12 images/s", or that it measured that, and why it may not be called so.

    Args:
        names: of the figures, in the order that `found` counts them in.
        found: which is first.
        quality: what it is, as in "the fastest".
        figure: what it measured, with its unit.
    """
    first = names[found.first]
    if found.proven and found.by_correction:
        return f"{first} is {quality}, corrected for drift, and measured {figure}"
    if found.proven:
        return f"{first} is {quality} with {figure}"
    return f"{first} measured {figure}; {doubt(names, found, quality=quality)}"


def doubt(names: Sequence[str], found: Standing, *, quality: str, by: str = "these launches") -> str:
    """Return why the first may not be called so: too few launches, or others that it cannot be told from.

    What cannot tell is `by`.     The page's script (templates/script/decide.js) says the same.
    """
    if found.without_interval:
        return f"that it is {quality} is not proven: {too_few(found.launches)}"
    return f"whether it is {quality} is open: {cannot_tell(names, found, by=by)}"


def cannot_tell(names: Sequence[str], found: Standing, *, by: str = "these launches") -> str:
    """Return "these launches cannot tell it from B and C"."""
    return f"{by} cannot tell it from {listed([names[place] for place in found.rivals])}"


def too_few(launches: int) -> str:
    """Return why there is no interval."""
    return f"{counted(launches, 'launch gives', 'launches give')} no interval"
