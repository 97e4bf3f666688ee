"""Launches on a machine that a command reaches: the far end answers there, as the local launcher would.

Whatever goes wrong on the way is no result: a case's launch is a skip, interrupted, and `--resume` measures it again.
"""

import contextlib
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from resnet_bench.errors import IncompleteError, InternalError, UsageError, in_words
from resnet_bench.records import Launch, Machine, Skip, SkipReason, remarks
from resnet_bench.runner.launchers.process import Ended, TimeLimitError, converse
from resnet_bench.wire.delivery import PROTOCOL, Delivery, Errand, Salutation, own_release
from resnet_bench.wire.messages import CaseRequest, Failed, Probed, ProbeRequest, ProfileSubject
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")

FAR_END = "resnet_bench.runner.launchers.far_end"
# What a launch may take beyond its own limit: a login, an interpreter that starts from a slow disk, an answer.
WAY_S = 60.0
_FOREIGN = "what came is the answer to something else"
_deliveries = msgspec.json.Decoder(Delivery)
_salutations = msgspec.json.Decoder(Salutation)


class LostError(Exception):
    """No answer came back, for the reason in words."""


class OtherReleaseError(UsageError):
    """Another release of the product is there than here."""


class CommandLauncher:
    """Starts each launch by a prefix: `command = ["docker", "exec", "-i", "box"]`, and python and its arguments."""

    lock = ""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._stopped, self._stop = os.pipe()
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
            answer = self._delivered(request).answer
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
        with self._closing, contextlib.suppress(OSError):
            os.close(self._stop)

    def close(self) -> None:
        """Let go of what is held between launches."""
        self.stop()

    def prefix(self) -> Sequence[str]:
        """Return the command before the interpreter of the far end."""
        return self.machine.command

    def variables(self) -> Mapping[str, str]:
        """Return the whole environment of the command itself, on this machine."""
        return os.environ | self.machine.environment

    def far_end(self) -> Sequence[str]:
        """Return the interpreter and its arguments there."""
        return (self.machine.python or sys.executable, "-P", "-m", FAR_END)

    def _delivered(self, request: Request[AnswerT]) -> Delivery:
        number = secrets.token_hex(8)
        errand = Errand(number=number, lock=self.lock, request=request)  # type: ignore[arg-type] # all are of the union
        limit_s = self.machine.wait_s + request.limit_s + WAY_S
        command = [*self.prefix(), *self.far_end()]
        if shutil.which(command[0]) is None:
            raise LostError(f"there is no command '{command[0]}' here")
        try:
            ended = converse(
                command,
                msgspec.json.encode(errand),
                variables=self.variables(),
                limit_s=limit_s,
                is_answer=lambda line: number.encode() in line,
                stop=self._stopped,
            )
        except TimeLimitError:
            raise LostError(f"none came within {limit_s:.0f} s, {self.machine.wait_s:.0f} of them for a node") from None
        return _read(ended, number, self.machine.name)

    def _without_answer(self, request: Request[AnswerT], why: str) -> AnswerT:
        if isinstance(request, CaseRequest):
            skip = Skip(case=request.case, index=request.index, reason=SkipReason.INTERRUPTED, detail=why)
            return cast("AnswerT", skip)  # which may answer every case's request
        raise IncompleteError(f"{request.what}: {why}.")


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
