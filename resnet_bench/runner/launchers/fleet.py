"""Several machines as one launcher: what is asked of a case goes to the machine that the case names."""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from resnet_bench.errors import IncompleteError, ResNetBenchError
from resnet_bench.records import Machine, case_names
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import CaseRequest, ProfileSubject
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")
FoundMachine = Probed | ResNetBenchError


class RemoteLauncher(Launcher, Protocol):
    """A launcher of one machine, asked by several threads at once."""

    machine: Machine

    def stop(self) -> None:
        """End what is under way, whichever thread asked; nothing is asked after that."""

    def close(self) -> None:
        """Let go of what is held between launches."""


class Fleet:
    """Machines by what cases call them; a context, which closes them."""

    def __init__(self, launchers: Sequence[RemoteLauncher]) -> None:
        names = case_names(tuple(it.machine for it in launchers))
        self.launchers = dict(zip(names, launchers, strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _each_at_once([it.close for it in self.launchers.values()])

    def ask(self, request: Request[AnswerT]) -> AnswerT:
        """Return the answer of a fresh process: on the machine of a case, and on the first for all else.

        Raises:
            ResNetBenchError: as the machine's launcher says.
        """
        first = next(iter(self.launchers))
        return self.launchers[request.case.machine if isinstance(request, CaseRequest) else first].ask(request)

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return every machine; the first one profiles `subjects`.

        Raises:
            ResNetBenchError: one of them is not there, lacks the device, or has another release of the product.
        """
        found = self.found(device, subjects)
        for it in found.values():
            if isinstance(it, ResNetBenchError):
                raise it
        return tuple(it for it in found.values() if isinstance(it, Probed))

    def found(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> dict[str, FoundMachine]:
        """Return every machine, or why it cannot be had, asked all at once."""
        found: dict[str, FoundMachine] = {}

        def look(name: str, launcher: RemoteLauncher, asked: tuple[ProfileSubject, ...]) -> None:
            try:
                (found[name],) = launcher.machines(launcher.machine.device or device, asked)
            except ResNetBenchError as error:
                known = f"'{launcher.machine.name}'"
                found[name] = error if known in str(error) else type(error)(f"machine {known}: {error}")

        first = next(iter(self.launchers))
        _each_at_once(
            [
                lambda name=name, launcher=launcher: look(name, launcher, subjects if name == first else ())  # type: ignore[misc]
                for name, launcher in self.launchers.items()
            ]
        )
        lost = IncompleteError("it was not asked: the process is ending.")
        return {name: found.get(name, lost) for name in self.launchers}

    def stop(self) -> None:
        """End what is under way on all of them."""
        for launcher in self.launchers.values():
            launcher.stop()


def _each_at_once(tasks: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
