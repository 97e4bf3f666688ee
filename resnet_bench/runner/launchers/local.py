"""Processes on this machine. Whatever happens to one that measures a case is an answer: a skip with its reason.

The parent never loads torch.
"""

import signal
from collections.abc import Callable
from typing import TypeVar

import msgspec

from resnet_bench.errors import IncompleteError, InternalError, in_words
from resnet_bench.machine import memory_kills
from resnet_bench.records import Skip, SkipReason, remarks
from resnet_bench.runner.launchers.process import Ended, TimeLimitError, run_child
from resnet_bench.runner.progress import warn
from resnet_bench.wire.answers import Failed, Probed
from resnet_bench.wire.messages import AnyAnswer, CaseRequest, ProbeRequest, ProfileSubject
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")

_WORKER = "resnet_bench.child.worker"
_answers = msgspec.json.Decoder(AnyAnswer)


class LocalLauncher:
    """Spawns a fresh interpreter for each request."""

    def __init__(self, *, count_memory_kills: Callable[[], int] = memory_kills.count) -> None:
        self._count_memory_kills = count_memory_kills

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return this machine, and the profiles of `subjects`, from one process.

        Raises:
            DeviceError: the device is not here.
        """
        return (self.ask(ProbeRequest(device=device, subjects=subjects)),)

    def ask(self, request: Request[AnswerT]) -> AnswerT:
        """Return the answer of a fresh child.

        Raises:
            ResNetBenchError: as the child raised it.
            IncompleteError: the child died or did not answer in time, and the request was of no case.
        """
        answer = self._answer(request)
        if isinstance(answer, Failed):
            raise answer.exception()
        if isinstance(answer, request.answers):
            return answer  # type: ignore[return-value] # `answers` is AnswerT at run time
        raise InternalError(f"a child answered a {type(request).__name__} with a {type(answer).__name__}")

    def _answer(self, request: Request[AnswerT]) -> object:
        kills_before = self._count_memory_kills()
        line = msgspec.json.encode(request)
        try:
            ended = run_child(_WORKER, line, limit_s=request.limit_s, setting=request.child_setting)
        except TimeLimitError as error:
            if isinstance(request, CaseRequest):
                return _skip(request, SkipReason.TIMEOUT, remarks.not_finished(request.limit_s))
            raise IncompleteError(f"{request.what}: no answer after {request.limit_s:.0f} s.") from error
        for process in ended.left:
            warn(f"{process} was started by {request.what} and cannot be ended; later measurements share the machine.")
        try:
            return _answers.decode(ended.answer)
        except msgspec.DecodeError as error:
            reason, cause = self._death(ended, kills_before)
            cause += f" ({in_words(error)})" if ended.answer else ""
            if isinstance(request, CaseRequest):
                return _skip(request, reason, cause)
            raise IncompleteError(f"{request.what}: {cause}.") from None

    def _death(self, ended: Ended, kills_before: int) -> tuple[SkipReason, str]:
        if ended.returncode == -signal.SIGKILL and self._count_memory_kills() > kills_before:
            return SkipReason.OUT_OF_MEMORY, remarks.want_of_memory()
        return SkipReason.CRASHED, ended.cause


def _skip(request: CaseRequest[AnswerT], reason: SkipReason, detail: str) -> Skip:
    return Skip(case=request.case, index=request.index, reason=reason, detail=detail)
