"""Several children at once that wait for each other: started, told when all have come as far, and ended together."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from resnet_bench.child.together import LateError
from resnet_bench.profilers.company import SIGNAL, heard
from resnet_bench.records import Launch, Skip
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.messages import CopyRequest
from resnet_bench.wire.setting import compile_caches

_answers = msgspec.json.Decoder(Launch | Skip | Failed)


class Lost(NamedTuple):
    """A child that ended with this status and gave no answer; a negative one is a signal."""

    status: int


Answer = Launch | Skip | Failed | Lost


class Member:
    """One child. Its answer goes to a file: a pipe would be kept open by whatever a model has forked."""

    def __init__(self, request: CopyRequest, folder: Path) -> None:
        folder.mkdir()
        self._said = folder / "answer"
        self.way, theirs = socket.socketpair()
        self.came = 0  # how often it has said that it has come so far
        with theirs, self._said.open("wb") as answers:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "resnet_bench.child.worker"],
                stdin=subprocess.PIPE,
                stdout=answers,
                env=os.environ | compile_caches(folder),
                pass_fds=(theirs.fileno(),),
            )
            own = msgspec.structs.replace(request, way=theirs.fileno())
        with contextlib.suppress(BrokenPipeError), self._process.stdin as line:  # type: ignore[union-attr]
            line.write(msgspec.json.encode(own) + b"\n")  # a child that died before reading says so by its status

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def answer(self) -> Answer | None:
        """Return its answer once it has ended, None before."""
        status = self._process.poll()
        if status is None:
            return None
        try:
            answer: Answer = _answers.decode(self._said.read_bytes())
        except msgspec.DecodeError:
            return Lost(status)
        return answer

    def hear(self) -> bool:
        """Count how often it came; say whether it may say more."""
        said = heard(self.way)
        self.came += len(said)
        return bool(said)

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.way.close()


class Troop:
    """Children of these requests, each with a folder of its own; a context, which ends those that are left."""

    def __init__(self, requests: Sequence[CopyRequest], folder: Path) -> None:
        self._members: list[Member] = []
        self._met = 0
        self._wakes, self._waker = os.pipe()
        for end in (self._wakes, self._waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            for request in requests:
                self._members.append(Member(request, folder / str(request.number)))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def answers(self, deadline_s: float, *, on_met: Callable[[int, Sequence[Member]], None]) -> list[Answer | None]:
        """Return what each child answered: the launch of each, or None of all but the first that gave another answer.

        Args:
            deadline_s: moment of the monotonic clock at which they are given up.
            on_met: hears how often all have met, each time that they do.

        Raises:
            LateError: they have not answered by then; its numbers are those of requests, from 1.
        """
        poller = select.poll()
        ways = {it.way.fileno(): it for it in self._members}
        for descriptor in (self._wakes, *ways):
            poller.register(descriptor, select.POLLIN)
        answers: list[Answer | None] = [None] * len(self._members)
        while not all(isinstance(it, Launch) for it in answers):
            left_s = deadline_s - time.perf_counter()
            if left_s <= 0:
                raise LateError(self._behind(answers))
            for descriptor, _ in poller.poll(left_s * 1000):
                if descriptor == self._wakes:
                    os.read(self._wakes, 4096)
                elif not ways[descriptor].hear():
                    poller.unregister(descriptor)
            answers = [answer or it.answer() for answer, it in zip(answers, self._members, strict=True)]
            ended = [it is not None and not isinstance(it, Launch) for it in answers]
            if any(ended):
                first = ended.index(True)
                return [answer if place == first else None for place, answer in enumerate(answers)]
            self._release(on_met)
        return answers

    def _release(self, on_met: Callable[[int, Sequence[Member]], None]) -> None:
        """Tell all that all have come as far, where they have."""
        if min(it.came for it in self._members) > self._met:
            self._met += 1
            on_met(self._met, self._members)
            for it in self._members:
                with contextlib.suppress(OSError):  # it has just ended, which is seen next
                    it.way.sendall(SIGNAL)

    def _behind(self, answers: Sequence[Answer | None]) -> list[int]:
        waiting = [number for number, answer in enumerate(answers, start=1) if answer is None]
        behind = [number for number in waiting if self._members[number - 1].came <= self._met]
        return behind or waiting

    def _end(self) -> None:
        for it in self._members:
            it.end()
        signal.set_wakeup_fd(-1)
        for descriptor in (self._wakes, self._waker):
            os.close(descriptor)
