"""A reference takes turns with the samples: a burst before and after each block, and none of its time in a sample."""

import itertools

import pytest

from resnet_bench.profilers.clock import Timing
from resnet_bench.profilers.interleaving import LEAST_BURSTS, ON_DEVICE, ON_HOST, interleaving, seconds_of
from resnet_bench.profilers.sampler import sample
from resnet_bench.records import StopReason, TimingProtocol
from tests.fake_clock import FakeClock

PASS_S = 0.0034


def taken(iteration_s, *, budget_s=3.0, samples=1000, rules=ON_HOST, pass_s=PASS_S):
    clock = FakeClock()
    calls = []

    def work():
        calls.append("iteration")
        clock.advance(iteration_s)

    def reference():
        calls.append("reference")
        clock.advance(pass_s)

    lasting = dict(pass_s=pass_s, iteration_s=iteration_s, sample_s=iteration_s)
    turns = interleaving(reference, "cpu-1", **lasting, rules=rules)
    found = sample(
        work,
        clock,
        protocol=TimingProtocol.ISOLATED,
        iterations=1,
        min_samples=3,
        max_samples=samples,
        target_interval=0.02,
        budget_s=budget_s,
        turns=turns,
    )
    return found, turns, calls


@pytest.mark.parametrize("iteration_s", [0.0005, 0.003, 0.012, 0.04, 0.13, 0.5])
def test_bursts_stand_on_both_sides_of_every_block_and_cost_little(iteration_s):
    found, turns, calls = taken(iteration_s)
    reference = found.reference
    assert reference.taken[0] == 0
    assert reference.taken[-1] == len(found.elapsed_s)
    assert all(later - earlier <= turns.block for earlier, later in itertools.pairwise(reference.taken))
    assert found.elapsed_s == pytest.approx([iteration_s] * len(found.elapsed_s))
    assert reference.elapsed_s == pytest.approx([PASS_S] * len(reference.taken))
    assert calls.count("reference") * PASS_S <= 0.15 * len(calls) * iteration_s + 4 * PASS_S * turns.passes


@pytest.mark.parametrize(("iteration_s", "discarded"), [(0.002, 3), (0.012, 2), (0.02, 1), (0.03, 0), (0.4, 0)])
def test_short_iterations_right_after_a_burst_are_no_samples(iteration_s, discarded):
    found, turns, calls = taken(iteration_s)
    assert turns.discarded == discarded
    bursts = len(found.reference.taken)
    assert calls.count("iteration") == len(found.elapsed_s) + discarded * (bursts - 1)


def test_samples_that_agree_at_once_wait_for_enough_bursts():
    found, *_ = taken(0.04)
    assert found.stopped_by is StopReason.INTERVAL
    assert len(found.reference.taken) >= LEAST_BURSTS


def test_the_budget_and_the_most_samples_still_end_it():
    assert taken(0.5, budget_s=1.0)[0].stopped_by is StopReason.BUDGET
    assert taken(0.002, samples=40)[0].stopped_by is StopReason.MAXIMUM


def test_long_iterations_get_several_passes_a_burst():
    assert [taken(seconds)[1].passes for seconds in (0.04, 0.13, 0.4)] == [1, 1, 5]


@pytest.mark.parametrize(("iteration_s", "discarded"), [(0.0001, 3), (0.0007, 2), (0.004, 1), (0.03, 0)])
def test_a_device_refills_its_caches_at_once(iteration_s, discarded):
    assert taken(iteration_s, rules=ON_DEVICE, pass_s=0.00125, samples=200)[1].discarded == discarded


@pytest.mark.parametrize("pass_s", [0.0005, 0.00125, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("iteration_s", [0.0005, 0.004, 0.1])
def test_bursts_of_a_slow_device_are_fewer_and_never_take_more_than_a_quarter_of_the_time(iteration_s, pass_s):
    _, turns, calls = taken(iteration_s, rules=ON_DEVICE, pass_s=pass_s, budget_s=10.0, samples=10_000)
    passes_s, ends_s = calls.count("reference") * pass_s, (1 + turns.passes) * pass_s
    whole_s = passes_s + calls.count("iteration") * iteration_s
    assert passes_s - 2 * ends_s <= 0.26 * whole_s  # the first one, and the last one, which may follow a single sample


def test_what_a_device_says_of_its_passes_is_what_they_took():
    assert seconds_of(Timing(host_s=0.0013, device_s=0.0012)) == 0.0012
    assert seconds_of(Timing(host_s=0.0013, device_s=None)) == 0.0013
