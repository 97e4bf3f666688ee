"""Runs in processes of their own that are killed at a random moment, and what they said was saved before that.

A worker without torch, a few lines of shell, answers launches with a made-up record: processes, pipes and files are
real, and nothing of the parent is replaced but the path of the interpreter that it starts.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import psutil

from resnet_bench.errors import ResNetBenchError
from resnet_bench.records import Case, Commit, Launch
from resnet_bench.runner import run as runs
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.storage import run_directory
from resnet_bench.wire.answers import Probed, Profiled
from resnet_bench.wire.messages import CeilingsRequest
from tests import make

SIGNALS = (*(signal.SIGKILL,) * 6, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SHELL = """#!/bin/sh
read -r line
end='}'
case=${line#*'"case":'}
index=${line#*'"index":'}
printf '%s%s%s%s%s\\n' 'FIRST' "${case%%$end*}$end" 'SECOND' "${index%%,*}" 'THIRD'
"""


class Stubbed(LocalLauncher):
    """This machine, whose launches the worker of shell answers; what comes before them is made up."""

    def machines(self, _device, subjects=()):
        refused = Profiled(profiles=(), refusals=tuple((it.name, "it is not profiled") for it in subjects))
        return (Probed(device="cpu", environment=make.environment(), profiled=refused),)

    def ask(self, request):
        if isinstance(request, CeilingsRequest):
            raise ResNetBenchError("this machine measures no ceilings.")
        return super().ask(request)


def write_worker(path: Path) -> Path:
    """Write the worker of shell."""
    case, index = '{"@":0}', "987654321"
    record = msgspec.to_builtins(make.launch([0.01] * 8, index=int(index)))
    text = msgspec.json.encode(record | {"case": {"@": 0}}).decode()
    first, _, rest = text.partition(case)
    second, _, third = rest.partition(index)
    assert first
    assert third
    path.write_text(_SHELL.replace("FIRST", first).replace("SECOND", second).replace("THIRD", third))
    path.chmod(0o755)
    return path


def killed(work: Callable[[], object], random: Random, *, within_s: float) -> tuple[set[tuple[Case, int]], int]:
    """Do work in a process, kill it at a moment that nobody knows, and return which launches it had saved, and how.

    The status is 0 where it was done before.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _do(work, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as said:
        said.readline()  # it has begun
        time.sleep(random.random() * within_s)
        os.kill(pid, random.choice(SIGNALS))
        lines = said.read().splitlines()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {msgspec.json.decode(line, type=tuple[Case, int]) for line in lines}, status


def _do(work: Callable[[], object], tell: int) -> None:
    """Do the work as a process of its own would, and tell of each launch once it is saved; never return."""
    status = 1
    try:
        os.setsid()
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        append = run_directory.append

        def telling(directory, entry, *, run):
            append(directory, entry, run=run)
            if isinstance(entry, Launch):
                os.write(tell, msgspec.json.encode((entry.case, entry.index)) + b"\n")

        run_directory.append = telling
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(tell, b"began\n")
        work()
        status = 0
    finally:
        os._exit(status)


def left_behind(worker: Path) -> list[int]:
    """Return processes of the worker that live on a second later."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        living = [it.pid for it in psutil.process_iter() if _is_of(it, worker)]
        if not living:
            return []
        time.sleep(0.1)
    return living


def _is_of(process: psutil.Process, worker: Path) -> bool:
    try:
        return str(worker) in process.cmdline()
    except psutil.Error:
        return False


def with_worker(worker: Path, work: Callable[[], object]) -> Callable[[], object]:
    """Return the work with children that run the worker of shell."""

    def doing():
        sys.executable = str(worker)
        work()

    return doing


def no_commit() -> Commit | None:
    return None


def start_or_resume(directory: Path, suite, launcher) -> None:
    """Begin a run in a folder, or go on with the one that is there."""
    if run_directory.is_run(directory):
        runs.resume(directory, launcher=launcher)
    else:
        runs.start(suite, directory, launcher=launcher)
