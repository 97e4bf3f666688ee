"""The child's entry: one request on standard input, one JSON line on standard output, then the end.

Everything that libraries print goes to standard error. The child ends with its parent: its standard input is
watched, and when that closes the whole process group is killed.
"""

import datetime as dt
import os
import signal
import sys
import threading
import time
from typing import BinaryIO

import msgspec

from resnet_bench.errors import ResNetBenchError
from resnet_bench.wire.messages import (
    AnyAnswer,
    AnyRequest,
    CaseRequest,
    CeilingsRequest,
    Failed,
    FitRequest,
    LayersRequest,
    MeasureRequest,
    ProbeRequest,
    ProfileRequest,
)


def main() -> None:
    """Answer the request on standard input."""
    started = time.perf_counter()
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    answers = _take_over_stdout()
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    request: AnyRequest = msgspec.json.decode(line, type=AnyRequest)
    answer = _answer(request, started=started, started_at=started_at)
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()
    # Interpreter shutdown with torch loaded takes a while and can crash in foreign destructors; the answer is out.
    os._exit(0)


def _answer(request: AnyRequest, *, started: float, started_at: str) -> AnyAnswer:
    """Return the answer; what goes wrong with a case is a skip, what the user can mend is said with its class."""
    try:
        return _answered(request, started=started, started_at=started_at)
    except Exception as error:
        if isinstance(request, CaseRequest) and not isinstance(error, request.mistakes):
            from resnet_bench.child.skips import skip

            return skip(request, error)
        if isinstance(error, ResNetBenchError):
            return Failed.of(error)
        raise


def _answered(request: AnyRequest, *, started: float, started_at: str) -> AnyAnswer:
    """Do what is asked; each import brings in what only that request needs."""
    match request:
        case ProbeRequest():
            from resnet_bench.child.probe import probe

            return probe(request)
        case ProfileRequest():
            from resnet_bench.child.profile import profile

            return profile(request)
        case MeasureRequest():
            from resnet_bench.child.measure import measure

            return measure(request, started=started, started_at=started_at)
        case LayersRequest():
            from resnet_bench.child.layers import dissect

            return dissect(request)
        case CeilingsRequest():
            from resnet_bench.child.ceilings import ceilings

            return ceilings(request)
        case FitRequest():
            from resnet_bench.child.fit import fit

            return fit(request)


def _take_over_stdout() -> BinaryIO:
    """Keep the real standard output for the answer; what others print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _end_with_parent() -> None:
    # Not through sys.stdin: interpreter shutdown would wait for its lock.
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
