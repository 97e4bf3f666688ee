import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.stats import center_interval, summarize
from resnet_bench.records import Memory
from tests.make import measurement

LATENCY = find_metric("latency_s")
RSS = find_metric("peak_rss_bytes")
seconds = st.floats(1e-5, 10.0)
launches = st.lists(st.lists(seconds, min_size=1, max_size=12), min_size=1, max_size=8)


def test_by_hand():
    summary = summarize(measurement([[1.0, 2.0, 30.0], [4.0, 4.0], [3.0]]), LATENCY)
    assert summary.launch_medians == (2.0, 4.0, 3.0)
    assert summary.median == 3.0
    assert (summary.launches, summary.samples) == (3, 6)
    assert summary.p50 == 3.5
    logs = np.log([2.0, 4.0, 3.0])
    half = 9.924843200918 * np.std(logs, ddof=1) / math.sqrt(3)  # t(0.995, 2) from tables
    assert summary.interval.low == pytest.approx(math.exp(logs.mean() - half))
    assert summary.interval.high == pytest.approx(math.exp(logs.mean() + half))
    assert summary.interval.confidence == 0.99


def test_one_launch_has_no_interval_however_many_samples_it_has():
    summary = summarize(measurement([[1.0 + i / 1000 for i in range(500)]]), LATENCY)
    assert summary.interval is None
    assert summary.p99 == pytest.approx(1.49401)


def test_p99_waits_for_a_hundred_samples():
    assert summarize(measurement([[1.0] * 50, [1.0] * 49]), LATENCY).p99 is None
    assert summarize(measurement([[1.0] * 50, [1.0] * 50]), LATENCY).p99 == 1.0


def test_a_metric_that_no_launch_has_gives_none():
    assert summarize(measurement([[1.0]], memory=Memory()), RSS) is None


def test_zero_bytes_are_a_value():
    summary = summarize(measurement([[1.0], [1.0], [1.0]], memory=Memory(peak_rss_bytes=0)), RSS)
    assert (summary.median, summary.interval.low, summary.interval.high) == (0.0, 0.0, 0.0)


@given(launches, st.sampled_from([1e-3, 0.5, 7.0, 1024.0]))
def test_scale_invariance(values, factor):
    one = summarize(measurement(values), LATENCY)
    other = summarize(measurement([[v * factor for v in launch] for launch in values]), LATENCY)
    for name in ("median", "mad", "p50", "p90", "p95"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * factor, rel=1e-6, abs=1e-15)
    if one.interval is not None and one.interval.low > 1e-250 and one.interval.high < 1e250:
        assert other.interval.low == pytest.approx(one.interval.low * factor, rel=1e-6)
        assert other.interval.high == pytest.approx(one.interval.high * factor, rel=1e-6)


@given(launches)
def test_the_interval_holds_the_median_and_stays_finite(values):
    summary = summarize(measurement(values), LATENCY)
    if summary.interval is None:
        assert len(values) < 3  # two launches have a spread, but no interval that anybody could use
    else:
        assert summary.interval.low <= summary.median <= summary.interval.high < math.inf


@given(launches)
def test_the_order_of_launches_does_not_matter(values):
    one, other = summarize(measurement(values), LATENCY), summarize(measurement(values[::-1]), LATENCY)
    assert one.median == other.median
    if one.interval:
        assert one.interval.low == pytest.approx(other.interval.low)


@pytest.mark.parametrize("count", [3, 6, 10])
@pytest.mark.parametrize("between", [0.003, 0.03])
def test_coverage_on_simulated_launch_noise(count, between):
    rng = np.random.default_rng(20)
    trials = 2000
    covered = 0
    for _ in range(trials):
        medians = [math.exp(rng.normal(0.0, between) + rng.normal(0.0, 0.002)) for _ in range(count)]
        interval = center_interval(medians)
        covered += interval.low <= 1.0 <= interval.high
    # 99 % of 2000 is 1980; four standard deviations of a binomial are 18.
    assert covered >= 1962


def test_pooling_samples_would_not_cover():
    # The mistake this module exists to avoid: the same data, with samples taken for replicates.
    rng = np.random.default_rng(21)
    covered = 0
    for _ in range(300):
        samples = [math.exp(rng.normal(0, 0.02)) * math.exp(rng.normal(0, 0.005)) for _ in range(5)]
        pooled = [base * math.exp(rng.normal(0, 0.005)) for base in samples for _ in range(20)]
        interval = center_interval(pooled)
        covered += interval.low <= 1.0 <= interval.high
    assert covered < 200
