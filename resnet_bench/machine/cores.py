"""The CPU cores that a process may use: confining it to some, and saying which they are."""

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from resnet_bench.errors import UnsupportedError, UsageError

_THREADS_OF_ITS_CORE = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_THIS_THREAD = Path("/proc/thread-self/stat")
_RUN_ON_FIELD = 39  # proc_pid_stat(5), counted from 1
_THREADS = Path("/proc/self/task")
_RANGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


def confine_to(text: str) -> None:
    """Confine this process, and all that it starts, to the cores of a text such as "0-3" or "0,2".

    Raises:
        UsageError: the text names no cores, or one that is not here.
        UnsupportedError: the system cannot do that.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise UnsupportedError("--cores: this system has no call that confines a process to cores; leave it out.")
    wanted = _cores_of(text)
    here = os.sched_getaffinity(0)
    if not wanted or not wanted <= here:
        raise UsageError(f"--cores '{text}': expected some of the cores {in_words(here)}, such as 0-3 or 0,2.")
    os.sched_setaffinity(0, wanted)


def confined_to() -> str:
    """Return the cores that this process may use where they are not all, else an empty text."""
    if not hasattr(os, "sched_getaffinity"):
        return ""
    usable = os.sched_getaffinity(0)
    return in_words(usable) if len(usable) < (os.cpu_count() or 0) else ""


def in_words(cores: set[int]) -> str:
    """Return cores as ranges: 0-3,6."""
    ranges: list[list[int]] = []
    for core in sorted(cores):
        if ranges and core == ranges[-1][1] + 1:
            ranges[-1][1] = core
        else:
            ranges.append([core, core])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def apart(processes: int, each: int) -> tuple[tuple[int, ...], ...]:
    """Return cores for each of several processes, of those that this one may use, none of them twice.

    Empty where the system binds no process to cores, or there are too few.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    return dealt(in_turn(os.sched_getaffinity(0), _siblings), processes, each)


def in_turn(usable: Collection[int], siblings: Callable[[int], str]) -> tuple[int, ...]:
    """Return cores in the order in which they are given away: of those that are threads of one core the second later.

    Args:
        usable: their numbers.
        siblings: the threads of a core's own core, as text, by its number; alike for all of them.
    """
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int]] = []
    for core in sorted(usable):
        whole = siblings(core)
        turns.append((seen[whole], core))
        seen[whole] += 1
    return tuple(core for _, core in sorted(turns))


def dealt(order: Sequence[int], processes: int, each: int) -> tuple[tuple[int, ...], ...]:
    """Return so many cores in turn for each process, nothing where there are too few."""
    if processes * each > len(order):
        return ()
    return tuple(tuple(sorted(order[first : first + each])) for first in range(0, processes * each, each))


def share_a_core(groups: Sequence[Sequence[int]]) -> bool:
    """Say whether cores of different groups are threads of one core."""
    wholes = [{_siblings(core) for core in group} for group in groups]
    return sum(map(len, wholes)) > len(set().union(*wholes))


def bind_to(cores: Collection[int]) -> None:
    """Bind this process, and the threads that it starts, to cores; nothing where there are none."""
    if cores:
        os.sched_setaffinity(0, cores)


def bind_all_threads_to(cores: Collection[int]) -> None:
    """Bind every thread that this process has, and those that they start, to cores; Linux only."""
    for thread in _THREADS.iterdir():
        with contextlib.suppress(ProcessLookupError):  # it may end meanwhile
            os.sched_setaffinity(int(thread.name), cores)


def usable() -> frozenset[int]:
    """Return the cores that this process may use; none where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def run_on() -> int | None:
    """Return the core that this thread ran on last, None where the system does not tell."""
    try:
        behind_its_name = _THIS_THREAD.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(behind_its_name[_RUN_ON_FIELD - 3])


def _siblings(core: int) -> str:
    """Return the threads of a core's own core (Linux: sysfs-devices-system-cpu), itself where that is not told."""
    try:
        return Path(_THREADS_OF_ITS_CORE.format(core)).read_text().strip()
    except OSError:
        return str(core)


def _cores_of(text: str) -> set[int]:
    spelled = text.replace(" ", "")
    if not _RANGES.fullmatch(spelled):
        return set()
    found: set[int] = set()
    for part in spelled.split(","):
        low, _, high = part.partition("-")
        found |= set(range(int(low), min(int(high or low), 1 << 16) + 1))
    return found
