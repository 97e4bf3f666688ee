"""Sides that die, hang or lose their parent: one clear line, and no process left behind."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from resnet_bench.errors import IncompleteError
from resnet_bench.runner.launchers.forked import Start
from resnet_bench.runner.live import Terms, measure_pairs
from tests import make

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ENDLESS = """
from resnet_bench.runner.live import Terms, Until, measure_pairs
from tests import make

terms = Terms(until=Until.EXHAUSTED, pairs=1000)
matched = make.matchup(make.case("tests.runner.faulty:tiny", batch_size=1, image_size=32))
measure_pairs([matched], (make.side(), make.side()), terms, on_pair=lambda pair, seconds: print(pair, flush=True))
"""
SIDE = make.side("this one")


def matchup(name):
    return make.matchup(make.case(f"tests.runner.faulty:{name}", batch_size=1, image_size=32))


def children():
    return [it for it in psutil.Process().children(recursive=True) if it.status() != psutil.STATUS_ZOMBIE]


def lives(process):
    """A zombie has ended; who inherits it is the system's matter."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("start", list(Start))
def test_a_side_that_dies_is_named_with_its_signal(start):
    before = len(children())
    with pytest.raises(IncompleteError, match="this one: its process ended with -11"):
        measure_pairs([matchup("dies")], (SIDE, SIDE), Terms(start=start))
    assert len(children()) == before


def test_a_side_that_hangs_is_ended_after_its_time():
    before = len(children())
    with pytest.raises(IncompleteError, match="this one: no answer within 3 s; its process was ended"):
        measure_pairs([matchup("sleeps")], (SIDE, SIDE), Terms(answer_limit_s=3))
    assert len(children()) == before


def test_launches_end_with_their_parent():
    parent = subprocess.Popen([sys.executable, "-c", ENDLESS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == "1\n"
    family = psutil.Process(parent.pid).children(recursive=True)
    assert family
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while any(map(lives, family)):
        assert time.monotonic() < deadline, family
        time.sleep(0.1)
