"""Drift inside a launch is told from noise: rarely where there is none, and surely where it matters."""

import math
import random

import pytest

from resnet_bench.profilers.settling import settling

SERIES = 400


def noise(rng, count, *, spread, correlation=0.0):
    """Stationary log-normal times; neighbours resemble each other as on a shared machine."""
    state, found = rng.gauss(0, spread), []
    for _ in range(count):
        found.append(0.010 * math.exp(state))
        state = correlation * state + rng.gauss(0, spread * math.sqrt(1 - correlation**2))
    return found


def bursts(rng, count):
    """Two levels, as where a core is shared: half of the samples take a fifth longer."""
    return [0.010 * (1.2 if rng.random() < 0.5 else 1) * math.exp(rng.gauss(0, 0.01)) for _ in range(count)]


def warned(make):
    return sum(settling(make()) is not None for _ in range(SERIES)) / SERIES


@pytest.mark.parametrize("count", [20, 60, 200])
@pytest.mark.parametrize("spread", [0.01, 0.06])
@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.0), (0.6, 0.02)])
def test_stationary_noise_hardly_ever_warns(count, spread, correlation, most):
    rng = random.Random(1)
    assert warned(lambda: noise(rng, count, spread=spread, correlation=correlation)) <= most


def test_two_levels_in_any_order_are_no_drift():
    rng = random.Random(2)
    assert warned(lambda: bursts(rng, 60)) <= 0.005


@pytest.mark.parametrize("shape", [lambda place: 0.05 if place >= 0.5 else 0.0, lambda place: 0.12 * place])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_and_a_slope_are_seen_from_sixty_samples_on(shape, sign):
    rng = random.Random(3)

    def drifting():
        return [x * (1 + sign * shape(place / 60)) for place, x in enumerate(noise(rng, 60, spread=0.01))]

    changes = [settling(drifting()) for _ in range(SERIES)]
    seen = [change for change in changes if change is not None]
    assert len(seen) > 0.9 * SERIES
    assert all(sign * change > 0.03 for change in seen)


def test_what_does_not_matter_is_not_said():
    rng = random.Random(4)
    assert (
        settling([x * (1.02 if place >= 100 else 1) for place, x in enumerate(noise(rng, 200, spread=0.002))]) is None
    )


def test_few_samples_tell_nothing():
    assert settling([0.010] * 9 + [0.020] * 10) is None
    assert settling([0.010] * 10 + [0.020] * 10) == pytest.approx(1.0)
