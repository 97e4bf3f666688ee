"""Which of several processes that wait for each other does nothing: it is stopped, or got far less of the CPU."""

from collections.abc import Mapping

import psutil

_FAR_LESS = 0.5


def among(processes: Mapping[int, int]) -> list[int]:
    """Return the numbers of those, by the process id of each, that hold the others up; all where that cannot be told.

    One that is gone, or has not begun and so has the id 0, is never told from the others.
    """
    every = list(processes)
    try:
        found = {number: psutil.Process(pid) for number, pid in processes.items() if pid}
        stopped = [number for number, it in found.items() if it.status() == psutil.STATUS_STOPPED]
        if stopped or len(found) < len(every):
            return stopped or every
        used_s = {number: sum(it.cpu_times()[:2]) for number, it in found.items()}
    except psutil.Error:
        return every
    return [number for number, it in used_s.items() if it < _FAR_LESS * max(used_s.values())] or every
