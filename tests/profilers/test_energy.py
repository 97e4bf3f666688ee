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
def test_energy_is_the_counter_over_a_window_of_two_seconds_and_more():
    work, fake = working(0.3)
    measured = energy.measure(work, fake, iteration_s=0.3)
    assert measured.energy_j == 700.0
    assert measured.window_s == pytest.approx(2.1)
    assert measured.images == 7 * 8


def test_energy_is_unavailable_where_the_counter_stands_still_or_is_not_there(nvml):
    work, fake = working(0.3)
    nvml.millijoules = iter([5_000_000, 5_000_000])
    assert energy.measure(work, fake, iteration_s=0.3) is None
    nvml.millijoules = iter([])
    assert energy.measure(work, fake, iteration_s=0.3) is None
    assert energy.measure(working(0.3, device="cpu")[0], fake, iteration_s=0.3) is None
