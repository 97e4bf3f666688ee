"""`benchmarks.gate_power --sequential` stops as early as is honest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.enough_trials import BAD, ERROR, GOOD, decided


def test_fifteen_right_trials_in_a_row_decide_and_fourteen_do_not():
    assert decided([True] * 14) is None
    assert decided([True] * 15) is True
    assert decided([]) is None


def test_a_wrong_trial_costs_a_dozen_more_and_two_of_the_first_seven_decide():
    """ln(0.2 / 0.02) / ln(0.98 / 0.8) = 11.3 right ones outweigh a wrong one."""
    trials = [True] * 5 + [False] + [True] * 21
    assert decided(trials[:-1]) is None
    assert decided(trials) is True
    assert decided([True] * 5 + [False] * 2) is False


@pytest.mark.parametrize(("share", "answer"), [(BAD, True), (GOOD, False)])
def test_a_share_that_is_one_of_the_two_is_called_the_other_at_most_so_often(share, answer):
    rng = np.random.default_rng(5)
    wrong = sum(decided(rng.random(400) < share) is answer for _ in range(2000))
    assert wrong / 2000 <= 1.3 * ERROR  # four standard errors above the bound


@given(st.lists(st.booleans(), max_size=60), st.lists(st.booleans(), max_size=5))
def test_what_is_decided_stays_decided(trials, more):
    found = decided(trials)
    assert found is None or decided(trials + more) is found
