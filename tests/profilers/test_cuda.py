"""What only a CUDA device can show: events, arithmetic, graphs, peaks, energy."""

import pytest
import torch

from resnet_bench.child.agreement import agreement
from resnet_bench.profilers import energy
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.clock import DeviceClock
from resnet_bench.profilers.device_reference import DeviceReference
from resnet_bench.profilers.devices import instruments
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Executor, Launch, MemoryFormat, Mode, Precision, Transfer
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.specs import accelerator_reference
from resnet_bench.specs.arithmetic import ARITHMETICS
from tests import make

pytestmark = pytest.mark.gpu
DEVICE = torch.device("cuda")


def workload(**axes):
    transfer = axes.pop("transfer", Transfer.EXCLUDED)
    case = make.case(**dict(batch_size=8, image_size=64, device="cuda") | axes)
    return Workload(case, "resnet18", seed=0, transfer=transfer)  # by name: the seed draws its weights


def test_events_time_what_the_host_waits_for():
    clock = instruments("cuda").clock(DEVICE)
    assert isinstance(clock, DeviceClock)
    matrix = torch.randn(4096, 4096, device=DEVICE)
    clock.time(lambda: matrix @ matrix, 3)
    timings = [clock.time(lambda: matrix @ matrix, 20) for _ in range(5)]
    for timing in timings:
        assert 0 < timing.device_s <= 1.01 * timing.host_s
    best = min(timings)
    assert best.device_s > 0.5 * best.host_s  # a queue of twenty keeps the device busy


def test_tf32_is_used_where_it_is_asked_for_and_nowhere_else():
    if torch.cuda.get_device_capability() < (8, 0):
        pytest.skip("needs compute capability 8.0")
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(1024, 1024, generator=generator, dtype=torch.float64) for _ in range(2))
    exact = left @ right

    def error(precision):
        instruments("cuda").set_arithmetic(ARITHMETICS[precision], DEVICE)
        product = left.float().to(DEVICE) @ right.float().to(DEVICE)
        return float((product.double().cpu() - exact).abs().max())

    assert error(Precision.TF32) > 10 * error(Precision.FP32)
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32


def test_a_replayed_graph_computes_what_the_eager_network_does():
    captured, eager = workload(executor=Executor.CUDA_GRAPH), workload()
    captured.prepared.placed.inputs.tensors[0].copy_(eager.prepared.placed.inputs.tensors[0])
    with captured.running(), eager.running():
        expected = eager.iterate()
        for _ in range(2):
            torch.testing.assert_close(captured.iterate(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("executor", "precision"),
    [
        (Executor.CUDA_GRAPH, Precision.FP32),
        (Executor.CUDA_GRAPH, Precision.AMP_FP16),
        (Executor.CUDA_GRAPH, Precision.AMP_BF16),
        (Executor.CUDA_GRAPH, Precision.FP16),
        (Executor.EAGER, Precision.TF32),
        (Executor.COMPILE, Precision.AMP_BF16),
    ],
)
def test_what_is_captured_compiled_or_of_lower_precision_agrees_with_eager_float32(executor, precision):
    work = workload(executor=executor, precision=precision)
    found, said = agreement(work, "resnet18", seed=0)
    assert said == ()
    assert found.sqnr_db is None or found.sqnr_db > ARITHMETICS[precision].least_sqnr_db + 5


def test_a_replayed_graph_sees_the_input_that_was_transferred():
    captured = workload(executor=Executor.CUDA_GRAPH, transfer=Transfer.INCLUDED)
    with captured.running():
        before = captured.iterate().clone()
        captured.prepared.placed.host_inputs.tensors[0].mul_(3)
        assert not torch.allclose(before, captured.iterate())


def test_the_peak_of_warm_up_is_kept_apart():
    work = workload()
    probe = MemoryProbe(work)
    with work.running():
        work.iterate()  # autotuning
        autotuned = torch.empty(2**28, dtype=torch.uint8, device=DEVICE)
        del autotuned
        probe.warmed_up()
        work.iterate()
        memory = probe.measure()
    assert memory.warmup_peak_allocated_bytes >= 2**28
    assert memory.weights_bytes < memory.peak_allocated_bytes < 2**28
    assert memory.peak_reserved_bytes >= memory.peak_allocated_bytes
    assert memory.device_total_bytes > memory.peak_allocated_bytes


def test_energy_is_positive_or_unavailable():
    work = workload()
    clock = instruments("cuda").clock(DEVICE)
    with work.running():
        clock.time(work.iterate, 5)  # autotuning
        meter = energy.Meter(work, clock, iteration_s=clock.time(work.iterate, 50).host_s / 50)
        meter.start()
        measured = meter.finish(0)
    if instruments("cuda").energy_j(DEVICE) is None:
        assert measured is None
    else:
        assert 0 < measured.energy_j / measured.window_s < 2000  # watts
        assert measured.window_s >= 2


@pytest.mark.parametrize(
    "axes",
    [
        {},
        {"mode": Mode.TRAINING, "precision": Precision.AMP_FP16, "memory_format": MemoryFormat.CHANNELS_LAST},
        {"precision": Precision.TF32},
        {"executor": Executor.CUDA_GRAPH, "precision": Precision.FP16},
        {"executor": Executor.COMPILE},
    ],
)
def test_a_launch_records_what_really_ran(axes):
    measured = LocalLauncher().ask(
        make.launch_request("resnet18", device="cuda:0", batch_size=8, image_size=64, **axes)
    )
    assert isinstance(measured, Launch), measured
    assert len(measured.isolated.device_elapsed_s) == len(measured.isolated.elapsed_s)
    assert measured.executed.tf32_matmul is (axes.get("precision") is Precision.TF32)
    assert measured.executed.tf32_convolution is (axes.get("precision") is Precision.TF32)
    assert measured.memory.peak_allocated_bytes > measured.memory.weights_bytes > 0
    assert (measured.compilation is not None) is (axes.get("executor") is Executor.COMPILE)
    assert (measured.phases is not None) is (axes.get("mode") is Mode.TRAINING)


def test_what_the_device_cannot_hold_is_out_of_memory():
    skip = LocalLauncher().ask(make.launch_request("tests.runner.faulty:wants_two_devices", device="cuda:0"))
    assert skip.reason == "out_of_memory"


def test_the_reference_holds_what_it_says_and_a_pass_allocates_nothing():
    measures = instruments("cuda")
    reference = DeviceReference(measures, DEVICE)
    before = torch.cuda.memory_allocated()
    reference.place(lambda: None)
    assert reference.said == ()
    beside = torch.cuda.memory_allocated() - before - accelerator_reference.held_bytes()
    assert 0 <= beside <= (measures.workspace_bytes(DEVICE) or 0) + 2**20  # the products' workspace, and rounding
    measures.reset_peaks(DEVICE)
    turns = reference.turns(measures.clock(DEVICE), iteration_s=0.01)(0.01)
    turns.run()
    measures.synchronize(DEVICE)
    assert torch.cuda.max_memory_allocated() == torch.cuda.memory_allocated()
    reference.leave()
    assert torch.cuda.memory_allocated() - before <= beside
