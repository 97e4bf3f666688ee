"""Launches on another machine: the far end answers there, as the local launcher would.

Whatever goes wrong on the way is no result: a case's launch is a skip, interrupted, and `--resume` measures it again.
"""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar, cast

import msgspec

from resnet_bench.errors import IncompleteError, InternalError, UsageError, in_words
from resnet_bench.records import Launch, Machine, Skip, SkipReason, remarks
from resnet_bench.runner.launchers.process import Ended, TimeLimitError
from resnet_bench.wire.answers import Failed, Probed
from resnet_bench.wire.delivery import PROTOCOL, Delivery, Errand, Salutation, own_release
from resnet_bench.wire.messages import CaseRequest, ProbeRequest, ProfileSubject
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")

FAR_END = "resnet_bench.runner.launchers.far_end"
# What a launch may take beyond its own limit: a login, an interpreter that starts from a slow disk, an answer.
WAY_S = 60.0
# Clocks that are kept agree to a second; of less nobody is misled.
_CLOCKS_S = 60.0
_FOREIGN = "what came is the answer to something else"
_deliveries = msgspec.json.Decoder(Delivery)
_salutations = msgspec.json.Decoder(Salutation)


class LostError(Exception):
    """No answer came back, for the reason in words."""


class OtherReleaseError(UsageError):
    """Another release of the product is there than here."""


class ElsewhereLauncher:
    """Starts processes on one machine; how an errand gets there, a launcher says by `exchange`.

    `bystanders` are marks of the command lines of processes that the engine keeps on the machine.
    """

    bystanders: ClassVar[tuple[str, ...]] = ()

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.stopped, stop = os.pipe()
        self._stop: int | None = stop
        self._closing = threading.Lock()

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return that machine, and the profiles of `subjects`, from one process.

        Raises:
            DeviceError: the device is not there.
            UsageError: another release of the product is.
            IncompleteError: it gives no answer.
        """
        return (self.ask(ProbeRequest(device=device, subjects=subjects)),)

    def ask(self, request: Request[AnswerT]) -> AnswerT:
        """Return the answer of a fresh process there.

        Raises:
            ResNetBenchError: as the child raised it.
            UsageError: another release of the product is there.
            IncompleteError: there is no answer, and the request was of no case.
            StoppedError: `stop` was called.
        """
        of_a_case = isinstance(request, CaseRequest)
        try:
            answer = self._answered(request)
            if isinstance(request, CaseRequest):
                _refuse_no_result(answer, request)
        except LostError as error:
            return self._without_answer(request, remarks.no_answer(self.machine.name, str(error)))
        except OtherReleaseError as error:
            if not of_a_case:
                raise
            return self._without_answer(request, str(error))  # it was the same when the run began
        if isinstance(answer, Failed):
            raise answer.exception()
        if isinstance(answer, request.answers):
            return cast("AnswerT", answer)
        raise InternalError(f"{self.machine.name} answered a {type(request).__name__} with a {type(answer).__name__}")

    def stop(self) -> None:
        """End what is under way, whichever thread asked; nothing is asked after that."""
        with self._closing:
            stop, self._stop = self._stop, None
            if stop is not None:  # the number may be another file's by the second time
                os.close(stop)

    def close(self) -> None:
        """Let go of what is held between launches."""
        self.stop()

    def exchange(self, line: bytes, number: str, limit_s: float) -> Ended:
        """Give a far end a line, and return how it ended once it has said a line with that number.

        Raises:
            LostError: it could not be reached, or was lost.
            TimeLimitError: it took longer than `limit_s`.
            StoppedError: `stopped` was closed at its other end.
        """
        raise NotImplementedError

    def lock(self, request: Request[Any]) -> str:  # noqa: ARG002 - an engine that gives out whole nodes needs none
        """Return what names that which one launch alone may use there, "" for nothing."""
        return ""

    def _answered(self, request: Request[AnswerT]) -> object:
        """Return the answer, a launch with what the far end has to say of it."""
        began_s = time.time()
        delivery = self._delivered(request)
        answer = delivery.answer
        if isinstance(answer, Launch):
            said = (*delivery.said, *_of_clocks(delivery.now_s, began_s))
            return msgspec.structs.replace(answer, warnings=(*answer.warnings, *said))
        return answer

    def _delivered(self, request: Request[AnswerT]) -> Delivery:
        number = secrets.token_hex(8)
        errand = Errand(
            number=number,
            lock=self.lock(request),
            bystanders=self.bystanders,
            request=request,  # type: ignore[arg-type] # all are of the union
        )
        limit_s = self.machine.wait_s + request.limit_s + WAY_S
        try:
            ended = self.exchange(msgspec.json.encode(errand), number, limit_s)
        except TimeLimitError:
            raise LostError(f"none came within {limit_s:.0f} s, {self.machine.wait_s:.0f} of them for a node") from None
        return _read(ended, number, self.machine.name)

    def _without_answer(self, request: Request[AnswerT], why: str) -> AnswerT:
        if isinstance(request, CaseRequest):
            skip = Skip(case=request.case, index=request.index, reason=SkipReason.INTERRUPTED, detail=why)
            return cast("AnswerT", skip)  # which may answer every case's request
        raise IncompleteError(f"{request.what}: {why}.")


def _of_clocks(there_s: float, began_s: float) -> Iterator[str]:
    """Say how far the clock of a machine is from this one's, which ran from `began_s` to now."""
    off_s = min(there_s - began_s, 0.0) + max(there_s - time.time(), 0.0)
    if there_s and abs(off_s) > _CLOCKS_S:
        yield remarks.clock(off_s)


def _refuse_no_result(answer: object, request: CaseRequest[Any]) -> None:
    """Refuse what says nothing of the case.

    Raises:
        LostError: it is of another launch, or the machine could not begin this one.
    """
    if isinstance(answer, Launch | Skip) and (answer.case, answer.index) != (request.case, request.index):
        raise LostError(_FOREIGN)
    if isinstance(answer, Failed) and answer.error == IncompleteError.__name__:
        raise LostError(answer.message)


def _read(ended: Ended, number: str, machine: str) -> Delivery:
    """Return the delivery of that number.

    Raises:
        LostError: there is none.
        OtherReleaseError: it comes from another release of the product.
    """
    if not ended.answer:
        raise LostError(ended.cause)
    try:
        said = _salutations.decode(ended.answer)
        own = own_release()
        if said.number != number:
            raise LostError(_FOREIGN)
        if said.protocol != PROTOCOL or said.release is None or said.release.code != own.code:
            there = said.release.words if said.release else f"that speaks another protocol ({said.protocol})"
            raise OtherReleaseError(
                f"machine '{machine}' has a resnet_bench {there}; here it is {own.words}. One run is of one release: "
                "install the same on both."
            )
        return _deliveries.decode(ended.answer)
    except msgspec.DecodeError as error:
        raise LostError(f"what came is garbled ({in_words(error)})") from None
