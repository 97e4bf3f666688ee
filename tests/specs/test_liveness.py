"""Predicted memory: the closed form against the trace, and what must hold whatever the model."""

import pytest

from resnet_bench import specs
from resnet_bench.models import create_model
from resnet_bench.profilers.complexity import memory_of_module
from resnet_bench.profilers.largest_batch import largest_batch
from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory, Update
from resnet_bench.specs.updates import temporary_bytes

NAMES = [pytest.param(name, marks=pytest.mark.slow) if specs.find(name).depth > 60 else name for name in specs.names()]


def both(name: str, **case: object) -> tuple[PredictedMemory, PredictedMemory]:
    spec = specs.find(name)
    options = dict(batch_size=2, image_size=spec.image_size, optimizer=Optimizer.ADAM) | case
    return (
        specs.predicted_memory(spec, **options),
        memory_of_module(create_model(name, device="meta"), name=name, **options),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", list(Mode))
def test_the_closed_form_is_the_trace_to_the_byte(name: str, mode: Mode) -> None:
    closed, traced = both(name, mode=mode, precision=Precision.FP32)
    assert closed == traced


@pytest.mark.parametrize("batch_size", [1, 64])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d", "preact_resnet18", "cifar_resnet20"])
def test_so_it_is_in_half_precision_and_at_other_batch_sizes(name: str, mode: Mode, batch_size: int) -> None:
    closed, traced = both(name, mode=mode, precision=Precision.FP16, batch_size=batch_size)
    assert closed == traced


@pytest.mark.parametrize("update", list(Update))
@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("name", ["resnet18", "preact_resnet18", "seresnet18", "cifar_resnet20"])
def test_so_it_is_at_the_step_of_every_optimizer(name: str, optimizer: Optimizer, update: Update) -> None:
    spec = specs.find(name)
    small = dict(batch_size=2, image_size=spec.min_image_size, optimizer=optimizer, update=update)
    closed, traced = both(name, mode=Mode.TRAINING, precision=Precision.FP32, **small)
    assert closed == traced


@pytest.mark.parametrize("optimizer", [Optimizer.ADAM, Optimizer.ADAMW])
def test_adam_makes_roots_of_one_weight_after_another_or_of_all_at_once(optimizer: Optimizer) -> None:
    weights = (100, 4, 4, 60, 80)
    assert temporary_bytes(optimizer, Update.FOREACH, weights) == 248
    assert temporary_bytes(optimizer, Update.FOR_LOOP, weights) == 2 * 80 + 60
    assert temporary_bytes(optimizer, Update.FOR_LOOP, ()) == 0
    assert temporary_bytes(Optimizer.MOMENTUM, Update.FOREACH, weights) == 0


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "preact_resnet18", "cifar_resnet20"])
def test_so_it_is_under_autocast(name: str, mode: Mode) -> None:
    closed, traced = both(name, mode=mode, precision=Precision.AMP_BF16, batch_size=16)
    assert closed == traced


@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize("batch_size", [1, 8, 256])
def test_the_parts_make_the_peak(optimizer: Optimizer, batch_size: int) -> None:
    memory = specs.predicted_memory(
        specs.find("resnet50"),
        mode=Mode.TRAINING,
        precision=Precision.FP32,
        batch_size=batch_size,
        image_size=64,
        optimizer=optimizer,
    )
    kept = memory.weights_bytes + memory.buffers_bytes + memory.input_bytes + memory.optimizer_bytes
    assert memory.peak_bytes == (
        kept + memory.gradients_bytes + memory.activations_bytes + memory.temporary_bytes - memory.absent_bytes
    )
    assert memory.peak_bytes >= kept + max(memory.gradients_bytes, memory.activations_bytes)
    assert memory.optimizer_bytes == dict(sgd=0, momentum=1, adam=2, adamw=2)[optimizer] * memory.weights_bytes


@pytest.mark.parametrize("model", ["resnet50", "torchvision:resnet18"])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_largest_batch_fits_and_one_more_does_not(model: str, mode: Mode) -> None:
    limit = 3 * 2**30
    found = largest_batch(model, memory_bytes=limit, mode=mode, precision=Precision.FP32)
    spec = specs.find(model.removeprefix("torchvision:"))
    peaks = [
        specs.predicted_memory(
            spec,
            mode=mode,
            precision=Precision.FP32,
            batch_size=size,
            image_size=224,
            optimizer=Optimizer.MOMENTUM,
        ).peak_bytes
        for size in (found, found + 1)
    ]
    assert peaks[0] <= limit < peaks[1]


def test_nothing_fits_into_nothing() -> None:
    assert largest_batch("resnet50", memory_bytes=1, mode=Mode.INFERENCE, precision=Precision.FP32) == 0
    one_pixel = dict(mode=Mode.TRAINING, precision=Precision.FP32, image_size=32)
    assert largest_batch("resnet18", memory_bytes=100 * 2**20, **one_pixel) == 0
