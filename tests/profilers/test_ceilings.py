"""Rates are work over time."""

import pytest

from resnet_bench import records as r
from resnet_bench.profilers import ceilings as profiler
from resnet_bench.profilers.clock import Timing
from resnet_bench.profilers.devices import instruments
from tests.fake_clock import FakeClock
from tests.simulated_device import Card
from tests.simulated_torch import simulated


class Scripted(FakeClock):
    """Every sample takes as long as told, whatever it runs."""

    def time(self, iterate, count, *, meanwhile=None):  # noqa: ARG002 - whatever it runs
        self.advance(0.5)
        return Timing(0.5, None)


class Running(Scripted):
    """The same, of what is run for it."""

    def time(self, iterate, count, *, meanwhile=None):
        iterate()
        return super().time(iterate, count, meanwhile=meanwhile)


def test_rates_are_work_over_time():
    import torch

    sizes = profiler.Sizes(sides=(64,), images=4, moved=(2**20,), convolutions=((4, 8, 4, 3),))
    cpu, precisions = torch.device("cpu"), (r.Precision.FP32, r.Precision.TF32)
    found = profiler.measure(cpu, instruments("cpu"), Scripted(), precisions, budget_s=10.0, sizes=sizes)
    fp32, tf32 = found.rates
    assert fp32.matmul_flop_per_s == 2 * 64**3 / 0.5
    assert fp32.convolution_flop_per_s == 2 * 4 * 4 * 64 * 4 * 9 / 0.5
    assert (tf32.matmul_flop_per_s, tf32.convolution_flop_per_s, tf32.flop_per_s) == (None, None, None)
    assert found.bandwidths[0].byte_per_s == 16 * 2**20 / 0.5
    assert found.launch_s == 0.5 / 1000


def ceilings_on(card, precision=r.Precision.FP16):
    with simulated(card):
        measures = instruments("cuda:0")
        where = measures.device("cuda:0")
        return profiler.measure(where, measures, measures.clock(where), (precision,), budget_s=0.1)


@pytest.mark.parametrize("launch_s", [4e-6, 12e-6])
def test_no_ceiling_of_a_device_is_that_of_the_host_that_starts_its_work(launch_s):
    """A convolution of 42 us that takes 25 us to start, and copies in its cache that are quicker than their launch."""
    found = ceilings_on(Card(sustained=1.0, launch_s=launch_s, convolution_launch_s=25e-6))
    (rate,) = found.rates
    assert rate.matmul_flop_per_s == pytest.approx(700e12, rel=0.02)
    assert rate.convolution_flop_per_s == pytest.approx(700e12, rel=0.05)
    copies = {it.moved_bytes: it.byte_per_s for it in found.bandwidths}
    assert copies[2**24] == pytest.approx(7e12, rel=0.02)
    assert copies[2**30] == pytest.approx(3e12, rel=0.02)
    assert found.launch_s == pytest.approx(launch_s, rel=0.1)


def test_eight_bits_have_the_ceiling_of_their_products_and_none_of_convolutions():
    (rate,) = ceilings_on(Card(sustained=1.0), r.Precision.FP8).rates
    assert rate.matmul_flop_per_s == pytest.approx(1400e12, rel=0.02)
    assert rate.convolution_flop_per_s is None
    assert rate.flop_per_s == rate.matmul_flop_per_s


def test_where_torch_multiplies_eight_bits_on_this_processor_it_is_measured_and_elsewhere_it_is_none():
    import torch

    eight = torch.zeros(64, 64).to(torch.float8_e4m3fn)
    one = torch.ones(())
    try:
        torch._scaled_mm(eight, eight.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16)
    except (RuntimeError, NotImplementedError):
        expected = None
    else:
        expected = 2 * 64**3 / 0.5
    sizes = profiler.Sizes(sides=(64,), images=1, moved=(2**20,), convolutions=((4, 8, 4, 3),))
    cpu = torch.device("cpu")
    found = profiler.measure(cpu, instruments("cpu"), Running(), (r.Precision.FP8,), budget_s=10.0, sizes=sizes)
    assert found.rates[0].matmul_flop_per_s == expected


def test_int8_products_have_their_ceiling_on_the_host():
    import torch

    sizes = profiler.Sizes(sides=(64,), images=1, moved=(2**20,), convolutions=((4, 8, 4, 3),))
    cpu = torch.device("cpu")
    found = profiler.measure(cpu, instruments("cpu"), Scripted(), (r.Precision.INT8,), budget_s=10.0, sizes=sizes)
    assert found.rates[0].flop_per_s == 2 * 64**3 / 0.5


def test_what_has_no_room_is_not_taken_for_what_torch_cannot_do():
    found = ceilings_on(Card(sustained=1.0, memory_bytes=768 * 2**20), r.Precision.FP32)
    assert found.rates[0].matmul_flop_per_s == pytest.approx(50e12, rel=0.02)
    assert max(it.moved_bytes for it in found.bandwidths) == 2**28
