"""Neighbours that disturb a measurement in a known way; each ends with the process that started it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

_ENDS_WITH_US = """
import os, random, sys, threading, time
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
rng = random.Random(int(sys.argv[1]))
"""
# Busy and idle for about 0.1 s each, by a duty that wanders between 5 and 70 %.
_BURSTY = """
duty = 0.3
while True:
    duty = min(0.7, max(0.05, duty + rng.gauss(0, 0.05)))
    until = time.perf_counter() + 0.1 * duty
    while time.perf_counter() < until:
        pass
    time.sleep(0.1 * (1 - duty))
"""
# Copies 256 MB, by a duty that wanders over 0, 30, 70 and 100 %, a few seconds each.
_HOG = """
source = bytearray(2**28)
while True:
    duty = rng.choice((0.0, 0.3, 0.7, 1.0))
    until = time.perf_counter() + rng.uniform(2, 6)
    while time.perf_counter() < until:
        began = time.perf_counter()
        if duty:
            bytes(source)
        busy = time.perf_counter() - began
        time.sleep(busy * (1 - duty) / duty if duty else 0.1)
"""
CONDITIONS = {"quiet": (), "bursty": (_BURSTY, _BURSTY), "hog": (_HOG,)}


@contextlib.contextmanager
def beside(condition: str) -> Iterator[None]:
    """Run the neighbours of a condition while the block runs."""
    started = [
        subprocess.Popen([sys.executable, "-c", _ENDS_WITH_US + code, str(seed)], stdin=subprocess.PIPE)
        for seed, code in enumerate(CONDITIONS[condition])
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
