"""The sides' processes as the parent sees them: a fork server, its children, and the conversation with each."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import IO, Any, Self

from resnet_bench import HOME
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.records.live import Side

START_LIMIT_S = 300.0
_START = "import sys; sys.path.insert(0, sys.argv[1]); from resnet_bench.child.live_server import main; main()"
_MESSAGE_BYTES = 4096


class Server:
    """A process of `side`'s interpreter that forks children; a context manager that ends it and waits for it."""

    def __init__(self, side: Side, *, threads: int) -> None:
        self._label = side.label
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        self._control, theirs = socket.socketpair()
        variables = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        variables.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with theirs:
            # -P: no folder may shadow the harness while it is imported.
            self._process = subprocess.Popen(
                [side.python or sys.executable, "-P", "-c", _START, str(HOME), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stderr=self._errors,
                stdout=self._errors,
                env=variables,
                pass_fds=(theirs.fileno(),),
            )
        self._control.settimeout(START_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def fork(self, side: Side, *, answer_limit_s: float) -> "Child":
        """Return a fresh child for `side`.

        Raises:
            IncompleteError: the server died, for instance because torch cannot be imported.
        """
        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - the child's end() closes it
        with theirs:
            pid = self._ask({"type": "fork"}, theirs.fileno(), errors.fileno())["pid"]
        ours.settimeout(answer_limit_s)
        return Child(side, self, pid, ours, errors)

    def reap(self, pid: int) -> int:
        """Wait for a child and return its exit code, negative for a signal."""
        return self._ask({"type": "reap", "pid": pid})["code"]

    def _ask(self, request: dict[str, Any], *descriptors: int) -> dict[str, int]:
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            message = self._control.recv(_MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            self._process.kill()
            raise IncompleteError(f"{self._label}: its process could not start: {_last_line(self._errors)}.")
        answer: dict[str, int] = json.loads(message)
        return answer


class Child:
    """A side's process: one JSON line each way."""

    def __init__(self, side: Side, server: Server, pid: int, conversation: socket.socket, errors: IO[bytes]) -> None:
        self.side = side
        self._server = server
        self._pid = pid
        self._conversation = conversation
        self._answers = conversation.makefile("rb")
        self._errors = errors

    def send(self, message: dict[str, Any]) -> None:
        """Send a request; a child that has died says so in `receive`."""
        with contextlib.suppress(OSError):
            self._conversation.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        """Return the answer.

        Raises:
            UsageError: the side cannot measure the case.
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
            self._pid = 0
            raise IncompleteError(f"{self.side.label}: its process ended with {code}: {_last_line(self._errors)}.")
        answer: dict[str, Any] = json.loads(line)
        if answer["type"] == "refused":
            raise UsageError(f"{self.side.label}: {answer['message'].rstrip('.')}.")
        return answer

    def end(self) -> None:
        """Kill the process, which has nothing to lose, and wait until it is gone."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            with contextlib.suppress(IncompleteError):  # the server is gone too
                self._server.reap(self._pid)
        self._answers.close()
        self._conversation.close()
        self._errors.close()


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip().splitlines()
    return said[-1] if said else "without a word"
