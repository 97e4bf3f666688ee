"""The child's entry: one request on standard input, one JSON line on standard output, then the end.

Everything that libraries print goes to standard error. The child ends with its parent: its standard input is
watched, and when that closes the whole process group is killed.
"""

from resnet_bench.child import began  # noqa: F401, I001 - first: the process begins here

import importlib
import os
import signal
import sys
import threading
from typing import BinaryIO

import msgspec

from resnet_bench.errors import ResNetBenchError
from resnet_bench.wire.messages import AnyAnswer, AnyRequest, CaseRequest, Failed


def main() -> None:
    """Answer the request on standard input."""
    answers = _take_over_stdout()
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    request: AnyRequest = msgspec.json.decode(line, type=AnyRequest)
    answers.write(msgspec.json.encode(_answer(request)) + b"\n")
    answers.flush()
    # Interpreter shutdown with torch loaded takes a while and can crash in foreign destructors; the answer is out.
    os._exit(0)


def _answer(request: AnyRequest) -> AnyAnswer:
    """Return the answer; what goes wrong with a case is a skip, what the user can mend is said with its class."""
    module, _, function = request.answered_by.partition(":")
    try:
        # Imported now, so that each request brings in only what it needs.
        answer: AnyAnswer = getattr(importlib.import_module(f"resnet_bench.child.{module}"), function)(request)
    except Exception as error:
        if isinstance(request, CaseRequest) and not isinstance(error, request.mistakes):
            from resnet_bench.child.skips import skip

            return skip(request, error)
        if isinstance(error, ResNetBenchError):
            return Failed.of(error)
        raise
    return answer


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
