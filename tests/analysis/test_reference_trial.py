"""Whether the reference helps: what its launches show decides, and by chance alone it seldom does."""

import math
import random

import pytest

from resnet_bench.analysis.reference_trial import FEWEST_LAUNCHES, HELPS_BELOW, LEAST_SPREAD, helps, trial_of
from resnet_bench.records.calibration import ReferenceTrial
from resnet_bench.specs.accelerator_reference import VERSION
from tests import make

PASS_S = 0.0012


def launches(seed=0, *, count=8, seen=0.04, own=0.002, models=("one", "two", "three"), blind=False):
    """Launches on a card whose clock wanders by `seen`, of cases that wander by `own` beside it."""
    rng = random.Random(seed)
    made = []
    for index in range(count):
        for name in models:
            slow, noise = math.exp(rng.gauss(0, seen)), math.exp(rng.gauss(0, own))
            of = make.case(name, device="cuda:0")
            launch = make.launch([0.004 * noise * (1 if blind else slow)] * 8, index=index, of=of)
            made.append(make.beside_reference(launch, PASS_S * slow, version=VERSION))
    return made


def test_what_it_saw_is_pooled_over_cases():
    trial = trial_of(launches(seen=0.04, own=0.002))
    assert (trial.version, trial.launches) == (VERSION, 8)
    assert trial.spread_raw == pytest.approx(0.04, rel=0.3)
    assert trial.spread_corrected < 0.005
    assert helps(trial)


def test_a_clock_that_does_not_move_needs_no_help():
    trial = trial_of(launches(seen=0.0005, own=0.001))
    assert trial.spread_raw < LEAST_SPREAD
    assert not helps(trial)


def test_a_reference_that_sees_nothing_of_what_moves_the_cases_seldom_seems_to_help():
    trials = [trial_of(launches(seed, seen=0.03, own=0.03, blind=True)) for seed in range(100)]
    assert sum(map(helps, trials)) <= 5


@pytest.mark.parametrize(
    ("raw", "corrected", "expected"),
    [
        (0.02, 0.02 * HELPS_BELOW, True),
        (0.02, 0.0181, False),
        (LEAST_SPREAD, 0.0, False),
        (0.0, 0.0, False),
    ],
)
def test_a_tenth_of_a_spread_that_matters_is_what_it_must_take_off(raw, corrected, expected):
    trial = ReferenceTrial(version=VERSION, launches=6, spread_raw=raw, spread_corrected=corrected)
    assert helps(trial) is expected


def test_cases_of_too_few_launches_and_launches_without_a_reference_tell_nothing():
    assert trial_of(()) is None
    assert trial_of(launches(count=FEWEST_LAUNCHES - 1)) is None
    plain = [make.launch([0.004] * 8, index=it, of=make.case("one", device="cuda:0")) for it in range(8)]
    assert trial_of(plain) is None
    beside = launches(models=("two",))
    assert trial_of([*plain, *beside, *launches(count=2, models=("three",))]) == trial_of(beside)
