"""One child process, spawned and never forked, in its own process group and with a time limit."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec

from resnet_bench.runner.launchers.variables import child_variables, with_package
from resnet_bench.wire.setting import ChildSetting

_ANSWERED_GRACE_S = 0.5
_MOST_ERROR_BYTES = 4000


class TimeLimitError(Exception):
    """The child did not answer in time, and was killed."""


class Ended(msgspec.Struct, frozen=True):
    """How a child ended: its exit status, what it answered and what it wrote to standard error."""

    returncode: int
    answer: bytes
    errors: str

    @property
    def cause(self) -> str:
        """Why there is no answer, in words."""
        lines = [line for line in self.errors.strip().splitlines() if line.strip()]
        said = f": {lines[-1].strip()}" if lines else ""
        if self.returncode < 0:
            return f"the process died of {signal.Signals(-self.returncode).name}{said}"
        return f"the process ended with status {self.returncode} and no answer{said}"


def run_child(module: str, line: bytes, *, limit_s: float, setting: ChildSetting) -> Ended:
    """Start `module` in a fresh interpreter, give it a line, and return how it ended.

    Raises:
        TimeLimitError: it took longer than `limit_s`.
    """
    with tempfile.TemporaryDirectory(prefix="resnet-bench-") as scratch, tempfile.TemporaryFile() as errors:
        # stdin stays open while the child works: its closing tells the child that the parent is gone.
        child = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=with_package(child_variables(setting, scratch=Path(scratch))),
            start_new_session=True,
        )
        try:
            answer = _converse(child, line + b"\n", limit_s)
        finally:
            _end(child)
        errors.seek(0)
        return Ended(child.returncode, answer, errors.read()[-_MOST_ERROR_BYTES:].decode(errors="replace"))


def _converse(child: subprocess.Popen[bytes], line: bytes, limit_s: float) -> bytes:
    if child.stdin is None or child.stdout is None:  # for the type checker: both are pipes
        raise ValueError("the child has no pipes")
    with contextlib.suppress(BrokenPipeError):  # it died before reading; its exit status says why
        child.stdin.write(line)
        child.stdin.flush()
    alarm = _Alarm(child, limit_s)
    try:
        answer = child.stdout.read()
    finally:
        alarm.cancel()
    if alarm.rang:
        raise TimeLimitError
    return answer


class _Alarm:
    """Kills the child's process group when its time is up."""

    def __init__(self, child: subprocess.Popen[bytes], limit_s: float) -> None:
        self.rang = False
        self._child = child
        self._timer = threading.Timer(min(limit_s, threading.TIMEOUT_MAX), self._ring)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        _kill_group(self._child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave no process of the child's group behind; one that has answered gets a moment to leave by itself."""
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        child.wait(timeout=_ANSWERED_GRACE_S)
    _kill_group(child)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # already gone
