"""How far a long command is, on standard error: one line that changes in a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable
from typing import Self

from resnet_bench.words import logged

_FIRST_S = 0.5
_TERMINAL_S = 0.2
_LOG_S = 10.0
_CLEAR = "\r\x1b[K"


class Ticker:
    """Called with a text as often as there is one; says nothing of what ends within half a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock() + _FIRST_S
        self._terminal = sys.stderr.isatty()
        self._said = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._terminal and self._said:
            print(_CLEAR, end="", file=sys.stderr, flush=True)

    def __call__(self, text: str) -> None:
        """Say it, unless something was said just now."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (_TERMINAL_S if self._terminal else _LOG_S)
        self._said = True
        before, after = (_CLEAR, "") if self._terminal else ("", "\n")
        print(before + logged(text), end=after, file=sys.stderr, flush=True)
