"""A training step is held against eager float32's by its loss and its gradients."""

import math

import pytest
import torch
from torch import nn

from resnet_bench.child.agreement import agreement
from resnet_bench.child.step_agreement import compare_steps, nearest_gradient_db, refuse_gross_fault
from resnet_bench.errors import DisagreesError
from resnet_bench.executors.differentiated import Differentiated, differentiated
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Executor, Launch, MemoryFormat, Mode, Precision
from resnet_bench.runner.launchers.local import LocalLauncher
from tests import make, needs

MODEL = "cifar_resnet20"


def case(**axes):
    given = dict(batch_size=4, image_size=32, precision=Precision.AMP_BF16, mode=Mode.TRAINING)
    return make.case(MODEL, **given | axes)


def workload(**axes):
    return Workload(case(**axes), MODEL, seed=3)


def compared(work):
    found, said = agreement(work, MODEL, seed=3)
    assert said == ()
    return found


def step(loss, *gradients):
    return Differentiated(loss, tuple(None if it is None else torch.tensor(it) for it in gradients))


def test_the_measures_are_those_of_their_closed_forms():
    expected = step(2.0, [3.0, 4.0], None, [0.0])
    found = step(2.1, [3.0, 4.1], None, [0.2])
    it = compare_steps(found, expected, images=8)
    assert it.sqnr_db == pytest.approx(10 * math.log10(25 / (0.1**2 + 0.2**2)), abs=1e-4)
    assert (it.images, it.max_error, it.loss_error) == (8, pytest.approx(0.2), pytest.approx(0.05))
    assert (it.top1_agreement, it.classes) == (None, None)
    assert compare_steps(expected, expected, images=8).sqnr_db is None


def test_a_weight_that_one_of_both_does_not_reach_is_compared_as_nothing():
    it = compare_steps(step(1.0, [1.0, 2.0]), step(1.0, None), images=1)
    assert it.max_error == 2.0
    assert compare_steps(step(1.0, None), step(1.0, [1.0, 2.0]), images=1).sqnr_db == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("precision", "sqnr_db", "rounding_db", "disagrees"),
    [
        (Precision.FP32, 55.0, 60.0, False),  # rectifiers that rounding opens
        (Precision.FP32, 35.0, 60.0, True),
        (Precision.BF16, 2.0, 12.0, False),
        (Precision.BF16, 2.0, 40.0, True),
        (Precision.BF16, 8.0, 40.0, False),
        (Precision.FP32, -3.0, 0.0, False),  # random in itself: nothing can be said
    ],
)
def test_a_gross_fault_is_beyond_the_bound_and_beyond_what_rounding_explains(
    precision, sqnr_db, rounding_db, disagrees
):
    gradient = torch.ones(100, dtype=torch.float64)
    found = Differentiated(1.0, (gradient * (1 + 10 ** (-sqnr_db / 20)),))
    it = compare_steps(found, Differentiated(1.0, (gradient,)), images=1)
    asked = case(precision=precision, executor=Executor.COMPILE)
    if disagrees:
        with pytest.raises(DisagreesError, match=rf"compile in {precision} does not compute the training step.*dB"):
            refuse_gross_fault(it, asked, rounding_db=rounding_db, nearest_db=sqnr_db)
    else:
        refuse_gross_fault(it, asked, rounding_db=rounding_db, nearest_db=sqnr_db)


def steps(*weights_db, loss=1.0):
    """Two steps of as many weights, each of whose gradients is so many dB off."""
    gradient = torch.ones(100, dtype=torch.float64)
    found = Differentiated(loss, tuple(gradient * (1 + 10 ** (-db / 20)) for db in weights_db))
    return found, Differentiated(1.0, tuple(gradient for _ in weights_db))


@pytest.mark.parametrize(
    ("weights_db", "loss", "disagrees"),
    [
        ((30.0, 30.0, 120.0), 1.0, False),  # a rectifier before the last layer
        ((30.0, 30.0, 55.0), 1.0, True),  # a lower precision on the way back
        ((30.0, 30.0, 120.0), 1.001, True),  # and on the way there
        ((15.0, 15.0, 120.0), 1.0, True),
    ],
)
def test_a_rectifier_in_float32_leaves_the_loss_and_the_gradients_behind_it(weights_db, loss, disagrees):
    found, expected = steps(*weights_db, loss=loss)
    it, asked = compare_steps(found, expected, images=1), case(precision=Precision.FP32, executor=Executor.COMPILE)
    given = dict(rounding_db=120.0, nearest_db=nearest_gradient_db(found, expected))
    if disagrees:
        with pytest.raises(DisagreesError, match="does not compute the training step"):
            refuse_gross_fault(it, asked, **given)
    else:
        refuse_gross_fault(it, asked, **given)


