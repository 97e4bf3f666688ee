"""Ranks that measure in step: a sample begins at a barrier and lasts as long as on the slowest of them."""

import pytest
import torch.distributed as dist
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers.group import GroupClock, refuse_missing
from resnet_bench.records.groups import carried_bytes
from tests.fake_clock import FakeClock


class BesideAnother:
    """A group of two, whose other rank takes so long for each sample and has a clock of its own."""

    def __init__(self, other_s, first_s=7.0):
        self.barriers = 0
        self._other_s = other_s
        self._first_s = first_s

    def barrier(self):
        self.barriers += 1

    def most(self, values):
        return [max(value, self._other_s) for value in values]

    def of_first(self, _value):
        return self._first_s


@given(st.floats(1e-3, 10.0), st.floats(1e-3, 10.0), st.integers(1, 5))
def test_a_sample_lasts_as_long_as_on_the_slowest_rank(own_s, other_s, count):
    inner, group = FakeClock(), BesideAnother(other_s)
    clock = GroupClock(inner, group)
    timing = clock.time(lambda: inner.advance(own_s), count)
    assert timing.host_s == pytest.approx(max(own_s * count, other_s))
    assert timing.device_s is None
    assert group.barriers == 1
    assert clock.now() == 7.0  # rank 0's, on every rank


@given(st.integers(1, 10**9), st.integers(2, 512))
def test_a_link_of_a_ring_carries_almost_twice_the_buffer(size, ranks):
    assert carried_bytes(size, ranks) == pytest.approx(2 * size * (1 - 1 / ranks))
    assert size <= carried_bytes(size, ranks) < 2 * size


def test_a_torch_without_a_way_for_ranks_to_speak_says_so(monkeypatch):
    monkeypatch.setattr(dist, "is_backend_available", lambda name: name != "nccl")
    refuse_missing("gloo")
    with pytest.raises(UnsupportedError, match="several ranks here need nccl, and this torch was built without it"):
        refuse_missing("nccl")
