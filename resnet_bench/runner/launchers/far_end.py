"""The far end of a launch on another machine: an errand on standard input, its delivery on standard output.

What happens to a launch is decided here as on every machine, by the local launcher: fresh process, time limit, cause of
death, an end of all that it started. Where standard input closes, the parent is gone or the way to it: all ends.
"""

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from resnet_bench.errors import IncompleteError, ResNetBenchError
from resnet_bench.records import remarks
from resnet_bench.runner.launchers.bystanders import Bystanders
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.delivery import PROTOCOL, Delivery, Errand, Salutation, own_release
from resnet_bench.wire.messages import AnyAnswer
from resnet_bench.wire.pairs import PairsMade, PairsRequest
from resnet_bench.wire.request import NO_WAY_TO_ANSWER

_LOCK_WAIT_S = 20.0  # a launch whose parent has gone ends in less


def main() -> None:
    """Answer the errand on standard input."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever is printed here is no delivery
    line = sys.stdin.buffer.readline()
    known = msgspec.json.decode(line, type=Salutation)
    delivery = Delivery(number=known.number, release=own_release(), answer=None)
    if known.protocol == PROTOCOL:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        delivery = _delivery(msgspec.json.decode(line, type=Errand))
    with os.fdopen(answers, "wb") as way:
        way.write(msgspec.json.encode(delivery) + b"\n")


def _end_with_parent() -> None:
    """End at once when standard input closes: the guardian of the launch then ends all of it."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(NO_WAY_TO_ANSWER)


def _delivery(errand: Errand) -> Delivery:
    watched = Bystanders(errand.bystanders)
    answer = _answer(errand)
    said = (*watched.said(), *_urgency())
    return Delivery(number=errand.number, release=own_release(), answer=answer, said=said, now_s=time.time())


def _urgency() -> Iterator[str]:
    """Say how much less urgent than others all is that this process starts."""
    niceness = os.nice(0)
    if niceness > 0:
        yield remarks.niceness(niceness)


def _answer(errand: Errand) -> AnyAnswer | PairsMade:
    try:
        with _alone(errand.lock):
            if isinstance(errand.request, PairsRequest):
                from resnet_bench.runner import pairs  # noqa: PLC0415 - scipy, for this one alone

                return pairs.answered(errand.request)
            return LocalLauncher().ask(errand.request)  # type: ignore[misc, no-any-return] # a union's answer
    except ResNetBenchError as error:
        return Failed.of(error)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold this user's lock of that name on this machine.

    Raises:
        IncompleteError: another launch holds it.
    """
    if not name:
        yield
        return
    path = Path(tempfile.gettempdir()) / f"resnet-bench-{os.getuid()}-{name}.lock"
    lock = FileLock(path, timeout=_LOCK_WAIT_S)
    try:
        lock.acquire()
    except (Timeout, OSError) as error:
        raise IncompleteError(
            f"another run measures there: it holds {path}; wait for it, or end it, and go on with --resume."
        ) from error
    try:
        yield
    finally:
        lock.release()


if __name__ == "__main__":
    main()
