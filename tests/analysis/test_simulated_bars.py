"""What verdicts promise, simulated with fixed seeds; `benchmarks.gate_power --simulated` has the whole table."""

import itertools

import numpy as np
import pytest

from benchmarks.gate_simulation import LAUNCHES, NOISES, OUTLIER_SHARE, Cell, forecasts, learn, simulate


@pytest.mark.parametrize("cases", [1, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("outliers", [0.0, OUTLIER_SHARE])
@pytest.mark.parametrize(("noise", "launches"), [(0.01, 6), (0.02, 10), (0.05, 3), (0.05, 20)])
def test_identical_code_is_rarely_called_changed_and_intervals_hold_the_truth(noise, outliers, launches, cases):
    trials = 1000 if cases == 1 else 60
    found = simulate(Cell(noise, outliers, launches, cases), 0.0, trials=trials)
    assert found.false_tables <= 0.01 + 1 / trials
    if cases == 1:
        assert found.covered >= 0.985


def test_one_wild_launch_hides_no_change():
    """Five launches 10 % slower and one of 3 s: the plain mean saw 0 of 150."""
    assert simulate(Cell(0.01, 0.0, 6), 0.10, trials=400, slow=1.3).found >= 0.95
    assert simulate(Cell(0.01, 0.0, 6), 0.10, trials=400, slow=300.0).found >= 0.95


def test_with_outlier_launches_power_grows_with_launches():
    found = [simulate(Cell(0.02, OUTLIER_SHARE, launches), 0.10, trials=400).found for launches in (6, 10, 20)]
    assert found == sorted(found)
    assert found[1] >= 0.90
    assert found[2] >= 0.98


@pytest.mark.slow
def test_a_change_is_found_in_a_table_of_forty_cases_too():
    assert simulate(Cell(0.01, 0.0, 6, 40), 0.10, trials=150).found >= 0.93  # 95 of 100 of 20,000


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "launches"), [(0.01, 3), (0.01, 6), (0.02, 6), (0.02, 10), (0.03, 10)])
@pytest.mark.parametrize("change", [0.0, 0.05, 0.10])
@pytest.mark.parametrize("outliers", [0.0, OUTLIER_SHARE])
def test_a_forecast_is_met_as_often_as_it_says(noise, outliers, launches, change):
    said = forecasts(Cell(noise, outliers, launches), change, trials=400)
    if said.stated_rows > 60:
        assert said.observed == pytest.approx(said.stated, abs=0.10)


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES)
def test_forecasts_of_all_rows_are_met_as_often_as_they_say(noise):
    """All rows of a noise together: at 5 % few have a forecast, of launches that agree by luck, and some fall short."""
    grid = itertools.product((0.0, OUTLIER_SHARE), LAUNCHES, (0.0, 0.05, 0.10))
    said = [forecasts(Cell(noise, outliers, launches), change, trials=80) for outliers, launches, change in grid]
    rows = [it.stated_rows for it in said]
    assert sum(rows) > 150
    stated, observed = (np.average([getattr(it, of) for it in said], weights=rows) for of in ("stated", "observed"))
    assert observed == pytest.approx(stated, abs=0.10)


@pytest.mark.parametrize(("shift", "widest"), [(0.01, 0.04), (0.02, 0.08)])
def test_three_runs_and_a_calibration_teach_a_band_that_sees_something(shift, widest):
    found = learn(shift, calibrated=shift, trials=600)
    assert found.median <= widest
    assert found.false_claims <= 0.015


@pytest.mark.parametrize("cases", [1, 10])
def test_three_runs_alone_teach_a_band_as_wide_as_it_must_be(cases):
    """A shift that hits ten cases at once is one shift: pooled as ten it taught a band that was half as wide."""
    found = learn(0.02, calibrated=None, trials=600 if cases == 1 else 200, cases=cases)
    assert found.false_claims <= 0.01 + 1 / 200
    assert found.median > 0.1
