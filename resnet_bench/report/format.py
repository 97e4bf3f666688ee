"""How results are printed."""

from enum import StrEnum


class Format(StrEnum):
    """What a command prints on standard output."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"
