"""One series judged: what is claimed of it, what is only suspected, and how often wrongly."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench import units
from resnet_bench.analysis.history.series import judged
from resnet_bench.analysis.history.suspicion import FALSE_ALARMS
from resnet_bench.records import ChangeOutcome
from tests.make import noisy, series_of

DATA = Path(__file__).parents[1] / "data" / "history"


def suspected(values, **options):
    return judged(series_of(values, **options)).suspected


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.integers(1, 12), st.sampled_from([1.0, 1.05, 1.2, 2.0])), min_size=1, max_size=8),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_every_claims_interval_excludes_one_and_its_range_holds_its_commit(seed, levels, noise):
    one = judged(series_of(noisy(seed, *levels, noise=noise)))
    for claim in (*one.changes, *([one.suspected] if one.suspected else [])):
        assert not float(units.ratio(claim.interval.low)) <= 1 <= float(units.ratio(claim.interval.high))
        assert claim.after < claim.first_after <= claim.by
        assert (claim.new > claim.before) == (claim.outcome is ChangeOutcome.REGRESSED)


def test_a_step_that_its_own_interval_does_not_support_is_not_claimed():
    wild = noisy(3, (20, 1.0), (6, 1.5), (20, 1.0), noise=0.3)
    assert judged(series_of(wild)).changes == ()


def test_a_real_series_in_random_order_has_hardly_any_claim():
    """Two levels and outliers, in any order: no more than one in a hundred."""
    values = json.loads((DATA / "duplicate_step.json").read_text())
    orders = random.Random(1)
    claims = sum(bool(judged(series_of(orders.sample(values, len(values)))).changes) for _ in range(500))
    assert claims <= 10  # 11 of 1,000; more than 10 of 500 has a chance of 1 in 70 at the level of 1 %


@pytest.mark.parametrize("newest", [1, 2])
def test_a_jump_at_the_newest_commits_is_suspected_with_what_would_confirm_it(newest):
    found = suspected(noisy(1, (30 - newest, 1.0), (newest, 1.1)))
    assert found.first_after == 30 - newest
    assert found.after < 30 - newest <= found.by
    assert found.outcome is ChangeOutcome.REGRESSED
    assert found.more_commits == 3 - newest
    assert found.interval.low < 1.1 < found.interval.high


def test_what_was_suspected_is_a_change_once_it_has_three_commits():
    values = noisy(1, (27, 1.0), (3, 1.1))
    assert [bool(suspected(values[:length])) for length in (27, 28, 29)] == [False, True, True]
    one = judged(series_of(values))
    assert [it.first_after for it in one.changes] == [27]
    assert one.suspected is None


def test_direction_follows_the_metric_and_exact_metrics_are_never_suspected():
    slower = noisy(1, (29, 1.0), (1, 0.8))
    assert suspected(slower).outcome is ChangeOutcome.IMPROVED
    assert suspected(slower, higher_is_better=True).outcome is ChangeOutcome.REGRESSED
    assert suspected([7.0] * 10 + [8.0], exact=True) is None


def test_a_jump_no_larger_than_earlier_outliers_is_not_suspected():
    values = noisy(1, (29, 1.0), (1, 1.3))
    assert suspected(values)
    values[10] = 1.3
    assert suspected(values) is None


def test_a_jump_below_the_smallest_change_is_not_suspected():
    values = noisy(1, (29, 1.0), (1, 1.02), noise=0.001)
    assert judged(series_of(values), 0.01).suspected
    assert judged(series_of(values), 0.03).suspected is None


def test_a_series_that_ended_earlier_is_suspected_of_nothing():
    values = noisy(1, (29, 1.0), (1, 1.3))
    assert judged(series_of(values), newest=False).suspected is None


@pytest.mark.parametrize("points", [6, 12, 30, 80])
def test_false_alarms_are_as_rare_as_stated_at_three_percent_noise(points):
    series = 1500
    alarms = sum(suspected(noisy(seed, (points, 1.0), noise=0.03)) is not None for seed in range(series))
    assert alarms <= FALSE_ALARMS * series + 9  # chance below 2 % were the rate exactly as stated


def test_most_jumps_of_ten_percent_are_suspected_at_one_percent_noise():
    found = [suspected(noisy(seed, (29, 1.0), (1, 1.1))) for seed in range(200)]
    assert sum(it is not None and it.after < 29 <= it.by for it in found) >= 196


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300, allow_nan=False), min_size=1, max_size=30))
def test_any_finite_numbers_have_an_answer(values):
    judged(series_of(values))
