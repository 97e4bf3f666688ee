"""Who makes the launches of a sweep: this thread one after another, or a thread for each launch of a fleet."""

import threading
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self

from resnet_bench.records import Case
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.launchers.process import StoppedError
from resnet_bench.wire.messages import CaseRequest

_ENDING_S = 30.0
AnyCaseRequest = CaseRequest[Any]


class Crew(Protocol):
    """Makes launches; a context, which ends those that are under way."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def under_way(self) -> list[AnyCaseRequest]:
        """What was begun and has not been returned."""

    def lane(self, case: Case) -> str:
        """Return what launches of the case wait for."""

    def has_room(self, lane: str) -> bool:
        """Say whether another launch may begin there."""

    def begin(self, request: AnyCaseRequest) -> None:
        """Let a launch be made."""

    def next(self) -> tuple[AnyCaseRequest, Any]:
        """Wait for a launch that is under way, and return it with its answer.

        Raises:
            ResNetBenchError: as the launcher says.
        """

    def finished(self) -> list[tuple[AnyCaseRequest, Any]]:
        """Return what has been answered already, without waiting; errors are passed over."""


def crew(launcher: Launcher) -> Crew:
    """Return who makes launches with that launcher."""
    return Together(launcher) if isinstance(launcher, Fleet) else InTurn(launcher)


class InTurn:
    """One launch after another, in this thread."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self.under_way: list[AnyCaseRequest] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def lane(self, case: Case) -> str:  # noqa: ARG002 - all wait for each other
        """Return the only one."""
        return ""

    def has_room(self, lane: str) -> bool:  # noqa: ARG002 - the only one
        """Say whether nothing is under way."""
        return not self.under_way

    def begin(self, request: AnyCaseRequest) -> None:
        """Keep it for `next`."""
        self.under_way.append(request)

    def next(self) -> tuple[AnyCaseRequest, Any]:
        """Make the launch now."""
        request = self.under_way[0]
        answer = self._launcher.ask(request)
        self.under_way.clear()
        return request, answer

    def finished(self) -> list[tuple[AnyCaseRequest, Any]]:
        """Return nothing: what is answered is returned at once."""
        return []


class Together:
    """As many launches on each machine at once as it has slots."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._room = {name: it.machine.slots for name, it in fleet.launchers.items()}
        self._begun: dict[threading.Thread, AnyCaseRequest] = {}
        self._answers: SimpleQueue[tuple[threading.Thread, Any]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begun:
            self._fleet.stop()
            for thread in self._begun:
                thread.join(_ENDING_S)

    @property
    def under_way(self) -> list[AnyCaseRequest]:
        """What was begun and has not been returned."""
        return list(self._begun.values())

    def lane(self, case: Case) -> str:
        """Return its machine."""
        return case.machine

    def has_room(self, lane: str) -> bool:
        """Say whether a slot of the machine is free."""
        return self._room[lane] > 0

    def begin(self, request: AnyCaseRequest) -> None:
        """Start a thread that asks."""
        thread = threading.Thread(target=self._ask, args=(request,), daemon=True)
        self._begun[thread] = request
        self._room[request.case.machine] -= 1
        thread.start()

    def next(self) -> tuple[AnyCaseRequest, Any]:
        """Return the launch that was answered first."""
        request, answer = self._taken(*self._answers.get())
        if isinstance(answer, BaseException):
            raise answer
        return request, answer

    def finished(self) -> list[tuple[AnyCaseRequest, Any]]:
        """Return what has been answered already."""
        found: list[tuple[AnyCaseRequest, Any]] = []
        while True:
            try:
                request, answer = self._taken(*self._answers.get_nowait())
            except Empty:
                return found
            if not isinstance(answer, BaseException):
                found.append((request, answer))

    def _taken(self, thread: threading.Thread, answer: Any) -> tuple[AnyCaseRequest, Any]:
        request = self._begun.pop(thread)
        self._room[request.case.machine] += 1
        return request, answer

    def _ask(self, request: AnyCaseRequest) -> None:
        try:
            answer = self._fleet.ask(request)
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            answer = error
        self._answers.put((threading.current_thread(), answer))
