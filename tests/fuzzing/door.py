"""Commands on damaged files, in a process that may hang or die, held against what the command line promises.

Whatever lies in a file: one of the documented exit codes, one line that starts with `error:` where it is a refusal, no
control character and no workflow command on either stream, no hang, no want of memory, nothing written elsewhere.
"""

import contextlib
import csv
import io
import json
import multiprocessing
import os
import re
import resource
import shutil
import sys
import time
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

import pytest

from resnet_bench import cli
from resnet_bench.errors import ResNetBenchError
from resnet_bench.runner import run as runs
from resnet_bench.storage import run_directory
from resnet_bench.wire.answers import Fits
from resnet_bench.wire.messages import FitRequest, LayersRequest
from tests import make
from tests.fuzzing import corpus, mutations
from tests.runner.instant import Machine

LIMIT_S = 20.0
LIMIT_BYTES = 500 * 2**20
# Above this the machine would suffer before the contract is found broken.
_MOST_BYTES = 4 * 2**30
_ANNOTATION = re.compile(r"::(error|warning|notice) title=")
csv.field_size_limit(2**28)
_PYTHON_SAYS = re.compile(r"\.py:\d+: \w*Warning|Traceback|Exception ignored")
CODES = {0: "accepted", 1: "a gate found something", 2: "refused", 3: "incomplete"}


class Done(NamedTuple):
    """How a command ended; a code of None where it did not."""

    code: int | None
    out: str = ""
    err: str = ""
    seconds: float = LIMIT_S
    grown_bytes: int = 0


class Tried(NamedTuple):
    """One example: what was damaged and how, the command, how it ended, and what of the contract it broke."""

    file: str
    damage: str
    command: str
    done: Done
    fault: str

    @property
    def outcome(self) -> str:
        """What is counted."""
        return self.fault.partition(":")[0] or CODES[self.done.code or 0]

    def __str__(self) -> str:
        said = f"; {self.done.err.strip().splitlines()[-1][:300]}" if self.done.err.strip() else ""
        return f"{self.file}, {self.damage}: {self.command}: {self.fault or self.outcome}{said}"


