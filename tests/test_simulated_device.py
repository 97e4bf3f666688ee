"""The simulated device does what a device does: a test that passes on it is worth something only then."""

import pytest
import torch
from torch.nn import functional

from resnet_bench.profilers.devices import instruments, present
from tests.simulated_allocator import Allocator, OutOfRoomError
from tests.simulated_device import Card, SimulatedDevice, SimulatedEvent
from tests.simulated_torch import simulated

MIB = 2**20


def device(**changes):
    return SimulatedDevice(Card(**{"sustained": 1.0, "kernel_s": 0.0} | changes))


def test_kernels_wait_for_one_another_and_the_host_for_none_of_them():
    queue = device()
    for _ in range(10):
        queue.launch("kernel", 1e-3, host_s=1e-5)
    assert queue.host_s == pytest.approx(1e-4)
    queue.synchronize()
    assert queue.host_s == pytest.approx(1e-5 + 10e-3)


def test_a_device_that_waits_for_the_host_is_as_slow_as_the_host():
    queue = device()
    for _ in range(10):
        queue.launch("kernel", 1e-6, host_s=1e-5)
    queue.synchronize()
    assert queue.host_s == pytest.approx(1e-4 + 1e-6)
    assert queue.busy_s == pytest.approx(1e-5)


def test_a_full_queue_makes_the_host_wait():
    queue = device(queue_length=4)
    for _ in range(10):
        queue.launch("kernel", 1.0, host_s=1e-6)
    assert queue.host_s == pytest.approx(6.0, rel=1e-3)


def test_events_come_with_the_work_before_them():
    queue = device(event_s=0.0)
    begin, end = SimulatedEvent(queue), SimulatedEvent(queue)
    begin.record()
    queue.launch("kernel", 2e-3, host_s=1e-5)
    end.record()
    assert not end.query()
    with pytest.raises(RuntimeError):
        begin.elapsed_time(end)
    queue.synchronize()
    assert begin.elapsed_time(end) == pytest.approx(2.01)


def test_clocks_fall_while_it_works_and_rise_when_it_rests():
    queue = device(sustained=0.8, settling_s=0.5)
    idle = queue.reading()
    for _ in range(200):
        queue.launch("kernel", 0.01, host_s=1e-6)
    queue.work(1.9)
    working = queue.reading()
    queue.synchronize()
    queue.work(5.0)
    rested = queue.reading()
    assert (idle.capped, working.capped, rested.capped) == (False, True, False)
    assert working.clock_hz == pytest.approx(0.8 * idle.clock_hz, rel=0.02)
    assert working.power_w > 5 * idle.power_w
    assert rested.power_w == idle.power_w
    assert queue.readings == [False, True, False]


def test_energy_is_power_over_time_and_its_counter_moves_in_steps():
    queue = device(idle_w=100.0, limit_w=500.0, energy_step_s=0.1)
    queue.work(1.0)
    queue.launch("kernel", 1.0, host_s=0.0)
    queue.synchronize()
    queue.work(0.05)
    queue.account()
    whole = 100.0 + 450.0 + 5.0
    assert queue.energy_j == pytest.approx(whole, rel=0.05)
    assert queue.counter_j < queue.energy_j


def test_blocks_are_rounded_kept_and_used_again():
    memory = Allocator(2**30)
    small = memory.allocate(1)
    assert (memory.allocated, memory.reserved) == (512, 2 * MIB)
    large = memory.allocate(3 * MIB + 1)
    assert (memory.allocated, memory.reserved) == (512 + 3 * MIB + 512, 22 * MIB)
    whole = memory.allocate(19 * MIB)  # the rest of its segment is too small to be cut off
    assert memory.allocated == 512 + 3 * MIB + 512 + 20 * MIB
    for block in (small, large, whole):
        memory.give_back(block)
    assert (memory.allocated, memory.reserved) == (0, 42 * MIB)
    memory.allocate(16 * MIB)
    assert memory.reserved == 42 * MIB
    memory.reset_peaks()
    assert memory.peak_allocated == 16 * MIB
    memory.empty()
    with pytest.raises(OutOfRoomError):
        memory.allocate(2**30)


def test_torchs_operators_are_its_kernels_and_their_results_its_memory():
    with simulated(Card(sustained=1.0)) as card:
        measures = instruments("cuda:0")
        assert present() == ("cpu", "cuda:0")
        where = measures.device("cuda:0")
        images = torch.randn(64, 64, 56, 56, device=where)
        weights = torch.randn(64, 64, 3, 3, device=where)
        before = card.device.busy_s
        held = measures.peak_allocated_bytes(where)
        output = functional.conv2d(images, weights, padding=1)
        flops = 2 * 64 * 64 * 56**2 * 64 * 9
        assert card.device.busy_s - before == pytest.approx(flops / 50e12)
        assert card.device.host_s < card.device.free_at_s
        assert measures.peak_allocated_bytes(where) - held >= output.nbytes
        assert bool(torch.isfinite(output).all())  # asking waits
        assert card.device.host_s >= card.device.free_at_s
        del output
        assert card.memory.allocated < held + MIB


def test_a_graph_starts_as_one_and_holds_what_its_capture_held():
    with simulated(Card(sustained=1.0)) as card:
        where = instruments("cuda:0").device("cuda:0")
        values = torch.randn(1024, 1024, device=where)
        graph = torch.cuda.CUDAGraph()
        reserved = card.memory.reserved
        with torch.cuda.graph(graph):
            result = values
            for _ in range(50):
                result = result + 1
        launches, host_s = card.device.launches, card.device.host_s
        graph.replay()
        assert card.device.launches == launches + 1
        assert card.device.host_s - host_s < 50 * card.device.card.launch_s
        assert card.memory.reserved > reserved
