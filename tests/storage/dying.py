"""Work in a process that ends at its n-th call of the system that changes a disk: before it, half-way, or after it."""

import itertools
import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

CALLS = ("open", "write", "fsync", "replace", "rename", "ftruncate", "unlink", "mkdir", "rmdir")
KILLED = 9


class Moment(StrEnum):
    """When in its n-th call a process ends; a write that is cut has written half."""

    BEFORE = "before"
    AFTER = "after"


def deaths(work: Callable[[], object]) -> Iterator[tuple[int, Moment]]:
    """Do the work again and again, ended at each of its calls, and yield after each death; at last it is done whole."""
    for number, moment in moments():
        if not killed_at(number, moment, work):
            return
        yield number, moment


def moments() -> Iterator[tuple[int, Moment]]:
    """Yield every moment at which a process can end, without end."""
    return ((number, moment) for number in itertools.count(1) for moment in Moment)


def killed_at(number: int, moment: Moment, work: Callable[[], object]) -> bool:
    """Do the work in a process that ends at its `number`-th call, and return whether it came to that."""
    pid = os.fork()
    if pid == 0:
        try:
            _arm(number, moment)
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of this process may go on as the test
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in {0, KILLED}, f"the work itself failed at call {number}"
    return status == KILLED


def _arm(number: int, moment: Moment) -> None:
    left = [number]

    def deadly(name: str, call):
        def called(*arguments, **keywords):
            left[0] -= 1
            if left[0] == 0 and moment is Moment.BEFORE:
                if name == "write":
                    call(arguments[0], memoryview(arguments[1])[: len(arguments[1]) // 2])
                os._exit(KILLED)
            try:
                return call(*arguments, **keywords)
            finally:
                if left[0] == 0:
                    os._exit(KILLED)

        return called

    for name in CALLS:
        setattr(os, name, deadly(name, getattr(os, name)))
