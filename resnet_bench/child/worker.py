"""The child's entry: one request on standard input, one JSON line on standard output, then the end.

Everything that libraries print goes to standard error. The child ends with its parent: a guardian sees to that
(`runner/launchers/guardian.py`).
"""

from resnet_bench.child import began  # noqa: F401, I001 - first: the process begins here

import importlib
import os
import sys
from typing import NamedTuple

import msgspec

from resnet_bench.errors import ModelError, ResNetBenchError, deed
from resnet_bench.wire.messages import AnyAnswer, AnyRequest, CaseRequest
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.request import NO_WAY_TO_ANSWER


def main() -> None:
    """Answer the request on standard input."""
    own = os.getpid()
    answers = _take_over_stdout()
    line = sys.stdin.buffer.readline()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # who asks for input finds its end, and waits for nobody
    request: AnyRequest = msgspec.json.decode(line, type=AnyRequest)
    answer = msgspec.json.encode(_answer(request)) + b"\n"
    if os.getpid() == own:  # a copy that a model made of this process has nothing to say
        answers.write(answer)
    # Interpreter shutdown with torch loaded takes a while and can crash in foreign destructors; the answer is out.
    os._exit(0)


def _answer(request: AnyRequest) -> AnyAnswer:
    """Return the answer; what goes wrong with a case is a skip, what the user can mend is said with its class."""
    module, _, function = request.answered_by.partition(":")
    try:
        # Imported now, so that each request brings in only what it needs.
        answer: AnyAnswer = getattr(importlib.import_module(f"resnet_bench.child.{module}"), function)(request)
    except BaseException as error:
        if isinstance(request, CaseRequest) and not isinstance(error, request.mistakes):
            from resnet_bench.child.skips import skip

            return skip(request, error)
        if isinstance(error, ResNetBenchError):
            return Failed.of(error)
        if not isinstance(error, Exception):
            return Failed.of(ModelError(f"{request.what}: the model {deed(error)}."))
        raise
    return answer


class _Answers(NamedTuple):
    """The real standard output, and what tells it from a file that was opened where it was closed."""

    descriptor: int
    device: int
    inode: int

    def write(self, data: bytes) -> None:
        """Write all of it; where a model closed the way, the exit status says so."""
        try:
            now = os.fstat(self.descriptor)
            if (now.st_dev, now.st_ino) != (self.device, self.inode):
                os._exit(NO_WAY_TO_ANSWER)
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:
            os._exit(NO_WAY_TO_ANSWER)


def _take_over_stdout() -> _Answers:
    """Keep the real standard output for the answer; what others print goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    found = os.fstat(answers)
    return _Answers(answers, found.st_dev, found.st_ino)


if __name__ == "__main__":
    main()
