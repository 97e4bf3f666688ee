"""The reference is one thing for all cases: nothing that a model's code sets makes it other kernels."""

import pytest
import torch

from resnet_bench.profilers.reference import HostReference
from resnet_bench.records import Allocator

# A product of two squares, small ones, scaled images and what comes of them, a convolution's weights and input.
BYTES = 4 * (3 * 384**2 + 3 * 128**2 + 2 * 4 * 64 * 56**2)
OF_CONVOLUTION = 4 * (256 * 256 * 9 + 256 * 14**2)


@pytest.fixture(params=[torch.float32, torch.float64, torch.bfloat16], ids=str)
def default_dtype(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("default_dtype")
@pytest.mark.parametrize(("allocator", "more"), [(Allocator.SHIPPED, 0), (Allocator.FIXED, OF_CONVOLUTION)])
def test_it_is_of_float32_whatever_type_a_model_made_the_default(allocator, more):
    """A model that made double the default had a reference twice as slow, and half of its latency when corrected."""
    made = HostReference(threads=1, allocator=allocator)
    made.run()
    assert made.host_bytes == BYTES + more


def test_it_is_on_the_host_whatever_device_a_model_made_the_default():
    torch.set_default_device("meta")
    try:
        made = HostReference(threads=2, allocator=Allocator.FIXED)
        made.run()
    finally:
        torch.set_default_device(None)
    assert made.host_bytes == BYTES + OF_CONVOLUTION
