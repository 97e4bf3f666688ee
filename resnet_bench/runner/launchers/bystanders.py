"""What an engine's own processes take of a machine while a launch is measured there."""

import contextlib
import time
from collections.abc import Iterable, Iterator

import psutil

from resnet_bench.records import remarks

_SEEN_CORES = 0.01


class Bystanders:
    """Processes whose command line has one of some `marks`, watched from the creation of this on."""

    def __init__(self, marks: Iterable[str]) -> None:
        self._marks = tuple(marks)
        self._began_s = time.monotonic()
        self._before = self._used_s()

    def said(self) -> Iterator[str]:
        """Say how many cores they have used since, all together, where that is to be seen."""
        elapsed_s = time.monotonic() - self._began_s
        used_s = sum(now - self._before.get(who, 0.0) for who, now in self._used_s().items())
        if used_s > _SEEN_CORES * elapsed_s:
            yield remarks.bystanders(used_s / elapsed_s)

    def _used_s(self) -> dict[tuple[int, float], float]:
        """Return the CPU seconds of each, by number and time of start."""
        found = {}
        for process in psutil.process_iter() if self._marks else ():
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())
                if any(mark in command for mark in self._marks):
                    times = process.cpu_times()
                    found[process.pid, process.create_time()] = times.user + times.system
        return found
