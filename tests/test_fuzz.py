"""Whatever lies in a file, every command that reads it keeps the command line's promises."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.door import Door


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with Door(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_a_damaged_file_ends_in_a_documented_way(door, random):
    tried = door.try_one(random)
    assert not tried.fault, str(tried)
