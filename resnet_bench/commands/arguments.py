"""Types of arguments that several commands share."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token


def _whole(_type: type[int], tokens: Sequence[Token]) -> int:
    """Read a whole number; the parser's own conversion would round 1.5."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"'{text}' is no whole number.") from None


Whole = Annotated[int, Parameter(converter=_whole)]
