"""Data sheets: of that very product, or none."""

from itertools import pairwise

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
        assert found.flop_per_s(Precision.FP8) == found.fp8_flop_per_s


TENSOR_CORES = (
    "NVIDIA H200",
    "NVIDIA H200 NVL",
    "NVIDIA H100 NVL",
    "NVIDIA H100 PCIe",
    "NVIDIA H100 80GB HBM3",
    "NVIDIA GH200 480GB",
    "NVIDIA GH200 144G HBM3e",
    "NVIDIA B200",
    "NVIDIA H20",
    "NVIDIA A100-SXM4-80GB",
    "NVIDIA L40S",
    "NVIDIA L4",
    "NVIDIA A10",
    "NVIDIA RTX A6000",
    "NVIDIA GeForce RTX 5090",
    "NVIDIA GeForce RTX 4090",
    "NVIDIA GeForce RTX 3090",
    "AMD Instinct MI300X",
)


@pytest.mark.parametrize("name", TENSOR_CORES)
def test_half_as_wide_is_twice_as_fast_so_no_rate_is_the_sparse_one_beside_dense_ones(name):
    kind = "rocm" if name.startswith("AMD") else "cuda"
    found = data_sheet(make.change(make.IDENTITY, device=kind, device_name=name))
    rates = [found.tf32_flop_per_s, found.half_flop_per_s, found.fp8_flop_per_s]
    known = [rate for rate in rates if rate is not None]
    assert len(known) >= 2
    assert [narrow / wide for wide, narrow in pairwise(known)] == pytest.approx([2.0] * (len(known) - 1), rel=0.025)


@pytest.mark.parametrize(
    ("name", "units", "flops", "boost_hz", "bits", "bit_per_s"),
    [
        # Multiprocessors, dense FLOP of halves in a clock of one, its highest clock; the memory's width and rate.
        ("NVIDIA H100 80GB HBM3", 132, 4096, 1.83e9, 5120, 5.24e9),
        ("NVIDIA A10", 72, 1024, 1.695e9, 384, 12.5e9),
        ("Tesla T4", 40, 1024, 1.59e9, 256, 10e9),
        ("NVIDIA RTX A6000", 84, 1024, 1.8e9, 384, 16e9),
        ("NVIDIA GeForce RTX 5090", 170, 512, 2.407e9, 512, 28e9),
        ("NVIDIA GeForce RTX 4090", 128, 512, 2.52e9, 384, 21e9),
    ],
)
def test_peaks_are_what_the_units_of_a_card_do_in_a_clock(name, units, flops, boost_hz, bits, bit_per_s):  # noqa: PLR0917 - one row
    found = data_sheet(make.change(make.IDENTITY, device="cuda", device_name=name))
    assert found.half_flop_per_s == pytest.approx(units * flops * boost_hz, rel=0.01)
    assert found.memory_byte_per_s == pytest.approx(bits / 8 * bit_per_s, rel=0.005)


def test_a_device_of_amd_has_amds_own_and_a_partition_of_it_none():
    def of(name):
        return data_sheet(make.change(make.IDENTITY, device="rocm", device_name=name))

    assert (of("AMD Instinct MI300X").source, of("AMD Instinct MI300X VF")) == (
        "AMD Instinct MI300X accelerator data sheet",
        None,
    )


def test_a_cpu_has_no_data_sheet():
    assert data_sheet(make.IDENTITY) is None