class Door:
    """The folder of good files, and the process that runs commands in it; a context manager."""

    def __init__(self, scratch: Path) -> None:
        # Two folders between the files and what is watched: "../../esc" is seen.
        self._watched = (scratch, scratch / "a", scratch / "a" / "b")
        self._home, self._pristine = scratch / "a" / "b" / "home", scratch / "pristine"
        self._patch = pytest.MonkeyPatch()
        self._patch.setenv("XDG_CACHE_HOME", str(self._home / "caches"))
        self._places = corpus.build(self._home, self._home / "caches")
        shutil.copytree(self._home, self._pristine)
        self._names = self._listed()
        self._process: SpawnProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end()
        self._patch.undo()

    def try_one(self, random: Random) -> Tried:
        """Damage one file, run one command that reads it, and bring everything back."""
        if self._process is None:
            self._start()  # before anything is damaged: it reads a run
        files = sorted(self._places)
        (file,) = random.choices(files, [corpus.WEIGHTS.get(it, 1) for it in files])
        command = random.choice(corpus.COMMANDS[file])
        path = self._home / self._places[file]
        writes, fault = any(it in command for it in corpus.WRITING), "it was not tried"
        try:
            how = mutations.damage(path, random)
            before = self._held(path)
            done = self._run(command)
            fault = broken(command, done)
            if not fault and not writes and self._held(path) != before:
                fault = "changed its input"
            if not fault and self._listed() != self._names:
                fault = f"wrote outside of its folder: {sorted(self._listed() - self._names)}"
            return Tried(file, how, command, done, fault)
        finally:  # hypothesis ends an example in the middle of a draw
            self._restore(path, whole=writes or bool(fault))

    def _held(self, path: Path) -> bytes | None:
        is_small = path.is_file() and not path.is_symlink() and path.stat().st_size < 2**24
        return path.read_bytes() if is_small and os.access(path, os.R_OK) else None

    def _listed(self) -> set[str]:
        return {str(it) for folder in self._watched for it in folder.iterdir()}

    def _restore(self, path: Path, *, whole: bool) -> None:
        if whole:
            for stray in self._listed() - self._names:
                shutil.rmtree(stray, ignore_errors=True)
            for entry in self._home.iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.copytree(self._pristine, self._home, symlinks=True, dirs_exist_ok=True)
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        shutil.copy(self._pristine / path.relative_to(self._home), path)
        shutil.rmtree(self._home / "new")
        (self._home / "new").mkdir()

    def _run(self, command: str) -> Done:
        self._ours.send(command.split())
        if not self._ours.poll(LIMIT_S):
            self._end()
            return Done(code=None)
        try:
            return self._ours.recv()
        except (EOFError, ConnectionError):
            return Done(code=None, err=f"the process ended with {self._end()}", seconds=0.0)

    def _start(self) -> None:
        # Not forked: what this process holds, threads and address space above all, is no command's.
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, self._home), daemon=True)
        self._process.start()
        theirs.close()
        self._ours.recv()  # that it is ready: no example waits for imports

    def _end(self) -> int | None:
        """End the process; return its exit status, negative where a signal ended it before."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.join(1.0)
        process.kill()
        process.join()
        self._ours.close()
        return process.exitcode


def broken(command: str, done: Done) -> str:
    """Return what of the contract a command broke, "" where it kept it; what stands before the colon is counted."""
    if done.code is None:
        return "hang" if done.seconds >= LIMIT_S else "died"
    if done.code not in CODES:
        return f"exit code {done.code}"
    if done.grown_bytes > LIMIT_BYTES:
        return f"memory: {done.grown_bytes >> 20} MiB"
    lines = done.err.split("\n")[:-1]
    shown = lines if "--format json" in command or "csv" in command else [*lines, *done.out.split("\n")]
    return _said(lines, done) or _seen(shown) or ("" if done.code == 2 else _not_data(command, done.out))


def _said(lines: list[str], done: Done) -> str:
    """Return what is wrong with the errors among the lines."""
    errors = [line for line in lines if line.startswith("error: ")]
    if len(errors) > 1 or (done.code != 3 and (done.code == 2) != bool(errors)):
        return f"lines that start with error: {len(errors)} of them with exit code {done.code}"
    if errors and lines[-1] != errors[0]:
        return "something is said after the error"
    return "traceback" if _PYTHON_SAYS.search(done.err) else ""


def _seen(lines: list[str]) -> str:
    """Return what reaches a terminal or a log that should not."""
    for line in lines:
        if not line.isprintable():
            return f"control character: {line[:80]!r}"
        if (line.lstrip().startswith("::") and not _ANNOTATION.match(line)) or "##[" in line:
            return f"workflow command: {line[:80]!r}"
    return ""


def _not_data(command: str, out: str) -> str:
    try:
        if "--format json" in command:
            json.loads(out)
        elif "--format csv" in command or "--to csv" in command:
            rows = list(csv.reader(io.StringIO(out)))
            if len({len(row) for row in rows}) > 1:
                return "csv: rows of several lengths"
    except (ValueError, csv.Error) as error:
        return f"data: {error}"
    return ""


class _Stub(Machine):
    """The machine of the runs in the corpus; every batch size fits it up to four."""

    def __init__(self, environment: object) -> None:
        super().__init__()
        self.environment = environment

    def ask(self, request):
        if isinstance(request, FitRequest):
            if request.case.batch_size > 4:
                raise ResNetBenchError("does not fit")
            return Fits(iteration_s=0.1, peak_allocated_bytes=1)
        if isinstance(request, LayersRequest):
            return make.skip(request.case)
        return super().ask(request)


def _serve(connection: Connection, home: Path) -> None:
    """Run commands as they come, in this process, until it is ended."""
    os.chdir(home)
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, resource.RLIM_INFINITY))
    patch = pytest.MonkeyPatch()
    _Stub(run_directory.load(home / "run").header.environments[0]).install(patch)
    patch.setattr(runs, "current_commit", lambda: None)
    patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    sys.stdin = io.StringIO()
    for line in ("report run --format text", "report run -o new/page.html", "compare run other"):
        _done(line.split())  # what is imported late, and the memory that it takes, are no example's
    connection.send(None)
    while True:
        connection.send(_done(connection.recv()))


def _done(arguments: list[str]) -> Done:
    out, err = io.StringIO(), io.StringIO()
    held, began = _peak_bytes(), time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.run(arguments)
        except BaseException as error:  # noqa: BLE001 - what passes the door is what is looked for
            code = -1
            err.write(f"Traceback: {error!r}")
    return Done(int(code), out.getvalue(), err.getvalue(), time.monotonic() - began, _peak_bytes() - held)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
