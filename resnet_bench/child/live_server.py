"""A process that has imported torch once and forks a fresh child for every launch that it is asked for.

Importing torch takes seconds and a launch of a small case a tenth of that. The server computes nothing and starts no
thread, so its children may use OpenMP and CUDA. Children of one server share the addresses of torch's code, which
takes that part of a launch's bias out of the ratio of two of them; their heaps start at random offsets, so that the
layout of the data differs from launch to launch as between spawned processes (Curtsinger and Berger, "Stabilizer",
ASPLOS 2013). Linux only; elsewhere each child gets a server of its own.
"""

import mmap
import os
import random
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench.child import live_worker
from resnet_bench.wire.live import MESSAGE_BYTES, Fork, Forked, Reap, Reaped
from resnet_bench.wire.setting import compile_caches

_PADDINGS = 64
_MOST_PADDING_BYTES = 1 << 20


def main() -> None:
    """Serve requests on the socket whose file descriptor is the last argument, until it closes."""
    control = socket.socket(fileno=int(sys.argv[-1]))
    live_worker.step_aside()
    decoder = msgspec.json.Decoder(Fork | Reap)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            os._exit(0)
        request = decoder.decode(message)
        if isinstance(request, Fork):
            answer: Forked | Reaped = Forked(pid=_fork(control, *descriptors))
        else:
            _, status = os.waitpid(request.pid, 0)
            answer = Reaped(code=os.waitstatus_to_exitcode(status))
        control.sendall(msgspec.json.encode(answer))


def _fork(control: socket.socket, conversation: int, errors: int) -> int:
    pid = os.fork()
    if pid:
        os.close(conversation)
        os.close(errors)
        return pid
    control.close()
    os.dup2(errors, 2)
    os.dup2(errors, 1)  # what models print is no answer
    os.close(errors)
    caches = tempfile.mkdtemp(dir=os.environ.get("TORCHINDUCTOR_CACHE_DIR"))  # the server's folder goes with it
    os.environ.update(compile_caches(Path(caches)))
    held = _shift_heap(random.SystemRandom())
    try:
        live_worker.serve(socket.socket(fileno=conversation))
    except BaseException:  # noqa: BLE001 - the server's loop is not the child's, whatever happens
        traceback.print_exc()
    os._exit(len(held) and 1)


def _shift_heap(rng: random.Random) -> list[Any]:
    """Return memory of random sizes that must stay held: what is allocated later lies elsewhere in every child."""
    pages = mmap.mmap(-1, mmap.PAGESIZE * rng.randint(1, _MOST_PADDING_BYTES // mmap.PAGESIZE))
    return [pages, *(bytearray(rng.randint(1, 1 << rng.randint(4, 16))) for _ in range(_PADDINGS))]


if __name__ == "__main__":
    main()
