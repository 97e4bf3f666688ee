"""What a launcher is: it gets an answer to a request from a fresh process, somewhere."""

from typing import Protocol, TypeVar

from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import ProfileSubject
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")


class Launcher(Protocol):
    """Starts a process for each request and returns its answer; every process is fresh."""

    def ask(self, request: Request[AnswerT]) -> AnswerT:
        """Return the answer of a fresh process.

        Raises:
            ResNetBenchError: as the child raised it.
            IncompleteError: the child died or did not answer in time; of a case's request that is a `Skip` instead.
        """

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return each machine that it starts processes on, as seen by `device`; the first one profiles `subjects`.

        Raises:
            DeviceError: a machine has no such device.
        """
