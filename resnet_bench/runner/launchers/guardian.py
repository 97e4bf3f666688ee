"""A process between a parent and its child: it starts a command, and nothing that the command starts outlives it.

Run as a script by its path: `guardian.py REPORT DESCRIPTORS COMMAND...`. All ends when the command ends, or when
standard input closes: the parent is gone, or wants no more. Then one JSON line goes to the descriptor REPORT: how the
command ended by itself, or null, and what could not be ended.

On Linux the guardian inherits every process whose own parent died (PR_SET_CHILD_SUBREAPER), so that one which made a
session of its own is found too. Elsewhere processes are known by a variable of their environment.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

MARK = "_RESNET_BENCH_FAMILY"
_ENDING_S = 10.0
_PAUSE_S = 0.01
# linux/prctl.h
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Start the command of the arguments, and end with it."""
    report, descriptors, *command = sys.argv[1:]
    # What a model tells its parent is none of its business; who ends a run closes standard input.
    wakes = _wake_up_at(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    mark = "" if _prctl(_SET_CHILD_SUBREAPER, 1) else f"{os.getpid()}-{time.time_ns()}"
    child = subprocess.Popen(
        command,
        env={**os.environ, MARK: mark},
        start_new_session=True,
        pass_fds=[int(each) for each in descriptors.split(",") if each],
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
    )
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the pipe of the answer is the child's alone
    status = _status_of(child.pid, wakes)
    left = _end_all(child.pid, mark)
    ended = None if status is None else os.waitstatus_to_exitcode(status)
    os.write(int(report), json.dumps({"status": ended, "left": left}).encode() + b"\n")
    os._exit(0)


def _wake_up_at(*signals: int) -> int:
    """Return a descriptor from which the numbers of these signals are read as they come."""
    wakes, waker = os.pipe()
    for end in (wakes, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    return wakes


def _prctl(option: int, value: int) -> bool:
    """Ask something of the Linux kernel, and say whether it is done."""
    return sys.platform == "linux" and bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def _die_with_parent() -> None:
    """Let the kernel end the child where somebody ends the guardian."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)


def _status_of(pid: int, wakes: int) -> int | None:
    """Return how the child ended, when it does; None where it is to be ended before that."""
    poller = select.poll()
    poller.register(wakes, select.POLLIN)
    poller.register(0, 0)  # its closing alone: what is written there is the child's to read
    while True:
        status = _reaped(pid)
        if status is not None:
            return status
        for descriptor, _ in poller.poll():
            if descriptor == 0:
                return _reaped(pid)
            os.read(wakes, 4096)


def _reaped(pid: int) -> int | None:
    """Take leave of every process that has ended, and return the status of `pid` where it is among them.

    One that has stopped is told to go on: nobody else would, and its answer would be waited for in vain.
    """
    status = None
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            if os.WIFSTOPPED(found[1]):
                with contextlib.suppress(OSError):
                    os.kill(found[0], signal.SIGCONT)
            elif found[0] == pid:
                status = found[1]
    return status


def _end_all(pid: int, mark: str) -> list[str]:
    """End all that the child started and is still here, and name what stays."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + _ENDING_S
    while members := list(_members(mark)):
        for member in members:
            with contextlib.suppress(OSError):
                os.kill(member.pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return [_name(member) for member in members]
        time.sleep(_PAUSE_S)
    return []


def _members(mark: str) -> Iterator[Any]:
    """Yield the processes of the family that are here: those inherited, or those with the mark where there is one."""
    if not mark and _has_no_child():
        return
    import psutil  # noqa: PLC0415 - takes longer than all else here, and is seldom needed

    own = psutil.Process()
    for member in psutil.process_iter() if mark else own.children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):
            marked = not mark or (member != own and member.environ().get(MARK) == mark)
            if marked and member.status() != psutil.STATUS_ZOMBIE:
                yield member
    _reaped(0)


def _has_no_child() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _name(member: Any) -> str:
    import psutil  # noqa: PLC0415 - as above

    with contextlib.suppress(psutil.Error):
        return f"{member.name()} (process {member.pid})"
    return f"process {member.pid}"


if __name__ == "__main__":
    main()
