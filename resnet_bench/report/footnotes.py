"""Warnings as numbered footnotes: those that differ by their numbers alone are one, with the range of each number."""

import re
from collections.abc import Iterable, Mapping, Sequence

from resnet_bench.report.document import Note

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")


def footnotes(counts: Mapping[str, int]) -> tuple[tuple[Note, ...], dict[str, int]]:
    """Return the notes, and each text's number.

    Args:
        counts: of each distinct text how many cases carry it.
    """
    kinds: dict[str, list[str]] = {}
    for text in counts:
        kinds.setdefault(_NUMBER.sub("#", text), []).append(text)
    notes: list[Note] = []
    numbers: dict[str, int] = {}
    for number, texts in enumerate(kinds.values(), 1):
        notes.append(Note(number=number, text=merged(texts), cases=sum(counts[text] for text in texts)))
        numbers |= dict.fromkeys(texts, number)
    return tuple(notes), numbers


def merged(texts: Sequence[str]) -> str:
    """Return texts of one kind as one: "other processes used 1.3 to 1.6 of 2 cores"."""
    slots = zip(*(_NUMBER.findall(text) for text in texts), strict=True)
    ranges = iter([_range(slot) for slot in slots])
    return _NUMBER.sub(lambda _: next(ranges), texts[0])


def cited(texts: Iterable[str], numbers: Mapping[str, int]) -> str:
    """Return the numbers of a case's notes, each once, in order."""
    return " ".join(str(number) for number in sorted({numbers[text] for text in texts}))


def _range(values: Sequence[str]) -> str:
    low, high = min(values, key=float), max(values, key=float)
    return low if float(low) == float(high) else f"{low} to {high}"
