"""Sides that die, hang or lose their parent: one clear line, and no process left behind."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from resnet_bench.errors import IncompleteError, ResNetBenchError
from resnet_bench.runner.launchers.forked import Start
from resnet_bench.runner.live import Terms, Until, measure_pairs
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
    with pytest.raises(IncompleteError, match="this one: the process died of SIGSEGV"):
        measure_pairs([matchup("dies")], (SIDE, SIDE), Terms(start=start))
    assert len(children()) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exits", r"the model called sys\.exit\(0\)"),
        ("exits_in_forward", r"the model called sys\.exit\(3\)"),
        ("exits_hard", "the process ended with status 7 and no answer"),
        ("closes_everything", "the file descriptors that its process answers through were closed"),
        ("takes_the_answers_place", "the file descriptors that its process answers through were closed"),
    ],
)
def test_a_side_that_misbehaves_says_why(name, words):
    misbehaving = make.matchup(make.case(f"tests.runner.misbehaving:{name}", batch_size=2, image_size=32))
    with pytest.raises(ResNetBenchError, match=f"this one: {words}"):
        measure_pairs([misbehaving], (SIDE, SIDE), Terms())


@pytest.mark.parametrize("name", ["forks", "makes_a_daemon", "comes_back_twice"])
def test_what_a_side_starts_ends_with_the_comparison(name):
    before = len(children())
    misbehaving = make.matchup(make.case(f"tests.runner.misbehaving:{name}", batch_size=2, image_size=32))
    (result,) = measure_pairs([misbehaving], (SIDE, SIDE), Terms(until=Until.EXHAUSTED, pairs=2))
    assert len(result.turns) == 2
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
