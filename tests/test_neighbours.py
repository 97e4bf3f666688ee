"""The neighbours of `benchmarks.repeatability` work while they are asked for, and never outlive who asked."""

import subprocess
import sys

import psutil
import pytest

from benchmarks.neighbours import CONDITIONS, beside

ASK = """
import sys, time
from benchmarks.neighbours import beside
with beside(sys.argv[1]):
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("condition", CONDITIONS)
def test_they_are_as_many_as_the_condition_says_and_gone_after_it(condition):
    before = set(psutil.Process().children())
    with beside(condition):
        started = set(psutil.Process().children()) - before
        assert len(started) == len(CONDITIONS[condition])
    assert not any(it.is_running() for it in started)


@pytest.mark.parametrize("condition", ["bursty", "hog"])
def test_they_end_with_a_process_that_is_killed(condition):
    with subprocess.Popen([sys.executable, "-c", ASK, condition], stdout=subprocess.PIPE) as asking:
        assert asking.stdout.readline() == b"there\n"
        started = psutil.Process(asking.pid).children()
        assert len(started) == len(CONDITIONS[condition])
        asking.kill()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive
