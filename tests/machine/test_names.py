"""What tells machines apart gives them their names."""

from resnet_bench.machine import names
from tests import make


def test_names_are_empty_for_one_machine_and_different_for_several():
    state = make.run_of([]).header.environments[0]
    assert names.names([state]) == {"e1": ""}
    twins = [make.change(state, id=f"e{number}") for number in range(3)]
    assert len(set(names.names(twins).values())) == 3
