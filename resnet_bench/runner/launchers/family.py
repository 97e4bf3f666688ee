"""A command with everything that it starts, however it starts it: one family, which ends as a whole."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

_GUARDIAN = Path(__file__).with_name("guardian.py")
_ENDING_LIMIT_S = 20.0  # the guardian's own ten seconds, and a machine that is busy
_REPORT_BYTES = 65536


class Ending(NamedTuple):
    """How a family ended: the command's exit status, None where it had to be ended, and what could not be ended."""

    status: int | None
    left: tuple[str, ...] = ()


class Family:
    """A command under a guardian, started at once; `end` ends it, and so does the end of this process.

    The command reads its standard input from `stdin`; closing that ends the family.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
        pass_fds: Iterable[int] = (),
    ) -> None:
        self._report, theirs = os.pipe()
        descriptors = tuple(pass_fds)
        # -P: no file beside the guardian may shadow a module that it imports.
        guarded = [sys.executable, "-P", str(_GUARDIAN), str(theirs), ",".join(map(str, descriptors)), *command]
        try:
            self._guardian = subprocess.Popen(
                guarded,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env=env,
                pass_fds=(theirs, *descriptors),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._report)
            raise
        finally:
            os.close(theirs)

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe that the command reads."""
        return _pipe(self._guardian.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe that the command writes to, where `stdout` was `subprocess.PIPE`."""
        return _pipe(self._guardian.stdout)

    @property
    def stderr(self) -> IO[bytes]:
        """The pipe of its errors, where `stderr` was `subprocess.PIPE`."""
        return _pipe(self._guardian.stderr)

    def keep_awake(self) -> None:
        """Let the guardian go on where its child has stopped it; who is stopped sees nothing end."""
        with contextlib.suppress(OSError):
            if os.waitid(os.P_PID, self._guardian.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None:
                self._guardian.send_signal(signal.SIGCONT)

    def end(self, *, grace_s: float = 0.0) -> Ending:
        """End all of it, after the time that the command gets to end by itself, and say how it ended."""
        try:
            said = self._said(grace_s)
        except BaseException:  # a Ctrl-C in that moment
            self._stop()
            self._close()
            raise
        self._stop()
        said = self._said(_ENDING_LIMIT_S) if said is None else said
        self._close()
        if not said:  # somebody has ended the guardian
            return Ending(self._guardian.returncode)
        found = json.loads(said)
        return Ending(found["status"], tuple(found["left"]))

    def _said(self, limit_s: float) -> bytes | None:
        """Return the guardian's report, empty where it ended without one; None where it has not come in time."""
        poller = select.poll()
        poller.register(self._report, select.POLLIN)
        return os.read(self._report, _REPORT_BYTES) if poller.poll(limit_s * 1000) else None

    def _stop(self) -> None:
        self.keep_awake()
        with contextlib.suppress(OSError):
            self.stdin.close()

    def _close(self) -> None:
        """Wait for the guardian, which has little left to do; one that does not end in time is killed."""
        try:
            self._guardian.wait(_ENDING_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.wait()
        finally:
            os.close(self._report)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("it was not started with this pipe")
    return stream
