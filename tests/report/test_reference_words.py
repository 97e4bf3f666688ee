"""The method says for which speed corrected figures are given, and where that comes from."""

from resnet_bench.report.sections.reference_words import reference_words
from tests import make

PASS_S = 0.00321


def beside():
    launches = tuple(
        make.beside_reference(it, PASS_S * (1 + 0.01 * number))
        for number, it in enumerate(make.measurement([[0.05] * 8] * 5).launches)
    )
    return make.run_of([make.change(make.measurement([[0.05]]), launches=launches)], name="r1")


def test_a_speed_says_which_launches_it_is_made_of_and_what_intervals_hold():
    how, speed = reference_words([beside()])
    assert "Their intervals are of these launches and of what is not known of b." in how
    assert speed == (
        "The nominal speed of cpu-1 beside 1 thread is 3.242 ms a pass, the lower quartile of 5 launches of run r1, "
        "which lay 1.6 % apart by it. It stays for all runs of this machine: another one would move all corrected "
        "figures alike, so it is no part of their intervals."
    )


def test_runs_without_a_reference_say_nothing_of_it():
    assert reference_words([make.suite_run(launches=3)]) == ()
