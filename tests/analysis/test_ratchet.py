from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.ratchet import ratchet
from tests.make import case, change, digest_of, measurement, noisy_launches


def named(machine, factor):
    """A digest whose machine goes by that name, its launches from two environments that tell nothing apart."""
    found = digest_of([measurement(noisy_launches(1, factor=factor), of=case(machine=machine))], name=machine)
    identity = next(iter(found.identities.values()))
    cases = tuple(change(it, environments=("e1", "e2")) for it in found.cases)
    return change(found, cases=cases, identities={"e1": identity, "e2": identity})


def test_an_improvement_is_taken_over_where_a_machine_goes_by_another_name():
    former, contender = named("a", 1.0), named("b", 0.8)
    moved = ratchet(former, contender, compare(former, contender))
    (kept,) = moved.baseline.cases
    assert (moved.improved_values, moved.new_cases) == (2, 0)
    assert kept.case.machine == "a"
    assert kept.summaries == contender.cases[0].summaries
