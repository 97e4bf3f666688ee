"""Our counts beside other tools': equal where they are right, and different by a closed form where they are not."""

import pytest

from resnet_bench import specs
from resnet_bench.models.compat import torchvision_models
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.records import Mode

BUILDERS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)
# fvcore 0.1.5's ActivationCountAnalysis at 224 pixels.
FVCORE_ACTIVATIONS = dict(
    zip(
        BUILDERS,
        (2484712, 3739112, 11114984, 16232936, 22555112, 14401512, 31210472, 31210472, 14401512, 21225448),
        strict=True,
    )
)
FVCORE_TOTALS = {"resnet18": 1819065856, "resnet50": 4111512576, "resnext101_32x8d": 16476534784}


@pytest.mark.parametrize("name", BUILDERS)
def test_equal_to_torchvisions_metadata(name: str) -> None:
    profile = static_profile(name)
    for weights in torchvision_models().get_model_weights(name):
        assert profile.parameters == weights.meta["num_params"]
        assert round(profile.macs / 1e9, 3) == weights.meta["_ops"]
    assert profile.activations == FVCORE_ACTIVATIONS[name]


@pytest.mark.parametrize("name", specs.names())
def test_published_accuracy_is_torchvisions(name: str) -> None:
    models = torchvision_models()
    if name not in models.list_models(module=models):
        assert specs.published(name) == ()
        return
    theirs = {each.name: each.meta["_metrics"]["ImageNet-1K"] for each in models.get_model_weights(name)}
    ours = {each.weights: {"acc@1": each.acc1, "acc@5": each.acc5} for each in specs.published(name)}
    assert ours == theirs


@pytest.mark.parametrize("name", ["resnet18", "resnet50_v1", "preact_resnet18", "cifar_resnet20", "resnext50_32x4d"])
def test_fvcores_total_is_macs_and_batch_norm_and_the_global_pool(name: str) -> None:
    profile = static_profile(name, counters=["fvcore"], batch_size=3)
    norm = sum(layer.other_flops for layer in profile.layers if layer.type == "BatchNorm2d")
    pool = sum(layer.other_flops for layer in profile.layers if layer.type == "AdaptiveAvgPool2d")
    assert profile.fvcore_count == profile.macs + norm + pool


@pytest.mark.parametrize(("name", "total"), FVCORE_TOTALS.items())
def test_fvcores_published_totals_follow_from_our_layers(name: str, total: int) -> None:
    layers = static_profile(name).layers
    added = sum(layer.other_flops for layer in layers if layer.type in {"BatchNorm2d", "AdaptiveAvgPool2d"})
    assert sum(layer.macs for layer in layers) + added == total


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "wide_resnet50_2", "preact_resnet50", "cifar_resnet20"])
def test_training_flops_equal_torchs_counter_without_groups(name: str) -> None:
    profile = static_profile(name, mode=Mode.TRAINING, batch_size=2, counters=["torch"])
    assert profile.training_flops == profile.torch_counter_flops


@pytest.mark.parametrize("name", ["resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"])
def test_torchs_counter_takes_grouped_weight_gradients_once_for_every_group(name: str) -> None:
    # A weight gradient costs what the forward pass costs. torch 2.13 forgets that a group sees only its own channels,
    # so a convolution of g groups is counted g times there: g - 1 times too often.
    spec = specs.find(name)
    profile = static_profile(name, mode=Mode.TRAINING, batch_size=2, counters=["torch"])
    grouped = sum(layer.flops for layer in profile.layers if layer.name.endswith("conv2"))
    assert profile.torch_counter_flops == profile.training_flops + (spec.groups - 1) * grouped
    assert profile.training_flops == 3 * profile.flops - profile.layers[0].flops


def test_counters_are_checked_by_name() -> None:
    with pytest.raises(Exception, match="Did you mean 'fvcore'"):
        static_profile("resnet18", counters=["fvcor"])
