"""Launch pairs: two fresh processes at a time, one a side, started in random order and never left behind."""

import contextlib
import random
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from resnet_bench.records.live import Side, Start
from resnet_bench.runner.launchers.fork_server import Child, Server
from resnet_bench.wire.setting import ChildSetting

PAIRS_PER_SERVER = 10


def best_start(sides: tuple[Side, Side], settings: tuple[ChildSetting, ChildSetting]) -> Start:
    """Return FORKED where it is safe and both sides run in one environment: a pair took 1.6 s and not 7 on one core."""
    apart = any(side.python for side in sides) or settings[0] != settings[1]
    return Start.FORKED if sys.platform == "linux" and not apart else Start.SPAWNED


class LaunchPairs:
    """A context manager; `pair` starts the next launch pair."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        *,
        settings: tuple[ChildSetting, ChildSetting],
        start: Start,
        answer_limit_s: float,
        rng: random.Random,
    ) -> None:
        self._sides = sides
        self._settings = settings
        self._start = start
        self._answer_limit_s = answer_limit_s
        self._rng = rng
        self._stack = contextlib.ExitStack()
        self._server: Server | None = None
        self._forked_pairs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def pair(self) -> Iterator[tuple[Child, Child]]:
        """Yield a fresh process of each side and end both.

        Raises:
            IncompleteError: a process could not start.
        """
        children: dict[int, Child] = {}
        with contextlib.ExitStack() as stack:
            for index in self._rng.sample((0, 1), 2):
                server = self._shared() if self._start is Start.FORKED else stack.enter_context(self._fresh(index))
                children[index] = server.fork(self._sides[index], answer_limit_s=self._answer_limit_s)
                stack.callback(children[index].end)
            self._forked_pairs += 1
            yield children[0], children[1]

    def _shared(self) -> Server:
        """Return the server of both sides, a new one from time to time: where torch's code lies is luck as well."""
        if self._server is None or self._forked_pairs >= PAIRS_PER_SERVER:
            self._stack.close()
            self._server, self._forked_pairs = self._stack.enter_context(self._fresh(0)), 0
        return self._server

    def _fresh(self, index: int) -> Server:
        return Server(self._sides[index], self._settings[index])
