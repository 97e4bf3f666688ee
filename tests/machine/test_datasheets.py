"""Data sheets: of that very product, or none."""

import pytest

from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.records import (
    Precision,
)
from tests import make


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("NVIDIA H200", "H200"),
        ("NVIDIA H100 80GB HBM3", "H100 80GB HBM3"),
        ("NVIDIA A100-SXM4-80GB", "A100-SXM4-80GB"),
        ("Tesla V100-SXM2-16GB", "V100-SXM2"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA GeForce RTX 3090 Ti", None),
        ("NVIDIA GeForce GTX 1080", None),
    ],
)
def test_a_data_sheet_is_of_that_very_product_or_there_is_none(name, product):
    found = data_sheet(make.change(make.IDENTITY, device="cuda", device_name=name))
    assert (found and found.product) == product
    if found is not None:
        assert found.source
        assert found.flop_per_s(Precision.FP16) == found.half_flop_per_s > found.flop_per_s(Precision.FP32)
        assert found.flop_per_s(Precision.AMP_FP16) == found.flop_per_s(Precision.FP16)


def test_a_cpu_has_no_data_sheet():
    assert data_sheet(make.IDENTITY) is None
