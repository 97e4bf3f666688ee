"""What repeated runs of one revision teach about the runs to come."""

import math
import re

import numpy as np
import pytest

from benchmarks.gate_simulation import learn
from resnet_bench.analysis.verdicts.noise_bands import Between, between_runs, calibrated_band, in_words, known_bands
from resnet_bench.records import Band, BandSource

SHIFT = 0.02


def learnt(runs, *, shift=SHIFT):
    degrees = runs - 1
    width = Between(shift, degrees).band(runs)
    return Band(metric="latency_s", width=width, source=BandSource.BASELINE, shift=shift, degrees=degrees, runs=runs)


@pytest.mark.parametrize("calibrated", [None, SHIFT])
def test_what_two_more_runs_would_bring_is_what_they_bring(calibrated):
    """A calibration stays what it is: two more runs add their own degrees of freedom and no more."""
    machine = [calibrated_band("latency_s", Between(calibrated, 6))] if calibrated else []
    (now,), (later,) = (known_bands([learnt(runs)], machine) for runs in (3, 5))
    said = re.search(r"two more runs would bring it to about (\S+) %", in_words(now))
    assert float(said[1]) / 100 == pytest.approx(later.width, rel=0.04)  # two digits


def shifted(rng, *, cases, runs, together):
    """Logarithms of six launches by case and run; runs shift all cases at once, or each case by itself."""
    shifts = rng.normal(0, SHIFT, (1 if together else cases, runs))
    noise = rng.normal(0, 0.01, (cases, runs, 6))
    return (np.broadcast_to(shifts, (cases, runs))[:, :, None] + noise).tolist()


def test_shifts_are_pooled_over_cases_only_where_they_are_independent():
    rng = np.random.default_rng(1)
    alike, apart = (
        [between_runs(shifted(rng, cases=10, runs=3, together=together)) for _ in range(200)]
        for together in (True, False)
    )
    assert sum(it.degrees > 2 for it in alike) <= 2
    assert sum(it.degrees > 2 for it in apart) > 80
    typical = np.median([it.shift for it in apart])
    assert math.isclose(typical, SHIFT, rel_tol=0.2)


def test_independent_shifts_teach_a_narrower_band_and_no_more_false_claims():
    alike, apart = (
        learn(SHIFT, calibrated=None, trials=200, cases=10, together=together) for together in (True, False)
    )
    assert apart.median < alike.median
    assert apart.false_claims <= 0.01 + 1 / 200
