"""One of several processes that run a case at once, and the others: they wait for each other, at work or idle.

A byte each way through a socket: one says that this process has come so far, one says that all have. Never torch.
"""

import select
import socket
from collections.abc import Callable

from resnet_bench.errors import IncompleteError
from resnet_bench.profilers.clock import Clock
from resnet_bench.records import Moments

SIGNAL = b"."
_MOST_BYTES = 64
_GONE = "the process that holds the copies together is gone."


def heard(way: socket.socket) -> bytes:
    """Return what the other end has said, nothing once it is gone: also one that left before it took what it was told.

    The system says of such a one that it reset the connection (unix(7)).
    """
    try:
        return way.recv(_MOST_BYTES)
    except ConnectionResetError:
        return b""


class Company:
    """The others, through the descriptor of a socket; `origin_s` is a moment of the clock that all share."""

    def __init__(self, descriptor: int, clock: Clock, *, origin_s: float) -> None:
        self._way = socket.socket(fileno=descriptor)
        self._clock = clock
        self._origin_s = origin_s
        self._poller = select.poll()
        self._poller.register(self._way, select.POLLIN)

    def now_s(self) -> float:
        """Return the seconds since the shared moment."""
        return self._clock.now() - self._origin_s

    def wait(self) -> None:
        """Do nothing until all are here.

        Raises:
            IncompleteError: nobody is there any more.
        """
        self._say()
        self._take()

    def meet(self, work: Callable[[], object]) -> None:
        """Work until all are here, and do so at least once: who waits is as much of a load as who is timed.

        Raises:
            IncompleteError: nobody is there any more.
        """
        work()
        self._say()
        while not self._poller.poll(0):
            work()
        self._take()

    def _say(self) -> None:
        try:
            self._way.sendall(SIGNAL)
        except BrokenPipeError:
            raise IncompleteError(_GONE) from None

    def _take(self) -> None:
        if not heard(self._way):  # one at most: nobody is told twice before it has said so
            raise IncompleteError(_GONE)


class JointSeries:
    """One series of samples of a process in company: it begins and ends when all are at work."""

    def __init__(self, company: Company, work: Callable[[], object]) -> None:
        self._company = company
        self._work = work
        self._from_s = company.now_s()
        self._began_s: list[float] = []
        company.meet(work)

    def sample(self) -> None:
        """Keep when a sample begins."""
        self._began_s.append(self._company.now_s())

    def finish(self) -> Moments:
        """Go on until all have their samples, and return when those of this process began."""
        self._company.meet(self._work)
        return Moments(began_s=tuple(self._began_s), from_s=self._from_s, to_s=self._company.now_s())
