"""The CPU cores that a process may use: confining it to some, and saying which they are."""

import os
import re

from resnet_bench.errors import UnsupportedError, UsageError

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


def _cores_of(text: str) -> set[int]:
    spelled = text.replace(" ", "")
    if not _RANGES.fullmatch(spelled):
        return set()
    found: set[int] = set()
    for part in spelled.split(","):
        low, _, high = part.partition("-")
        found |= set(range(int(low), min(int(high or low), 1 << 16) + 1))
    return found
