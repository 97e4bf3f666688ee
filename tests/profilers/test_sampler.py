import contextlib
import math
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.profilers import sampler
from resnet_bench.profilers.sampler import iterations_per_sample, median_ranks, sample, warm_up
from resnet_bench.records import Samples, StopReason, TimingProtocol
from tests.fake_clock import FakeClock


class Scripted:
    """An iteration that takes the next of the given times, and the last one for ever after."""

    def __init__(self, *seconds: float) -> None:
        self.clock = FakeClock()
        self.calls = 0
        self._seconds = seconds

    def __call__(self) -> None:
        self.clock.advance(self._seconds[min(self.calls, len(self._seconds) - 1)])
        self.calls += 1


def take(work: Scripted, **changes: object) -> Samples:
    settings_ = {
        "protocol": TimingProtocol.ISOLATED,
        "iterations": 1,
        "min_samples": 5,
        "max_samples": 50,
        "target_interval": 0.02,
        "budget_s": 1000.0,
    }
    return sample(work, work.clock, **(settings_ | changes))


def test_warm_up_keeps_the_first_iteration_apart_and_stops_when_stable():
    work = Scripted(30.0, 2.0, 1.5, 1.2, 1.0)
    warmup = warm_up(work, work.clock, min_iterations=3, budget_s=1000)
    assert warmup.first_iteration_s == 30.0
    assert warmup.stopped_by is StopReason.STABLE
    assert warmup.iteration_s[-1] == pytest.approx(1.0)


def test_warm_up_of_something_that_never_settles_ends_with_its_budget():
    work = Scripted(*(2.0 * 0.8**i for i in range(400)))
    warmup = warm_up(work, work.clock, min_iterations=2, budget_s=5)
    assert warmup.stopped_by is StopReason.BUDGET
    assert sum(warmup.iteration_s) >= 5


def test_equal_samples_stop_as_soon_as_an_interval_exists():
    samples = take(Scripted(1.0))
    assert samples.stopped_by is StopReason.INTERVAL
    assert len(samples.elapsed_s) == 8  # the fewest values whose extremes bound the median with 99 %


def test_noise_beyond_the_target_samples_to_the_maximum():
    samples = take(Scripted(*([1.0, 2.0] * 40)))
    assert samples.stopped_by is StopReason.MAXIMUM
    assert len(samples.elapsed_s) == 50


def test_a_sample_of_several_iterations_is_their_sum():
    samples = take(Scripted(1.0, 2.0, 3.0, 4.0), iterations=2, min_samples=2, max_samples=2)
    assert samples.elapsed_s == (3.0, 7.0)
    assert samples.iteration_s == (1.5, 3.5)


@given(
    seconds=st.lists(st.floats(0.001, 100), min_size=1, max_size=60),
    min_samples=st.integers(1, 20),
    extra=st.integers(0, 40),
    budget_s=st.floats(0.01, 500),
    target=st.floats(0.001, 0.5),
)
@settings(max_examples=200, deadline=None)
def test_sampling_keeps_order_and_stops_for_the_reason_it_gives(seconds, min_samples, extra, budget_s, target):
    maximum = min_samples + extra
    # Collecting the garbage of a whole test session, 200 times over, took two minutes.
    with mock.patch.object(sampler, "without_garbage_collection", contextlib.nullcontext):
        samples = take(
            Scripted(*seconds), min_samples=min_samples, max_samples=maximum, budget_s=budget_s, target_interval=target
        )
    expected = (seconds + [seconds[-1]] * maximum)[: len(samples.elapsed_s)]
    assert samples.elapsed_s == pytest.approx(expected)
    assert min_samples <= len(samples.elapsed_s) <= maximum
    if samples.stopped_by is StopReason.BUDGET:
        assert sum(samples.elapsed_s) >= budget_s * (1 - 1e-9)
    if samples.stopped_by is StopReason.MAXIMUM:
        assert len(samples.elapsed_s) == maximum
    if samples.stopped_by is StopReason.INTERVAL:
        low, high = median_ranks(len(samples.elapsed_s))
        ordered = sorted(samples.elapsed_s)
        assert (ordered[high] - ordered[low]) / 2 <= target * ordered[len(ordered) // 2] * (1 + 1e-9)


def test_iterations_per_sample_fills_the_shortest_sample():
    assert iterations_per_sample(0.003, 0.01) == 4
    assert iterations_per_sample(5.0, 0.01) == 1
    assert iterations_per_sample(0.0, 0.01) == 1


@pytest.mark.parametrize("count", [8, 20, 99, 100, 101, 500])
def test_ranks_bound_the_median_with_99_percent(count):
    low, high = median_ranks(count)
    inside = sum(math.comb(count, below) for below in range(low + 1, high + 1)) / 2**count
    assert inside >= 0.99


def test_seven_values_bound_no_median_with_99_percent():
    assert median_ranks(7) is None
