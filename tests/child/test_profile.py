"""The static profiles that a run keeps, as its child makes them."""

import pytest

from resnet_bench.child.profile import profile
from resnet_bench.records import Mode, Precision
from resnet_bench.wire.messages import ProfileRequest, ProfileSubject

BRANCHING = "tests.profilers.test_inputs:Branching"


def profiled(*, model: str = BRANCHING, on_host: bool):
    subject = ProfileSubject(
        model=model, mode=Mode.INFERENCE, precision=Precision.FP32, batch_size=2, image_size=5, on_host=on_host
    )
    return profile(ProfileRequest(subjects=(subject,)))


def test_what_depends_on_its_data_is_counted_by_running_it_where_it_is_measured_anyway():
    (found,) = profiled(on_host=True).profiles
    assert found.macs == 2 * 25 * 8 * 3
    assert found.predicted_memory is None
    assert found.unexplained_flops == 0
    assert found.torch_counter_flops == 2 * found.macs


def test_on_another_device_it_is_refused_with_the_reason():
    found = profiled(on_host=False)
    assert found.profiles == ()
    ((model, why),) = found.refusals
    assert model == BRANCHING
    assert "its control flow depends on the data" in why


@pytest.mark.parametrize("on_host", [False, True])
def test_what_cannot_be_run_either_says_what_tracing_said(on_host):
    found = profiled(model="tests.profilers.test_inputs:Video", on_host=on_host)
    ((_, why),) = found.refusals
    assert "cannot be traced without running it" in why
