"""Bytes, FLOPs and intensity of each layer type, forward and backward, against sums written out by hand."""

import pytest

from resnet_bench import specs
from resnet_bench.records import Mode, Precision
from resnet_bench.specs.alignment import align
from resnet_bench.specs.costs import (
    Cost,
    backward_cost,
    first_weighted,
    forward_cost,
    iteration_cost,
    iteration_work,
    optimizer_cost,
)

N = 2


def layers(name, *, precision=Precision.FP32):
    profile = specs.profile(
        specs.find(name), mode=Mode.INFERENCE, precision=precision, batch_size=N, image_size=specs.find(name).image_size
    )
    found = {}
    for layer in profile.layers:
        found.setdefault(layer.name, layer)
    return found


# resnet18 at 224 px: the stem's map is 64 x 112 x 112, the first stage's 64 x 56 x 56.
STEM, STAGE, IMAGE = N * 64 * 112 * 112, N * 64 * 56 * 56, N * 3 * 224 * 224
CASES = {
    "conv1": (
        Cost(2 * STEM * 147, 4 * (IMAGE + 147 * 64 + STEM)),
        # The images need no gradient: the weights' alone.
        Cost(2 * STEM * 147, 4 * (STEM + IMAGE + 147 * 64)),
    ),
    "bn1": (
        Cost(2 * STEM, 4 * (2 * STEM + 4 * 64)),
        # Gradient, input, weight and two statistics in; the input's, weight's and bias' gradients out.
        Cost(9 * STEM, 4 * (3 * STEM + 5 * 64)),
    ),
    "relu": (Cost(STEM, 4 * 2 * STEM), Cost(STEM, 4 * 3 * STEM)),
    "maxpool": (Cost(9 * STAGE, 4 * (STEM + STAGE)), Cost(STAGE, 4 * (STEM + STAGE) + 8 * STAGE)),
    "layer1.0.conv1": (
        Cost(2 * STAGE * 576, 4 * (2 * STAGE + 576 * 64)),
        Cost(2 * 2 * STAGE * 576, 2 * 4 * (2 * STAGE + 576 * 64)),
    ),
    "layer1.0.add": (Cost(STAGE, 4 * 3 * STAGE), Cost(0, 0)),
    "avgpool": (Cost(N * 512 * 49, 4 * (N * 512 * 49 + N * 512)), Cost(N * 512 * 49, 4 * (N * 512 * 49 + N * 512))),
    "fc": (
        Cost(2 * N * 512_000 + N * 1000, 4 * (N * 512 + 513_000 + N * 1000)),
        Cost(2 * 2 * N * 512_000 + N * 1000, 2 * 4 * (N * 512 + 513_000 + N * 1000)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_type_in_closed_form(name):
    layer = layers("resnet18")[name]
    forward, backward = CASES[name]
    assert forward_cost(layer) == forward
    assert backward_cost(layer, Precision.FP32, is_first=name == "conv1") == backward
    assert layer.arithmetic_intensity == pytest.approx(forward.flops / forward.moved_bytes)


def test_a_padding_shortcut_reads_back_only_what_it_kept():
    layer = layers("cifar_resnet20")["layer2.0.downsample"]
    kept, whole = N * 16 * 16 * 16, N * 16 * 32 * 32
    assert backward_cost(layer, Precision.FP32, is_first=False) == Cost(0, 4 * (kept + whole))


def test_half_precision_moves_half_the_bytes():
    full, half = (forward_cost(layers("resnet18", precision=p)["relu"]) for p in (Precision.FP32, Precision.BF16))
    assert full.moved_bytes == 2 * half.moved_bytes
    assert full.flops == half.flops


def test_a_type_without_a_closed_form_is_not_guessed():
    layer = layers("resnet18")["relu"]
    unknown = type(layer)(**{name: getattr(layer, name) for name in layer.__struct_fields__} | {"type": "Softplus"})
    assert backward_cost(unknown, Precision.FP32, is_first=False) is None
    assert iteration_cost(unknown, Mode.TRAINING, Precision.FP32, is_first=False) is None
    assert iteration_cost(unknown, Mode.INFERENCE, Precision.FP32, is_first=False) == forward_cost(unknown)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_runs_compact_work_holds_every_layer_once(mode):
    profile = specs.profile(specs.find("resnet50"), mode=mode, precision=Precision.FP32, batch_size=N, image_size=224)
    work = iteration_work(
        profile.layers, mode=mode, precision=Precision.FP32, trainable_parameters=profile.trainable_parameters
    )
    first = first_weighted(profile.layers)
    costs = [
        iteration_cost(layer, mode, Precision.FP32, is_first=index == first)
        for index, layer in enumerate(profile.layers)
    ]
    if mode is Mode.TRAINING:
        costs.append(optimizer_cost(profile.trainable_parameters, Precision.FP32))
    assert sum(part.flops * part.count for part in work) == sum(cost.flops for cost in costs)
    assert sum(part.moved_bytes * part.count for part in work) == sum(cost.moved_bytes for cost in costs)
    assert len(work) < len(profile.layers) / 2
    multiplied = sum(part.flops * part.count for part in work if not part.fusable)
    assert multiplied >= (profile.training_flops if mode is Mode.TRAINING else profile.flops)


def test_alignment_finds_operators_between_calls_and_calls_that_are_not_counted():
    wanted = list(layers("resnet18").values())[:12]
    names = [layer.name for layer in wanted if layer.type != "Add"]
    found = align([*names[:3], "identity", *names[3:]], wanted)
    assert found.calls[3] is None
    assert [wanted[at].name for gap in found.gaps for at in gap] == [it.name for it in wanted if it.type == "Add"]
    assert found.not_run == ()
    assert align([names[0], names[2]], wanted[:3]).gaps[1] == (1,)


def test_alignment_names_modules_that_were_counted_and_not_called_again():
    wanted = [layer for layer in layers("resnet18").values() if layer.name in {"conv1", "bn1"}]
    assert align(["conv1"], [*wanted, wanted[0]]).not_run == (2,)
