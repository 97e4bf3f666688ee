"""Cores for several processes at once: none twice, and whole cores before second threads of them."""

from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.machine.cores import dealt, in_turn

usable = st.sets(st.integers(0, 63), min_size=1)


@given(usable, st.integers(1, 8), st.integers(1, 8))
def test_each_process_has_as_many_cores_and_none_is_given_twice(cores, processes, each):
    groups = dealt(in_turn(cores, str), processes, each)
    if processes * each > len(cores):
        assert groups == ()
    else:
        assert [len(it) for it in groups] == [each] * processes
        given_away = [core for it in groups for core in it]
        assert len(set(given_away)) == len(given_away)
        assert set(given_away) <= cores


@given(usable)
def test_second_threads_of_a_core_come_last(cores):
    """Of a processor whose cores n and n + 32 are one."""

    def whole(core):
        return str(core % 32)

    order = in_turn(cores, whole)
    wholes = len({whole(it) for it in cores})
    assert sorted(order) == sorted(cores)
    assert len({whole(it) for it in order[:wholes]}) == wholes
