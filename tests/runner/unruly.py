"""A child without torch that does what children should not: `python -m tests.runner.unruly`, a line of JSON to it."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from resnet_bench.runner.launchers.process import Ended, run_child
from resnet_bench.wire.setting import ChildSetting

FOR_EVER_S = 600
ANSWER = '{"type":"known"}'


def ask(name: str, *arguments: object, limit_s: float = 60.0) -> Ended:
    """Start such a child from here, as a launcher does."""
    line = json.dumps([name, arguments]).encode()
    return run_child("tests.runner.unruly", line, limit_s=limit_s, setting=ChildSetting())


def say(text: str = ANSWER) -> None:
    os.write(1, f"{text}\n".encode())


def answers() -> None:
    say()


def exits(status: int) -> None:
    os._exit(status)


def dies(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(FOR_EVER_S)


def talks(megabytes: int) -> None:
    """All in one line."""
    for _ in range(megabytes):
        os.write(2, b"x" * 2**20)
    say()


def talks_for_ever() -> None:
    while True:
        os.write(2, b"x" * 2**20)


def talks_nonsense() -> None:
    say("\x1b[31mhello")


def closes_its_descriptors() -> None:
    os.closerange(0, 256)
    time.sleep(FOR_EVER_S)


def eats_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(FOR_EVER_S)


def ends_its_guardian() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(FOR_EVER_S)


def tells_its_guardian_to_end() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(os.getppid(), number)
    time.sleep(0.2)
    say()


def stops() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    say()


def stops_its_guardian_and_itself() -> None:
    os.kill(os.getppid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)
    say()


def stops_a_child() -> None:
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    say()


def multiplies(generations: int) -> None:
    """Each in a session of its own, and none ends by itself."""
    first = os.getpid()
    for _ in range(generations):
        if os.fork() == 0:
            os.setsid()
    if os.getpid() != first:
        time.sleep(FOR_EVER_S)
    say()


def has_family(members: list) -> None:
    """Members are [session of its own, its parent goes, members]; all hold every pipe, and none ends by itself."""
    started = [start(*member) for member in members]
    say()
    if any(started):
        time.sleep(0.05)


def start(own_session: int, orphan: int, members: list) -> int:
    pid = os.fork()
    if pid:
        if orphan:
            os.waitpid(pid, 0)
        return pid
    if orphan and os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if own_session:
        os.setsid()
    for member in members:
        start(*member)
    time.sleep(FOR_EVER_S)
    os._exit(0)


def waits(started: str, members: list) -> None:
    for member in members:
        start(*member)
    Path(started).write_text("yes")
    time.sleep(FOR_EVER_S)


if __name__ == "__main__":
    name, arguments = json.loads(sys.stdin.buffer.readline())
    globals()[name](*arguments)
    os._exit(0)
