"""A case's output is held against eager float32's, and what cannot be the network never becomes a figure."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from resnet_bench.child import skips
from resnet_bench.child.agreement import agreement
from resnet_bench.child.logits import compare, refuse_gross_fault
from resnet_bench.child.prepare import load
from resnet_bench.errors import DisagreesError, UnsupportedError
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.models.registry import Created
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Executor, Launch, MemoryFormat, Precision, Skip, SkipReason
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.specs.arithmetic import ARITHMETICS
from tests import make, needs

MODEL = "cifar_resnet20"


def case(**axes):
    return make.case(MODEL, **dict(batch_size=2, image_size=32, precision=Precision.AMP_BF16) | axes)


def compared(asked, model=MODEL, images=8):
    found, said = agreement(Workload(asked, model, seed=3), model, seed=3, images=images)
    assert said == ()
    return found


def test_the_measures_are_those_of_their_closed_forms():
    expected = np.array([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 5.0], [7.0, 0.0, 0.0]])
    found = expected + 0.01
    found[3] = (0.0, 7.0, 0.0)  # another class
    it = compare(found, expected)
    centred = ((expected - expected.mean(axis=0)) ** 2).sum()
    wrong = ((found - expected) ** 2).sum()
    assert it.sqnr_db == pytest.approx(10 * math.log10(centred / wrong))
    assert (it.images, it.max_error, it.top1_agreement, it.classes) == (4, 7.0, 0.75, 3)
    assert it.max_relative_error == pytest.approx(7.0 / np.abs(expected - expected.mean(axis=0)).max())


@given(st.integers(0, 2**32 - 1), st.floats(-6, 0), st.floats(-50, 50))
def test_what_all_images_share_does_not_flatter(seed, decades, shared):
    random = np.random.default_rng(seed)
    expected, noise = random.standard_normal((8, 5)), 10**decades * random.standard_normal((8, 5))
    plain = compare(expected + noise, expected)
    beside = compare(expected + noise + shared, expected + shared)
    assert beside.sqnr_db == pytest.approx(plain.sqnr_db, abs=0.01)
    assert plain.sqnr_db == pytest.approx(-20 * decades, abs=8)


def test_equal_logits_have_no_error_to_be_told_in_decibels():
    expected = np.arange(12.0).reshape(4, 3)
    it = compare(expected, expected)
    assert (it.max_error, it.sqnr_db, it.top1_agreement) == (0.0, None, 1.0)
    refuse_gross_fault(it, case(precision=Precision.FP32, executor=Executor.COMPILE))


@pytest.mark.parametrize(
    ("precision", "error", "disagrees"),
    [
        (Precision.FP32, 1e-4, False),
        (Precision.FP32, 3e-3, True),  # 50 dB: TF32 or bf16 under the name of float32
        (Precision.TF32, 3e-3, False),
        (Precision.BF16, 0.3, False),
        (Precision.BF16, 1.0, True),
    ],
)
def test_a_gross_fault_is_beyond_what_the_arithmetic_explains(precision, error, disagrees):
    random = np.random.default_rng(0)
    expected = random.standard_normal((16, 100))
    it = compare(expected + error * random.standard_normal((16, 100)), expected)
    asked = case(precision=precision, executor=Executor.CUDA_GRAPH)
    if disagrees:
        with pytest.raises(DisagreesError, match=rf"cuda_graph in {precision} does not compute the network.*dB"):
            refuse_gross_fault(it, asked)
    else:
        refuse_gross_fault(it, asked)


@pytest.mark.parametrize("precision", Precision)
def test_loaded_weights_are_held_to_the_floor_of_their_precision_and_random_ones_to_a_gross_fault(precision):
    row = ARITHMETICS[precision]
    assert row.least_sqnr_db <= row.least_trained_sqnr_db
    random = np.random.default_rng(0)
    expected = random.standard_normal((64, 100))
    error = 10 ** (-(row.least_trained_sqnr_db - 1) / 20)  # a decibel too large
    it = compare(expected + error * random.standard_normal((64, 100)), expected)
    asked = case(precision=precision, executor=Executor.COMPILE, weights="own.pth")
    with pytest.raises(DisagreesError, match=f"at least {row.least_trained_sqnr_db:g} dB"):
        refuse_gross_fault(it, asked)
    with pytest.raises(DisagreesError) as refused:
        refuse_gross_fault(it, asked, calibrated_by="mine")
    assert ("those of the images in 'mine'" in str(refused.value)) is (precision is Precision.INT8)
    if it.sqnr_db > row.least_sqnr_db:
        refuse_gross_fault(it, make.change(asked, weights=""))


@pytest.mark.parametrize("precision", [Precision.AMP_BF16, Precision.BF16])
@pytest.mark.parametrize("batch_size", [1, 3, 40])
def test_lower_precision_is_compared_over_seeded_images_of_any_batch(precision, batch_size):
    it = compared(case(precision=precision, batch_size=batch_size), images=11)
    assert it.images == 11
    assert 10 < it.sqnr_db < 60
    assert 0 < it.max_error < 1
    assert it.classes >= 1


def test_another_memory_format_in_float32_is_as_near_as_rounding():
    it = compared(case(precision=Precision.FP32, memory_format=MemoryFormat.CHANNELS_LAST))
    assert it.sqnr_db is None or it.sqnr_db > 80


def test_eager_float32_itself_is_not_compared():
    assert compared(case(precision=Precision.FP32)) is None


def test_the_case_takes_its_own_input_again_and_its_switches(monkeypatch):
    asked = case()
    workload = Workload(asked, MODEL, seed=3)
    seen = []
    monkeypatch.setattr(workload, "set_arithmetic", lambda precision=None: seen.append(precision))
    agreement(workload, MODEL, seed=3)
    assert seen == [Precision.FP32, None]
    (expected,) = random_inputs(input_of(asked), asked.batch_size, seed=3)
    assert np.array_equal(workload.prepared.placed.inputs.tensors[0].numpy(), expected)
    assert not workload.prepared.plain()[0].training


def test_a_graph_that_replays_old_images_disagrees():
    workload = Workload(case(precision=Precision.FP32, memory_format=MemoryFormat.CHANNELS_LAST), MODEL, seed=3)
    with workload.running():
        stale = workload.iterate()
    object.__setattr__(workload.prepared, "iterate", lambda: stale)
    with pytest.raises(DisagreesError):
        agreement(workload, MODEL, seed=3)


def test_weights_that_are_drawn_anew_each_time_are_compared_as_they_were_rounded(monkeypatch):
    """Another network by the same name would be no fault of the case."""

    def anew(*_, **__):
        network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))
        drawn = np.random.default_rng().standard_normal((10, 3)).astype(np.float32)
        network[2].weight.data = torch.from_numpy(drawn)
        return Created(network, "")

    monkeypatch.setattr("resnet_bench.profilers.workload.create_with_weights", anew)
    it, said = agreement(Workload(case(precision=Precision.BF16), "own:anew", seed=3), "own:anew", seed=3)
    assert said == ()
    assert it.sqnr_db > 20


def test_where_there_is_no_room_for_a_second_network_the_launch_stays_and_says_so(monkeypatch):
    workload = Workload(case(), MODEL, seed=3)

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.06 GiB")

    monkeypatch.setattr(workload.prepared.plain()[0], "forward", full)
    found, (said,) = agreement(workload, MODEL, seed=3)
    assert found is None
    assert "was not compared with eager float32's: OutOfMemoryError: CUDA out of memory" in said


def test_an_output_that_is_not_finite_disagrees_where_eager_float32_is_not_the_case():
    class NotANumber(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 10)

        def forward(self, images):
            return self.linear(images.mean((2, 3))) * float("nan")

    for precision, error in ((Precision.FP32, UnsupportedError), (Precision.AMP_BF16, DisagreesError)):
        loaded = load(case(precision=precision), NotANumber(), seed=0)
        with loaded.workload.running(), pytest.raises(error, match="not finite"):
            loaded.warm_up(make.BRIEF)


def test_it_is_a_skip_of_its_own():
    assert skips.reason_of(DisagreesError("it does not")) is SkipReason.DISAGREES


@pytest.mark.slow
def test_a_launch_that_does_not_compute_the_network_is_a_skip_and_never_a_figure():
    model = "tests.runner.faulty:forgets_its_images_in_half"
    skip = LocalLauncher().ask(make.launch_request(model, precision=Precision.BF16))
    assert isinstance(skip, Skip), skip
    assert skip.reason is SkipReason.DISAGREES
    assert "does not compute the network" in skip.detail


@pytest.mark.slow
@needs.compiler
def test_a_compiled_launch_keeps_how_close_it_is():
    launch = LocalLauncher().ask(make.launch_request(MODEL, image_size=32, executor=Executor.COMPILE))
    assert isinstance(launch, Launch), launch
    assert launch.agreement.sqnr_db is None or launch.agreement.sqnr_db > 60
    assert launch.agreement.top1_agreement == 1
