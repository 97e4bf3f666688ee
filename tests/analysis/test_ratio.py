import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.analysis.location import robust
from resnet_bench.analysis.verdicts.ratio import holm, log_ratio

medians = st.lists(st.floats(1e-4, 10), min_size=2, max_size=12)


@given(medians, medians)
def test_swapping_sides_inverts_ratio_and_interval(left, right):
    there, back = log_ratio(left, right), log_ratio(right, left)
    assert there.ratio * back.ratio == pytest.approx(1)
    one, other = there.interval(), back.interval()
    if one.low > 1e-200 and one.high < 1e200:
        assert one.low * other.high == pytest.approx(1)
        assert one.high * other.low == pytest.approx(1)
    assert there.p_beyond(0.02) == pytest.approx(back.p_beyond(0.02))


@settings(deadline=None)
@given(medians, medians, st.sampled_from([1e-3, 3.0, 1024.0]))
def test_the_unit_does_not_matter(left, right, factor):
    one = log_ratio(left, right)
    other = log_ratio([v * factor for v in left], [v * factor for v in right])
    assert other.ratio == pytest.approx(one.ratio)
    assert other.robust.error == pytest.approx(one.robust.error, abs=1e-9)


def test_by_hand():
    # Equal variances and sizes: Welch's degrees of freedom are n1 + n2 - 2 = 4, t(0.995, 4) = 4.604 from tables.
    left = [math.exp(v) for v in (0.0, 0.1, 0.2)]
    estimate = log_ratio(left, [v * math.exp(0.5) for v in left])
    assert estimate.robust.degrees == pytest.approx(4)
    half = 4.604095 * 0.1 * math.sqrt(2 / 3)
    assert math.log(estimate.interval().low) == pytest.approx(0.5 - half, abs=1e-6)
    assert math.log(estimate.interval().high) == pytest.approx(0.5 + half, abs=1e-6)


@pytest.mark.parametrize(("left", "right"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], [3.0]), ([0.0, 1.0], [1.0, 1.0])])
def test_no_spread_or_no_logarithm_gives_none(left, right):
    assert log_ratio(left, right) is None


@pytest.mark.parametrize("spreads", [(0.01, 0.01), (0.002, 0.03)])
def test_coverage_on_simulated_launch_noise(spreads):
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(2000):
        estimate = log_ratio(np.exp(rng.normal(0, spreads[0], 6)), np.exp(rng.normal(0.1, spreads[1], 6)))
        interval = estimate.interval()
        covered += interval.low <= math.exp(0.1) <= interval.high
    assert covered >= 1962  # 99 % less four standard deviations


def test_claims_at_the_edge_of_the_band_are_false_at_most_as_often_as_said():
    rng = np.random.default_rng(4)
    claims = sum(
        log_ratio(np.exp(rng.normal(0, 0.01, 6)), np.exp(rng.normal(math.log(1.02), 0.01, 6))).p_beyond(0.02) <= 0.01
        for _ in range(4000)
    )
    assert claims <= 45  # 40 are allowed; one side alone gives 20


def test_what_is_called_detectable_is_found_95_times_in_100():
    rng = np.random.default_rng(5)
    reach = np.median(
        [
            log_ratio(np.exp(rng.normal(0, 0.01, 10)), np.exp(rng.normal(0, 0.01, 10))).detectable(0.01)
            for _ in range(300)
        ]
    )
    found = sum(
        log_ratio(np.exp(rng.normal(0, 0.01, 10)), np.exp(rng.normal(math.log1p(reach), 0.01, 10))).p_beyond(0.01)
        <= 0.01
        for _ in range(1000)
    )
    assert 900 <= found <= 985


def test_one_wild_launch_moves_neither_ratio_nor_interval_much():
    left = [0.99, 1.0, 1.01, 1.0, 0.995, 1.005]
    right = [value * 1.1 for value in left]
    calm, wild = log_ratio(left, right), log_ratio(left, [*right[:5], 3.0])
    assert wild.ratio == pytest.approx(calm.ratio, rel=0.01)
    assert wild.interval().low > 1.05
    assert wild.p_beyond(0.02) < 0.001
    few = log_ratio(left[:5], [*right[:4], 3.0])  # five are too few to leave two of them out
    assert few.robust == few.plain


def test_how_many_launches_keep_a_limit_by_hand():
    # One side's two launches hold all of the noise: t of n - 1 degrees, 0.1 / sqrt(n), and 1.645 of that for the power.
    # At n = 5 that is (4.604 + 1.645) x 0.1 / sqrt(5) = 0.279, at n = 4 (5.841 + 1.645) x 0.05 = 0.374.
    spread = 0.1 / math.sqrt(2)
    estimate = log_ratio([1.0, 1.0], [math.exp(spread), math.exp(-spread)])
    assert estimate.variances == pytest.approx((0.0, 0.01))
    assert estimate.launches_for(math.expm1(0.29), 0.0) == 5
    assert estimate.launches_for(math.expm1(0.38), 0.0) == 4
    assert estimate.launches_for(90.0, 0.0) == 3  # not the two that are there


def test_a_doubt_that_launches_do_not_show_is_not_measured_away():
    left, right = [1.0, 1.01, 0.99, 1.0], [1.0, 1.01, 0.99, 1.0]
    assert log_ratio(left, right).launches_for(0.05, 0.0) is not None
    assert log_ratio(left, right, doubt=0.05).launches_for(0.05, 0.0) is None


@given(st.integers(2, 9), st.integers(2, 9), st.floats(0.001, 0.3), st.floats(0.001, 0.3), st.floats(0.01, 2.0))
def test_the_launches_that_are_asked_for_are_more_than_there_are(left, right, one, other, limit):
    sides = [[math.exp(spread * (-1) ** at) for at in range(count)] for count, spread in ((left, one), (right, other))]
    found = log_ratio(*sides).launches_for(limit, 0.0)
    assert found is None or min(left, right) < found <= 200


def test_trimming_by_hand():
    # 6 values, one left out at each end: kept 2, 3, 4, 5, winsorised 2, 2, 3, 4, 5, 5 with variance 1.9.
    found = robust([1.0, 2.0, 3.0, 4.0, 5.0, 90.0])
    assert (found.mean, found.degrees) == (3.5, 3)
    assert found.variance == pytest.approx(5 / (4 * 3) * 1.9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_holm_rejects_at_least_bonferroni_and_at_most_everything_below_alpha(p_values):
    rejected = holm(p_values)
    for p_value, claim in zip(p_values, rejected, strict=True):
        assert claim or p_value > 0.01 / len(p_values) or any(p <= p_value for p in p_values)
        assert not claim or p_value <= 0.01
        assert claim or not p_value <= 0.0099 / len(p_values)


def test_holm_by_hand():
    assert holm([0.004, 0.001, 0.03]) == (True, True, False)
    assert holm([0.02, 0.0001]) == (False, True)
