"""The sides' processes as the parent sees them: a fork server, its children, and the conversation with each."""

import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self, TypeVar

import msgspec

from resnet_bench import HOME, scratch
from resnet_bench.errors import IncompleteError, InternalError, UnsupportedError, UsageError
from resnet_bench.records.live import Side
from resnet_bench.runner import leftovers
from resnet_bench.runner.launchers.family import Family
from resnet_bench.runner.launchers.process import Ended
from resnet_bench.runner.launchers.variables import child_variables
from resnet_bench.wire.live import (
    MESSAGE_BYTES,
    BoundToCore,
    Compared,
    Elapsed,
    Fork,
    Forked,
    LiveRequest,
    Ready,
    Reap,
    Reaped,
    Refused,
)
from resnet_bench.wire.setting import ChildSetting

START_LIMIT_S = 300.0
_LAST_BYTES = 4000
_LONGEST = 500
_START = "import sys; sys.path.insert(0, sys.argv[1]); from resnet_bench.child.live_server import main; main()"

AnswerT = TypeVar("AnswerT")
ServerAnswerT = TypeVar("ServerAnswerT", Forked, Reaped)


class Server:
    """A process of `side`'s interpreter that forks children; a context manager that ends it and waits for it."""

    def __init__(self, side: Side, setting: ChildSetting) -> None:
        leftovers.clear()
        self._label = side.label
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        self._control, theirs = socket.socketpair()
        with contextlib.ExitStack() as stack, theirs:
            variables = child_variables(setting, scratch=stack.enter_context(scratch.folder("live")))
            # -P: no folder may shadow the harness while it is imported.
            self._family = Family(
                [side.python or sys.executable, "-P", "-c", _START, str(HOME), str(theirs.fileno())],
                stderr=self._errors,
                stdout=self._errors,
                env=variables,
                pass_fds=(theirs.fileno(),),
            )
            self._scratch = stack.pop_all()
        self._control.settimeout(START_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        self._family.end()
        self._errors.close()
        self._scratch.close()

    def fork(self, side: Side, *, answer_limit_s: float) -> "Child":
        """Return a fresh child for `side`.

        Raises:
            IncompleteError: the server died, for instance because torch cannot be imported.
        """
        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - the child's end() closes it
        with theirs:
            pid = self._ask(Fork(), Forked, theirs.fileno(), errors.fileno()).pid
        ours.settimeout(answer_limit_s)
        return Child(side, self, pid, ours, errors)

    def reap(self, pid: int) -> int:
        """Wait for a child and return its exit code, negative for a signal."""
        return self._ask(Reap(pid=pid), Reaped).code

    def _ask(self, request: Fork | Reap, answer: type[ServerAnswerT], *descriptors: int) -> ServerAnswerT:
        try:
            socket.send_fds(self._control, [msgspec.json.encode(request)], descriptors)
            message = self._control.recv(MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            raise IncompleteError(f"{self._label}: its process could not start: {_last_line(self._errors)}.")
        return msgspec.json.decode(message, type=answer)


class Child:
    """A side's process: one JSON line each way."""

    def __init__(self, side: Side, server: Server, pid: int, conversation: socket.socket, errors: IO[bytes]) -> None:
        self.side = side
        self._server = server
        self._pid = pid
        self._conversation = conversation
        self._answers = conversation.makefile("rb")
        self._errors = errors

    def ask(self, request: LiveRequest[AnswerT]) -> AnswerT:
        """Send a request and return its answer; raises as `answer`."""
        self.send(request)
        return self.answer(request)

    def send(self, request: LiveRequest[AnswerT]) -> None:
        """Send a request; a child that has died says so in `answer`."""
        with contextlib.suppress(OSError):
            self._conversation.sendall(msgspec.json.encode(request) + b"\n")

    def answer(self, request: LiveRequest[AnswerT]) -> AnswerT:
        """Return the answer to the request that was sent last.

        Raises:
            UsageError: the side cannot measure the case.
            UnsupportedError: nobody could: what it computes is not the network.
            IncompleteError: the process died or did not answer in time.
        """
        try:
            line = self._answers.readline()
        except TimeoutError:
            limit = self._conversation.gettimeout()
            raise IncompleteError(f"{self.side.label}: no answer within {limit:g} s; its process was ended.") from None
        except OSError:
            line = b""
        if not line:
            code = self._server.reap(self._pid)
            _kill(os.killpg, self._pid)  # what it left behind
            self._pid = 0
            raise IncompleteError(f"{self.side.label}: {Ended(code, b'', _last_words(self._errors)).cause}.")
        answer = msgspec.json.decode(line, type=Ready | BoundToCore | Elapsed | Compared | Refused)
        if isinstance(answer, Refused):
            refusal = UnsupportedError if answer.unsupported else UsageError
            raise refusal(f"{self.side.label}: {answer.message.rstrip('.')}.")
        if not isinstance(answer, request.answer):
            raise InternalError(f"a side answered a {type(request).__name__} with a {type(answer).__name__}")
        return answer  # type: ignore[return-value] # `answer` is AnswerT at run time

    def end(self) -> None:
        """Kill the process, which has nothing to lose, and wait until it is gone."""
        if self._pid:
            for kill in (os.kill, os.killpg):  # it may not have made its group yet
                _kill(kill, self._pid)
            with contextlib.suppress(IncompleteError):  # the server is gone too
                self._server.reap(self._pid)
        self._answers.close()
        self._conversation.close()
        self._errors.close()


def _kill(kill: Callable[[int, int], None], pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill(pid, signal.SIGKILL)


def _last_words(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _LAST_BYTES))
    return errors.read().decode(errors="replace")


def _last_line(errors: IO[bytes]) -> str:
    said = _last_words(errors).strip().splitlines()
    return said[-1][-_LONGEST:] if said else "without a word"
