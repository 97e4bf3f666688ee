"""The folder through which ranks and who holds them together speak: a request, a pulse and an answer of each rank.

Never torch. A rank that dies says nothing, and one that hangs stops where its pulse stands.
"""

import contextlib
import mmap
import os
import struct
import time
from pathlib import Path

import msgspec

from resnet_bench.records import Launch, Record, Skip
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.messages import MeasureRequest

_PULSE = struct.Struct("<qq")  # a count, and the process that counts


class RankRequest(Record, frozen=True, kw_only=True):
    """What each rank is to measure, and the cores of each on its node, none for those that are bound to none."""

    launch: MeasureRequest
    cores: tuple[tuple[int, ...], ...]


class RankFailed(Record, frozen=True, kw_only=True, tag="rank_failed"):
    """A rank could not measure; `of_others` where it only lost the others."""

    skip: Skip
    of_others: bool


RankAnswer = Launch | RankFailed | Failed
_answers = msgspec.json.Decoder(RankAnswer)
_requests = msgspec.json.Decoder(RankRequest)


class RankFolder:
    """The files of a launch's ranks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_request(self, request: RankRequest) -> None:
        """Write what is asked of all."""
        (self.path / "request").write_bytes(msgspec.json.encode(request))
        for rank in range(request.launch.case.world_size):
            self._pulse(rank).write_bytes(_PULSE.pack(0, 0))

    def request(self) -> RankRequest:
        """Read it."""
        return _requests.decode((self.path / "request").read_bytes())

    def write_answer(self, rank: int, answer: RankAnswer) -> None:
        """Write a rank's answer, whole or not at all."""
        half = self.path / f"half-{rank}"
        half.write_bytes(msgspec.json.encode(answer))
        half.rename(self._answer(rank))

    def answer(self, rank: int) -> RankAnswer | None:
        """Return a rank's answer, None where it gave none."""
        try:
            answer: RankAnswer = _answers.decode(self._answer(rank).read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return answer

    def write_statuses(self, node: int, statuses: dict[int, int]) -> None:
        """Write with which status ranks of a node ended that did not end well."""
        (self.path / f"statuses-{node}").write_bytes(msgspec.json.encode(statuses))

    def statuses(self) -> dict[int, int]:
        """Read those of all nodes; none where nothing was written."""
        found: dict[int, int] = {}
        for path in self.path.glob("statuses-*"):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found |= msgspec.json.decode(path.read_bytes(), type=dict[int, int])
        return found

    def write_meeting_point(self, address: str) -> None:
        """Write where the agents of all nodes meet."""
        half = self.path / "half-meeting-point"
        half.write_text(address)
        half.rename(self.path / "meeting-point")

    def meeting_point(self, limit_s: float) -> str:
        """Wait for it.

        Raises:
            TimeoutError: nobody wrote it.
        """
        until = time.monotonic() + limit_s
        while not (self.path / "meeting-point").exists():
            if time.monotonic() > until:
                raise TimeoutError(f"no agent of the first node wrote to {self.path}: is it shared by the nodes?")
            time.sleep(0.05)
        return (self.path / "meeting-point").read_text()

    def pulse(self, rank: int) -> int:
        """Return how far a rank has come."""
        return int(_PULSE.unpack(self._pulse(rank).read_bytes())[0])

    def process(self, rank: int) -> int:
        """Return the process id of a rank on its node, 0 where it has not begun."""
        return int(_PULSE.unpack(self._pulse(rank).read_bytes())[1])

    def beating(self, rank: int) -> "Pulse":
        """Return what a rank moves its pulse by."""
        return Pulse(self._pulse(rank))

    def _pulse(self, rank: int) -> Path:
        return self.path / f"pulse-{rank}"

    def _answer(self, rank: int) -> Path:
        return self.path / f"answer-{rank}"


class Pulse:
    """A number in shared memory that grows with each part of a step: who watches sees where a rank stands still."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _PULSE.size)
        self._count = 0

    def beat(self) -> None:
        """Come further."""
        self._count += 1
        _PULSE.pack_into(self._memory, 0, self._count, os.getpid())
