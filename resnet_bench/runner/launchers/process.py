"""One child process, spawned and never forked, with a time limit; nothing that it starts outlives it."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from resnet_bench import scratch
from resnet_bench.records import remarks
from resnet_bench.runner import leftovers
from resnet_bench.runner.launchers.family import Family
from resnet_bench.runner.launchers.variables import child_variables, with_package
from resnet_bench.wire.request import NO_WAY_TO_ANSWER
from resnet_bench.wire.setting import ChildSetting

_ANSWERED_GRACE_S = 0.5
_LONGEST_WAIT_S = 5.0  # of one poll: then it is seen to that nobody has stopped the guardian
_MOST_ERROR_BYTES = 4000
_LONGEST_CAUSE = 500  # characters of what the child said last
_MOST_ANSWER_BYTES = 2**28
_CHUNK_BYTES = 65536


class TimeLimitError(Exception):
    """The child did not answer in time, and was killed."""


class StoppedError(Exception):
    """Somebody here wants no answer any more, and the child was ended."""


class Ended(msgspec.Struct, frozen=True):
    """How a child ended: its exit status, what it answered and what it wrote to standard error.

    No status means that it went on without a way to answer. `left` names what of its family could not be ended.
    """

    returncode: int | None
    answer: bytes
    errors: str
    left: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """Why there is no answer, in words."""
        lines = [line for line in self.errors.strip().splitlines() if line.strip()]
        said = f": {lines[-1].strip()[-_LONGEST_CAUSE:]}" if lines else ""
        if self.returncode is not None and self.returncode < 0:
            return f"{remarks.ended(self.returncode)}{said}"
        if self.answer:
            return "what its process answered is no answer"
        if self.returncode is None or self.returncode == NO_WAY_TO_ANSWER:
            return f"the file descriptors that its process answers through were closed{said}"
        return f"{remarks.ended(self.returncode)}{said}"


def run_child(module: str, line: bytes, *, limit_s: float, setting: ChildSetting) -> Ended:
    """Start `module` in a fresh interpreter, give it a line, and return how it ended.

    Raises:
        TimeLimitError: it took longer than `limit_s`.
    """
    leftovers.clear()
    with scratch.folder("run") as folder:
        # -P: no file of the folder it starts in may shadow a module.
        command = [sys.executable, "-P", "-m", module]
        variables = with_package(child_variables(setting, scratch=folder))
        return converse(command, line, variables=variables, limit_s=limit_s)


def converse(
    command: Sequence[str],
    line: bytes,
    *,
    variables: Mapping[str, str],
    limit_s: float,
    is_answer: Callable[[bytes], bool] = lambda _: True,
    stop: int | None = None,
) -> Ended:
    """Start a command, give it a line, and return how it ended once it has answered: all that it started ends too.

    Args:
        command: what is started.
        line: without its end.
        variables: its whole environment.
        limit_s: seconds that it may take.
        is_answer: says whether a line of its output is the answer; others are passed over.
        stop: a descriptor; whoever closes the other end of it ends this.

    Raises:
        TimeLimitError: it took longer than `limit_s`.
        StoppedError: it was stopped.
    """
    family = Family(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables)
    conversation = _Conversation(family, is_answer)
    grace_s = 0.0
    try:
        conversation.hold(line + b"\n", limit_s, stop)
        grace_s = _ANSWERED_GRACE_S
    finally:
        ending = family.end(grace_s=grace_s)
        conversation.close()
    return Ended(ending.status, conversation.answer, conversation.errors, ending.left)


class _Conversation:
    """A line to the child and one back; of what it says beside that the end is kept, however much it is."""

    def __init__(self, family: Family, is_answer: Callable[[bytes], bool]) -> None:
        self._family = family
        self._is_answer = is_answer
        self._unread = bytearray()
        self._read_bytes = 0
        self._errors = b""
        self.answer = b""  # the line that was answered, without its end; empty where there is none

    @property
    def errors(self) -> str:
        """The last of what was written to standard error."""
        return self._errors.decode(errors="replace")

    def hold(self, line: bytes, limit_s: float, stop: int | None = None) -> None:
        """Send a line, and read to the end of the answer, or to the end of what there is.

        Raises:
            TimeLimitError: neither came in time.
            StoppedError: `stop` was closed at its other end.
        """
        deadline = time.monotonic() + limit_s
        self._send(line)
        answers, errors = self._family.stdout.fileno(), self._family.stderr.fileno()
        poller = select.poll()
        for descriptor in (answers, errors, *(() if stop is None else (stop,))):
            poller.register(descriptor, select.POLLIN)
        while self._read_bytes < _MOST_ANSWER_BYTES:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeLimitError
            self._family.keep_awake()
            for descriptor, _ in poller.poll(min(left_s, _LONGEST_WAIT_S) * 1000):
                if descriptor == stop:
                    raise StoppedError
                chunk = os.read(descriptor, _CHUNK_BYTES)
                if descriptor == errors:
                    self._keep(chunk)
                if not chunk:
                    poller.unregister(descriptor)
                if descriptor == answers and (not chunk or self._finds_answer(chunk)):
                    return

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died before reading; its exit status says why
            self._family.stdin.write(line)
            self._family.stdin.flush()

    def _finds_answer(self, chunk: bytes) -> bool:
        """Take in what was written, and say whether the answer is whole now."""
        self._unread += chunk
        self._read_bytes += len(chunk)
        if b"\n" not in chunk:
            return False
        *whole, rest = bytes(self._unread).split(b"\n")
        self._unread = bytearray(rest)
        found = next((line for line in whole if self._is_answer(line)), None)
        self.answer = found or b""
        return found is not None

    def close(self) -> None:
        """Read what is still to be had of its errors, without waiting, and close the pipes."""
        errors = self._family.stderr.fileno()
        os.set_blocking(errors, False)
        try:
            while chunk := os.read(errors, _CHUNK_BYTES):
                self._keep(chunk)
        except BlockingIOError:
            pass  # somebody who could not be ended still holds it
        self._family.stdout.close()
        self._family.stderr.close()

    def _keep(self, chunk: bytes) -> None:
        self._errors = (self._errors + chunk)[-_MOST_ERROR_BYTES:]
