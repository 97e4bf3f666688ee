"""Energy is a counter over a window; where there is no counter it is unavailable."""

from types import SimpleNamespace

import pytest
import torch

from resnet_bench.profilers import energy
from resnet_bench.profilers.devices import instruments
from tests import make
from tests.fake_clock import FakeClock


def working(seconds, *, batch_size=8, device="cuda:0"):
    """A workload whose iterations take so long by a fake clock."""
    fake = FakeClock()
    work = SimpleNamespace(
        case=make.case(device=device, batch_size=batch_size),
        device=torch.device(device),
        instruments=instruments(device),
        iterate=lambda: fake.advance(seconds),
    )
    return work, fake


@pytest.mark.usefixtures("nvml")
def test_energy_is_the_counter_from_one_step_to_another_two_seconds_apart_and_more():
    work, fake = working(0.3)
    meter = energy.Meter(work, fake, iteration_s=0.3)
    meter.start()
    for _ in range(3):
        work.iterate()
    measured = meter.finish(3)
    assert measured.window_s == pytest.approx(0.3 * 8)
    assert measured.images == 8 * 8
    assert measured.energy_j == 2 * 700.0  # the recorded counter moves whenever it is read


def test_energy_is_unavailable_where_the_counter_stands_still_or_is_not_there(nvml):
    for counter, device in ([5_000_000] * 200, "cuda:0"), ([], "cuda:0"), ([], "cpu"):
        nvml.millijoules = iter(counter)
        work, fake = working(0.3, device=device)
        meter = energy.Meter(work, fake, iteration_s=0.3)
        meter.start()
        assert meter.finish(3) is None
