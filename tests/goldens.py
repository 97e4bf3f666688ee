"""What golden files hold. UPDATE_GOLDEN=1 writes them anew.

Words and figures for people must be the same to the letter. Floats of JSON and CSV may differ beyond their ninth
digit: a processor's last bits can fall on either side of a rounding.
"""

import os
import re
from itertools import zip_longest
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
FLOAT = re.compile(r"(-?\d+\.\d+(?:e[+-]?\d+)?|-?\d+e[+-]\d+)")


def check(content, name):
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    expected = path.read_text(encoding="utf-8")
    if path.suffix not in {".json", ".csv"} or not alike(content, expected):
        assert content == expected


def alike(content, expected):
    """Whether texts differ in nothing but the last digits of floats: `re.split` leaves those at odd places."""
    pairs = zip_longest(FLOAT.split(content), FLOAT.split(expected), fillvalue="")
    return all(
        left == right or (place % 2 and left and right and float(left) == pytest.approx(float(right), rel=1e-9, abs=0))
        for place, (left, right) in enumerate(pairs)
    )
