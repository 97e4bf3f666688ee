"""Forms of a document: a member here and the module of its name, whose `render` makes text of any document."""

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self, cast

from resnet_bench.errors import UsageError
from resnet_bench.report.document import Document


class Renderer(Protocol):
    """What each module of this room has."""

    def render(self, document: Document, width: int | None = None, /) -> str:
        """Return a document as text that ends in one newline; `width` is that of a terminal, None cuts nothing."""
        ...


class Format(StrEnum):
    """How results are printed, each with the suffix of its files."""

    suffix: str

    def __new__(cls, name: str, suffix: str) -> Self:
        """Make a member whose value is its name alone."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.suffix = suffix
        return member

    TEXT = "text", ".txt"
    MARKDOWN = "markdown", ".md"
    JSON = "json", ".json"
    CSV = "csv", ".csv"
    LATEX = "latex", ".tex"
    HTML = "html", ".html"


def render(document: Document, form: Format, width: int | None = None) -> str:
    """Return a document in one of the formats, for a terminal of that many columns or for a file."""
    # Each is imported when it is asked for: a page's template engine has no place in the start of `list`.
    module = importlib.import_module(f"{__name__}.{form.value}")
    return cast("Renderer", module).render(document, width)


def of_file(path: Path) -> Format:
    """Return the format that a file's suffix names.

    Raises:
        UsageError: no format has that suffix.
    """
    found = next((it for it in Format if it.suffix == path.suffix.lower()), None)
    if found is None:
        suffixes = ", ".join(it.suffix for it in Format)
        raise UsageError(f"'{path}' does not say its format: end it in one of {suffixes}, or add --format.")
    return found
