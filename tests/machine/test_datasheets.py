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
        ("Tesla V100-PCIE-32GB", "V100-PCIE"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA GH200 480GB", "GH200 480GB"),
        ("NVIDIA GH200 144G HBM3e", "GH200 144G HBM3e"),
        ("NVIDIA B200", "B200"),
        ("NVIDIA H20", "H20"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A10", "A10"),
        ("Tesla T4", "T4"),
        ("NVIDIA GeForce RTX 5090", "RTX 5090"),
        ("NVIDIA RTX A6000", "RTX A6000"),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("NVIDIA A100-SXM4-80GB MIG 2g.20gb", None),
        ("NVIDIA H200 MIG 1g.18gb", None),
        ("NVIDIA L40S-16Q", None),
        ("GRID T4-4Q", None),
        ("NVIDIA H20-3e", None),
        ("NVIDIA A10G", None),
        ("NVIDIA GB200", None),
        ("NVIDIA GeForce RTX 5090 D", None),
        ("NVIDIA GeForce RTX 5090 Laptop GPU", None),
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


def test_a_device_of_amd_has_amds_own_and_a_partition_of_it_none():
    def of(name):
        return data_sheet(make.change(make.IDENTITY, device="rocm", device_name=name))

    assert (of("AMD Instinct MI300X").source, of("AMD Instinct MI300X VF")) == (
        "AMD Instinct MI300X accelerator data sheet",
        None,
    )


def test_a_cpu_has_no_data_sheet():
    assert data_sheet(make.IDENTITY) is None
