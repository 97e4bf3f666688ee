"""Several processes that take samples at once: they begin and end together, and only what lies in between counts."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.errors import IncompleteError
from resnet_bench.profilers.common_window import Window, inside, window
from resnet_bench.profilers.company import SIGNAL, Company, heard
from resnet_bench.profilers.sampler import sample
from resnet_bench.records import Moments, TimingProtocol
from tests.fake_clock import FakeClock
from tests.make import samples

ORIGIN_S = 100.0


@pytest.fixture
def others():
    """Give the other end of the way, and the company that this end is in, on a clock that work moves."""
    ours, theirs = socket.socketpair()
    clock = FakeClock()
    clock.advance(ORIGIN_S)
    with theirs:
        yield theirs, Company(ours.detach(), clock, origin_s=ORIGIN_S), clock


def test_samples_begin_when_all_are_at_work_and_work_ends_when_all_have_theirs(others):
    theirs, company, clock = others
    calls = []

    def work():
        calls.append(clock.now())
        clock.advance(1.0)
        if len(calls) in {3, 9}:  # all the others are at work; all of them have their samples
            theirs.sendall(SIGNAL)

    taken = sample(
        work,
        clock,
        protocol=TimingProtocol.ISOLATED,
        iterations=1,
        min_samples=4,
        max_samples=4,
        target_interval=0.0,
        budget_s=1e9,
        company=company,
    )
    assert taken.elapsed_s == (1.0,) * 4
    assert taken.moments == Moments(began_s=(3.0, 4.0, 5.0, 6.0), from_s=0.0, to_s=9.0)
    assert len(calls) == 9
    assert theirs.recv(64) == SIGNAL * 2  # said once before the samples, and once after them


def test_who_waits_is_idle_where_nothing_is_timed(others):
    theirs, company, _ = others
    theirs.sendall(SIGNAL)
    company.wait()
    assert theirs.recv(64) == SIGNAL


@pytest.mark.parametrize("way", ["wait", "meet"])
def test_who_is_left_alone_says_so(others, way):
    theirs, company, _ = others
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(IncompleteError, match="is gone"):
        company.wait() if way == "wait" else company.meet(lambda: None)


@pytest.mark.parametrize("last", [1, 2])
def test_who_is_left_alone_while_at_work_says_so(others, last):
    """Before it has said that it is here, and after: the other end then took not all that it was told."""
    theirs, company, _ = others
    calls = []

    def work():
        calls.append(None)
        if len(calls) == last:
            theirs.close()

    with pytest.raises(IncompleteError, match="is gone"):
        company.meet(work)


def test_one_that_died_before_it_took_what_it_was_told_has_nothing_more_to_say():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(SIGNAL)
        ours.sendall(SIGNAL)
        theirs.close()
        assert heard(ours) == SIGNAL
        assert heard(ours) == b""


spans = st.floats(0.0, 10.0)


@st.composite
def runs(draw):
    """Samples of a process: it began somewhere, rested for a while between samples, and stopped some time after."""
    now = from_s = draw(spans)
    began, elapsed = [], []
    for rest, taken in draw(st.lists(st.tuples(spans, st.floats(1e-6, 10.0)), min_size=1, max_size=8)):
        now += rest
        began.append(now)
        elapsed.append(taken)
        now += taken
    moments = Moments(began_s=tuple(began), from_s=from_s, to_s=now + draw(spans))
    return samples(TimingProtocol.ISOLATED, elapsed, moments=moments, cpu_s=tuple(elapsed))


@given(st.lists(runs(), min_size=1, max_size=4))
def test_samples_that_are_kept_were_taken_while_all_ran_and_no_others_are_dropped(processes):
    common = window([it.moments for it in processes])
    assert common == Window(max(it.moments.from_s for it in processes), min(it.moments.to_s for it in processes))
    for process in processes:
        every = list(zip(process.moments.began_s, process.elapsed_s, strict=True))
        wanted = [
            (began, elapsed)
            for began, elapsed in every
            if all(it.moments.from_s <= began and began + elapsed <= it.moments.to_s for it in processes)
        ]
        kept = inside(process, common)
        if kept is None:
            assert wanted == []
        else:
            assert list(zip(kept.moments.began_s, kept.elapsed_s, strict=True)) == wanted
            assert kept.cpu_s == kept.elapsed_s  # what belongs to a sample goes with it


@given(runs())
def test_a_process_alone_keeps_all_of_its_samples(process):
    assert inside(process, window([process.moments])) == process
