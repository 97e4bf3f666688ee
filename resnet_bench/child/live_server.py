"""A process that has imported torch once and forks a fresh child for every launch that it is asked for.

Importing torch takes seconds and a launch of a small case a tenth of that. The server computes nothing and starts no
thread, so its children may use OpenMP and CUDA. Children of one server share the addresses of torch's code, which
takes that part of a launch's bias out of the ratio of two of them; their heaps start at random offsets, so that the
layout of the data differs from launch to launch as between spawned processes (Curtsinger and Berger, "Stabilizer",
ASPLOS 2013). Linux only; elsewhere each child gets a server of its own.
"""

import contextlib
import math
import mmap
import os
import random
import signal
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench.child import live_worker
from resnet_bench.wire.live import MESSAGE_BYTES, Fork, Forked, Reap, Reaped
from resnet_bench.wire.setting import compile_caches

_LEAVING_S = 1.0
_PAUSE_S = 0.005
_PADDINGS = 64
_MOST_PADDING_BYTES = 1 << 20


def main() -> None:
    """Serve requests on the socket whose file descriptor is the last argument, until it closes."""
    control = socket.socket(fileno=int(sys.argv[-1]))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # its guardian watches the real one; models that read find its end
    live_worker.step_aside()
    decoder = msgspec.json.Decoder(Fork | Reap)
    children = _Children()
    signal.signal(signal.SIGCHLD, lambda *_: children.see_who_ended())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            os._exit(0)
        request = decoder.decode(message)
        if isinstance(request, Fork):
            answer: Forked | Reaped = Forked(pid=children.fork(control, *descriptors))
        else:
            answer = Reaped(code=children.reap(request.pid))
        control.sendall(msgspec.json.encode(answer))


class _Children:
    """The forked processes: whose conversation ends with them, whoever else a model gave a copy of it."""

    def __init__(self) -> None:
        self._conversations: dict[int, socket.socket] = {}
        self._codes: dict[int, int] = {}

    def fork(self, control: socket.socket, descriptor: int, errors: int) -> int:
        """Fork a child that answers on `descriptor`, and return its process id."""
        conversation = socket.socket(fileno=descriptor)
        pid = os.fork()
        if pid:
            os.close(errors)
            self._conversations[pid] = conversation
            self.see_who_ended()  # it may have done so before it was known
            return pid
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (control, *self._conversations.values()):
            each.close()
        os.setsid()  # a group of its own, which ends with it
        os.dup2(errors, 2)
        os.dup2(errors, 1)  # what models print is no answer
        os.close(errors)
        caches = tempfile.mkdtemp(dir=os.environ.get("TORCHINDUCTOR_CACHE_DIR"))  # the server's folder goes with it
        os.environ.update(compile_caches(Path(caches)))
        held = _shift_heap(random.SystemRandom())
        try:
            live_worker.serve(conversation)
        except BaseException:  # noqa: BLE001 - the server's loop is not the child's, whatever happens
            traceback.print_exc()
        os._exit(len(held) and 1)

    def see_who_ended(self) -> None:
        """Note how each child ended that did, and end its conversation."""
        for pid in [*self._conversations]:
            with contextlib.suppress(OSError):  # the signal may come while this runs
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    self._codes[pid] = os.waitstatus_to_exitcode(status)
                    with self._conversations.pop(pid) as conversation:
                        conversation.shutdown(socket.SHUT_RDWR)

    def reap(self, pid: int) -> int:
        """Return how a child ended; one that has left the conversation and goes on is ended after a moment."""
        deadline = time.monotonic() + _LEAVING_S
        while pid not in self._codes:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = math.inf
            time.sleep(_PAUSE_S)
        return self._codes.pop(pid)


def _shift_heap(rng: random.Random) -> list[Any]:
    """Return memory of random sizes that must stay held: what is allocated later lies elsewhere in every child."""
    pages = mmap.mmap(-1, mmap.PAGESIZE * rng.randint(1, _MOST_PADDING_BYTES // mmap.PAGESIZE))
    return [pages, *(bytearray(rng.randint(1, 1 << rng.randint(4, 16))) for _ in range(_PADDINGS))]


if __name__ == "__main__":
    main()
