"""What may be said of several figures: superlatives only where intervals prove them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.analysis.claims import Order, order, standing
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.published import Published
from resnet_bench.analysis.results import of_runs
from resnet_bench.analysis.stats import summarize
from resnet_bench.report.claim_words import superlative
from tests.make import beside_reference, case, change, measurement, noisy_launches, run_of


def figure(seed, center, *, noise=0.002, count=6):
    return summarize(measurement(noisy_launches(seed, center=center, noise=noise, count=count, samples=3)), LATENCY)


def test_the_first_is_first_only_where_it_is_ahead_of_every_other():
    clear = [figure(1, 1.0), figure(2, 1.2), figure(3, 1.5)]
    assert standing(clear, Direction.LOWER).proven
    assert standing(clear, Direction.HIGHER).first == 2
    tied = standing([figure(1, 1.0), figure(2, 1.001), figure(3, 1.5)], Direction.LOWER)
    assert ({tied.first, *tied.rivals}, tied.proven) == ({0, 1}, False)
    assert 0 < tied.half_width < 0.05
    alone = standing([figure(1, 1.0)], Direction.LOWER)
    assert (alone.proven, alone.half_width) == (True, None)


def drifting(*latencies_s):
    """Latencies of one run, whose launches all took longer or shorter by what the reference beside them says."""
    measured = []
    for number, (latency_s, drift) in enumerate(latencies_s):
        drifts = [drift * (1 + 0.06 * launch) for launch in range(6)]
        plain = measurement([[latency_s * it] * 6 for it in drifts], of=case(batch_size=1 + number))
        beside = [beside_reference(it, 0.001 * drift) for it, drift in zip(plain.launches, drifts, strict=True)]
        measured.append(change(plain, launches=tuple(beside)))
    return [it.latency for it in of_runs([run_of(measured)], lambda _: Published(family="", accuracy=None))]


def test_what_corrected_figures_prove_ahead_is_first_though_another_measured_better():
    figures = drifting((1.0, 1.1), (1.05, 0.95))
    assert figures[1].median < figures[0].median
    found = standing(figures, Direction.LOWER)
    assert (found.first, found.proven, found.by_correction) == (0, True, True)
    said = superlative(("a", "b"), found, quality="the quickest", figure="1.13 s")
    assert said == "a is the quickest, corrected for drift, and measured 1.13 s"
    assert not standing(drifting((1.0, 1.0), (1.05, 1.0)), Direction.LOWER).by_correction


def test_two_launches_prove_nothing():
    few = standing([figure(1, 1.0, count=2), figure(2, 9.0, count=2)], Direction.LOWER)
    assert (few.rivals, few.half_width, few.without_interval) == ((1,), None, True)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.8, 1.25), st.integers(2, 8), st.integers(0, 99), st.sampled_from(Direction))
def test_order_is_antisymmetric(factor, count, seed, direction):
    one, other = figure(seed, 1.0, noise=0.01, count=count), figure(seed + 1, factor, noise=0.01, count=count)
    there, back = order(one, other, direction), order(other, one, direction)
    assert back is {Order.AHEAD: Order.BEHIND, Order.BEHIND: Order.AHEAD}.get(there, there)


@pytest.mark.parametrize("rivals", [1, 9])
def test_equal_figures_are_rarely_ranked_however_many_there_are(rivals):
    rng = np.random.default_rng(1)
    proven = sum(
        standing([figure(int(rng.integers(2**31)), 1.0, noise=0.02) for _ in range(rivals + 1)], Direction.LOWER).proven
        for _ in range(300)
    )
    assert proven <= math.ceil(0.01 * 300) + 3