def test_a_weight_that_the_loss_does_not_reach_is_no_nearest_one():
    found, expected = steps(30.0)
    unreached = (None, torch.zeros(3))
    assert nearest_gradient_db(
        found._replace(gradients=(*found.gradients, *unreached)),
        expected._replace(gradients=(*expected.gradients, *unreached)),
    ) == pytest.approx(30.0)


def test_what_computes_in_bfloat16_is_not_taken_for_float32_with_rectifiers():
    work = workload()
    network, (images,) = work.prepared.plain()[0], random_inputs(input_of(work.case), 4, seed=5)
    found = work.step.gradients(images, None)
    work.set_arithmetic(Precision.FP32)
    expected = work.step.gradients(images, network)
    work.set_arithmetic()
    it, asked = compare_steps(found, expected, images=4), case(precision=Precision.FP32, executor=Executor.COMPILE)
    with pytest.raises(DisagreesError):
        refuse_gross_fault(it, asked, rounding_db=120.0, nearest_db=nearest_gradient_db(found, expected))


@pytest.mark.parametrize("precision", [Precision.AMP_BF16, Precision.BF16, Precision.AMP_FP16])
def test_lower_precision_has_loss_and_gradients_near_to_eager_float32s(precision):
    it = compared(workload(precision=precision))
    assert it.images == 4
    assert 3 < it.sqnr_db < 60
    assert 0 < it.loss_error < 0.1


def test_another_memory_format_in_float32_is_nearer_than_any_lower_precision():
    it = compared(workload(precision=Precision.FP32, memory_format=MemoryFormat.CHANNELS_LAST))
    assert it.sqnr_db is None or it.sqnr_db > 60
    assert it.loss_error < 1e-4


def test_eager_float32_itself_is_not_compared():
    assert compared(workload(precision=Precision.FP32)) is None


def test_no_weight_moves_and_the_step_goes_on_as_before(monkeypatch):
    work = workload()
    network = work.prepared.plain()[0]
    before = [it.detach().clone() for it in network.parameters()]
    images = work.prepared.placed.inputs.tensors[0].clone()
    seen = []
    monkeypatch.setattr(work, "set_arithmetic", lambda precision=None: seen.append(precision))
    compared(work)
    assert seen == [Precision.FP32, None]
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))
    assert all(it.grad is None for it in network.parameters())
    assert torch.equal(work.prepared.placed.inputs.tensors[0], images)
    work.iterate()
    assert not all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize(
    ("precision", "factor"), [(Precision.FP32, 1.01), (Precision.AMP_BF16, -1.0)], ids=["1 % off", "of another sign"]
)
def test_a_step_whose_gradients_are_others_disagrees(precision, factor):
    work = workload(precision=precision, memory_format=MemoryFormat.CHANNELS_LAST)
    real = work.step.gradients

    def wrong(images, eager):
        found = real(images, eager)
        return found if eager else Differentiated(found.loss, tuple(factor * it for it in found.gradients))

    work.step = work.step._replace(gradients=wrong)
    with pytest.raises(DisagreesError, match="does not compute the training step"):
        agreement(work, MODEL, seed=3)


def test_gradients_that_are_not_finite_where_eager_float32s_are_disagree():
    work = workload()
    real = work.step.gradients
    infinite = Differentiated(float("inf"), ())
    work.step = work.step._replace(gradients=lambda images, eager: infinite if eager is None else real(images, eager))
    with pytest.raises(DisagreesError, match="not finite"):
        agreement(work, MODEL, seed=3)


class Dropped(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 32 * 32, 10)

    def forward(self, images):
        return self.linear(nn.functional.dropout(images.flatten(1), 0.5, self.training))


def test_a_step_that_is_random_in_itself_is_never_refused_for_it():
    work = Workload(case(memory_format=MemoryFormat.CHANNELS_LAST, precision=Precision.FP32), Dropped(), seed=3)
    real = work.step.gradients

    def drawn_otherwise(images, eager):
        if eager is None:
            torch.manual_seed(99)
        return real(images, eager)

    work.step = work.step._replace(gradients=drawn_otherwise)
    found, said = agreement(work, "dropped", seed=3)
    assert said == ()
    assert found.sqnr_db < 20


def test_a_scaled_loss_that_overflows_on_other_images_is_scaled_less():
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)

    def loss():
        return (1e38 * network.weight).sum()

    found = differentiated(network, loss, scale=2.0**16)
    assert found.is_finite
    assert found.gradients[0].item() == pytest.approx(1e38)
    assert network.weight.grad is None


@pytest.mark.slow
@needs.compiler
def test_a_compiled_training_launch_keeps_how_close_it_is():
    asked = make.launch_request(MODEL, image_size=32, executor=Executor.COMPILE, mode=Mode.TRAINING, batch_size=4)
    launch = LocalLauncher().ask(asked)
    assert isinstance(launch, Launch), launch
    assert launch.agreement.sqnr_db is None or launch.agreement.sqnr_db > 40
    assert launch.agreement.loss_error < 1e-3
