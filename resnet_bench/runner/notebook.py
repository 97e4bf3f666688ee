"""A bar of progress in a notebook's cell: plain HTML, updated in place, so that no widget has to be installed."""

import sys
from html import escape
from typing import Any

from resnet_bench.words import plain


def is_here() -> bool:
    """Say whether this process is a notebook's kernel; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class ProgressCell:
    """A bar of `total` steps, a text beside it, and lines that stay."""

    def __init__(self, total: int) -> None:
        from IPython.display import HTML, display  # noqa: PLC0415 - a notebook has it

        self._html: Any = HTML
        self._total = total
        self._done = 0
        self._text = "starting"
        self._lines: list[str] = []
        self._handle: Any = display(self._html(self._shown()), display_id=True)

    def show(self, text: str) -> None:
        """Say what is under way."""
        self._text = text
        self._update()

    def advance(self) -> None:
        """Move on by one step."""
        self._done += 1
        self._update()

    def lengthen(self) -> None:
        """Make the bar one step longer."""
        self._total += 1
        self._update()

    def say(self, line: str) -> None:
        """Keep a line below the bar."""
        self._lines.append(line)
        self._update()

    def close(self) -> None:
        """Leave what was said and how far it went."""
        self._text = f"{self._done} of {self._total} launches"
        self._update()

    def _update(self) -> None:
        self._handle.update(self._html(self._shown()))

    def _shown(self) -> str:
        bar = f'<progress value="{self._done}" max="{self._total}"></progress> {escape(plain(self._text))}'
        return "<br>".join([bar, *(escape(plain(line)) for line in self._lines)])
