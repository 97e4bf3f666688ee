"""Rates are work over time."""

from resnet_bench import records as r
from resnet_bench.profilers import ceilings as profiler
from resnet_bench.profilers.clock import Timing
from resnet_bench.profilers.devices import instruments
from tests.fake_clock import FakeClock


class Scripted(FakeClock):
    """Every sample takes as long as told, whatever it runs."""

    def time(self, iterate, count):  # noqa: ARG002 - whatever it runs
        self.advance(0.5)
        return Timing(0.5, None)


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
