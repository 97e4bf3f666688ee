"""The method says for which speed corrected figures are given, and where that comes from."""

from resnet_bench.records import Nominal
from resnet_bench.report.sections.reference_words import reference_words
from tests import make

PASS_S = 0.00321


def beside(**header):
    launches = tuple(
        make.beside_reference(it, PASS_S * (1 + 0.01 * number))
        for number, it in enumerate(make.measurement([[0.05] * 8] * 5).launches)
    )
    return make.run_of([make.change(make.measurement([[0.05]]), launches=launches)], name="r1", **header)


def test_a_speed_says_which_launches_it_is_made_of_and_what_intervals_hold():
    how, speed = reference_words([beside()])
    assert "Their intervals are of these launches and of what is not known of b." in how
    assert speed == (
        "The nominal speed of cpu-1 beside 1 thread is 3.242 ms a pass, the lower quartile of 5 launches of run r1, "
        "which lay 1.6 % apart by it. It stays for all runs of this machine: another one would move all corrected "
        "figures alike, so it is no part of their intervals."
    )


def test_one_of_an_earlier_release_says_that_it_was_measured_once():
    old = make.ceilings(threads=1, nominal=Nominal(version="cpu-1", pass_s=(0.00329,)))
    speed = reference_words([beside(ceilings=(old,))])[1]
    assert speed == (
        "The nominal speed of cpu-1 beside 1 thread is 3.290 ms a pass, as it was measured once with the machine's "
        "ceilings."
    )


def test_runs_without_a_reference_say_nothing_of_it():
    assert reference_words([make.suite_run(launches=3)]) == ()
