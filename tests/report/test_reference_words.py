"""The method says for which speed corrected figures are given, and where that comes from."""

import pytest

from resnet_bench.records.nominals import ENOUGH_LAUNCHES
from resnet_bench.report.sections.reference_words import reference_words
from tests import make

PASS_S = 0.00321


def beside(count=5):
    launches = tuple(
        make.beside_reference(it, PASS_S * (1 + 0.01 * number))
        for number, it in enumerate(make.measurement([[0.05] * 8] * count).launches)
    )
    return make.run_of([make.change(make.measurement([[0.05]]), launches=launches)], name="r1")


def test_a_speed_says_which_launches_it_is_made_of_and_what_intervals_hold():
    how, speed = reference_words([beside()])
    assert "Their intervals are of these launches and of what is not known of b." in how
    assert speed == (
        "The nominal speed of cpu-1 beside 1 thread is 3.242 ms a pass, the lower quartile of 5 launches of run r1, "
        "which lay 1.6 % apart by it. It stays until a run of this machine has 20 launches: another one would move all "
        "corrected figures alike, so it is no part of their intervals."
    )


@pytest.mark.parametrize(("count", "stays"), [(ENOUGH_LAUNCHES, True), (ENOUGH_LAUNCHES - 1, False)])
def test_it_is_said_to_stay_only_where_no_larger_run_replaces_it(count, stays):
    _, speed = reference_words([beside(count)])
    assert ("It stays for all runs of this machine:" in speed) is stays


def test_runs_without_a_reference_say_nothing_of_it():
    assert reference_words([make.suite_run(launches=3)]) == ()
