"""The usual variants in closed form: published counts, the refused combinations, and tables of suite files."""

from typing import Any

import pytest
from hypothesis import given

from resnet_bench import specs
from resnet_bench.errors import ConfigError, ModelError
from resnet_bench.specs import Attention, Block, Downsample, Layout, Norm, Spec, Stem
from tests.make.architectures import random_specs

# Millions of parameters: Zagoruyko and Komodakis 2016, tables 2, 4 and 5.
WIDE = {"cifar_wrn_16_8": 11.0, "cifar_wrn_28_10": 36.5, "cifar_wrn_40_4": 8.9}
WIDE_OF_THE_PAPER = {(40, 2): 2.2, (40, 8): 35.7, (28, 12): 52.5, (22, 8): 17.2, (22, 10): 26.8, (16, 10): 17.1}


def wide(depth: int, widen: int) -> Spec:
    spec = specs.find("cifar_wrn_28_10")
    fields = {name: getattr(spec, name) for name in spec.__struct_fields__}
    return Spec(**fields | dict(name=f"wrn_{depth}_{widen}", layers=((depth - 4) // 6,) * 3, widen=widen))


def mine(**fields: Any) -> Spec:
    given = dict(name="mine", family="custom", block=Block.BOTTLENECK, layers=(3, 4, 6, 3))
    return Spec(**(given | dict(image_size=224, num_classes=1000) | fields))


@pytest.mark.parametrize(("name", "millions"), WIDE.items())
def test_wide_networks_have_the_papers_parameters_and_depth(name: str, millions: float) -> None:
    spec = specs.find(name)
    assert round(specs.totals(spec).parameters / 1e6, 1) == pytest.approx(millions, abs=0.051)
    assert spec.depth == int(name.split("_")[2])


@pytest.mark.parametrize(("shape", "millions"), WIDE_OF_THE_PAPER.items())
def test_so_do_those_of_the_paper_that_have_no_name_here(shape: tuple[int, int], millions: float) -> None:
    assert specs.totals(wide(*shape)).parameters / 1e6 == pytest.approx(millions, abs=0.051)
    assert wide(*shape).depth == shape[0]


def test_the_cifar_resnet18_that_everybody_trains() -> None:
    totals = specs.totals(specs.find("cifar_resnet18"))
    assert totals.parameters == 11_173_962
    assert round(totals.macs / 1e6, 1) == 555.4


# timm 1.0's results/benchmark-infer: millions of parameters, two decimals.
TIMM = {
    "resnet18d": (specs.find("resnet18d"), 11.71),
    "resnet26d": (specs.find("resnet26d"), 16.01),
    "resnet50d": (specs.find("resnet50d"), 25.58),
    "resnet101d": (specs.find("resnet101d"), 44.57),
    "resnet200d": (specs.find("resnet200d"), 64.69),
    "seresnet50": (specs.find("seresnet50"), 28.09),
    "seresnet152": (specs.find("seresnet152"), 66.82),
    "ecaresnet26t": (
        mine(layers=(2, 2, 2, 2), stem=Stem.DEEP_TIERED, downsample=Downsample.AVG, attention=Attention.ECA),
        16.01,
    ),
    "resnet50_gn": (mine(norm=Norm.GROUP), 25.56),
    "resnetblur50": (mine(antialias=True), 25.56),
}


@pytest.mark.parametrize("name", TIMM)
def test_variants_have_timms_parameters(name: str) -> None:
    spec, millions = TIMM[name]
    assert round(specs.totals(spec).parameters / 1e6, 2) == millions


@pytest.mark.parametrize(("output_stride", "gigamacs"), [(None, 4.089), (8, 19.08)])
def test_dilation_keeps_parameters_and_multiplies_macs(output_stride: int | None, gigamacs: float) -> None:
    plain, dilated = specs.totals(mine()), specs.totals(mine(output_stride=output_stride))
    assert plain.parameters == dilated.parameters
    assert dilated.macs / 1e9 == pytest.approx(gigamacs, rel=0.005)


def test_stages_dilate_from_the_output_stride_on_as_in_torchvision() -> None:
    shapes = [each for each in mine(output_stride=8).blocks if each.position < 2]
    assert [(each.stride, each.first_dilation, each.dilation) for each in shapes] == [
        *((1, 1, 1), (1, 1, 1)),
        *((2, 1, 1), (1, 1, 1)),
        *((1, 1, 2), (1, 2, 2)),
        *((1, 2, 4), (1, 4, 4)),
    ]


def test_paths_are_dropped_more_often_the_deeper_they_lie() -> None:
    rates = [each.drop_path for each in mine(layers=(1, 2, 2), drop_path=0.2).blocks]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


def test_features_have_no_classifier() -> None:
    with_classes, features = specs.totals(mine()), specs.totals(mine(num_classes=0))
    assert with_classes.parameters - features.parameters == 2048 * 1000 + 1000
    assert with_classes.macs - features.macs == 2048 * 1000


REFUSED = [
    (dict(layers=()), "expected 1 to 6 stages"),
    (dict(width=0), "width = 0: expected 1 or more"),
    (dict(widen=0), "widen = 0: expected 1 or more"),
    (dict(in_channels=0), "in_channels = 0: expected 1 or more"),
    (dict(num_classes=-1), "num_classes = -1: expected 1 or more, or 0"),
    (dict(drop_path=1.0), "drop_path = 1.0: expected a share"),
    (dict(dropout=-0.1), "dropout = -0.1: expected a share"),
    (dict(output_stride=4), "output_stride = 4: expected 8 or 16"),
    (dict(layers=(1, 1), output_stride=16), "larger than the network's own stride"),
    (dict(block=Block.BASIC, groups=3), "do not divide 64 channels of a basic block"),
    (dict(norm=Norm.GROUP, stem=Stem.CIFAR), "32 groups, which do not divide 16 channels"),
    (dict(norm=Norm.GROUP, stem=Stem.DEEP_TIERED), "do not divide 24 channels"),
    (dict(norm=Norm.GROUP, width=20), "do not divide 20 channels"),
    (dict(antialias=True, layout=Layout.V1), "which only layout = 'v1.5' has"),
    (dict(antialias=True, layout=Layout.V2), "which only layout = 'v1.5' has"),
    (dict(downsample=Downsample.AVG, stem=Stem.CIFAR), "use stem = 'cifar64'"),
    (dict(zero_init_residual=True, layout=Layout.V2), "has none there"),
    (dict(zero_init_residual=True, norm=Norm.FROZEN), "at zero for ever"),
    (dict(num_classes=0, dropout=0.1), "leaves no classifier"),
    (dict(num_classes=0, classifier_bias=False), "leaves no classifier"),
]


@pytest.mark.parametrize(("fields", "says"), REFUSED)
def test_what_cannot_be_built_or_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        specs.check_architecture(mine(**fields))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(random_specs())
def test_an_architecture_comes_back_from_its_table(drawn: tuple[Spec, int]) -> None:
    spec, _ = drawn
    table = specs.to_table(spec)
    assert specs.from_table({key: value for key, value in table.items() if key != "family"}) == spec


def test_the_table_of_an_architecture_of_the_first_release_is_what_it_was() -> None:
    assert specs.to_table(mine()) == {
        "name": "mine",
        "family": "custom",
        "block": "bottleneck",
        "layers": [3, 4, 6, 3],
        "width": 64,
        "groups": 1,
        "layout": "v1.5",
        "stem": "imagenet",
        "image_size": 224,
        "num_classes": 1000,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(attention="sse"), "expected one of none, se, eca. Did you mean 'se'?"),
        (dict(antialias="yes"), "antialias: 'yes': expected true or false"),
        (dict(drop_path="0.1"), "drop_path: '0.1': expected a number from 0 to below 1"),
        (dict(num_classes=-1), "expected a whole number, 1 or more, or 0 for the features alone"),
        (dict(in_chans=4), "unknown key 'in_chans'. Did you mean 'in_channels'?"),
    ],
)
def test_a_wrong_value_of_a_variant_says_what_was_expected(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        specs.from_table(dict(name="mine", block="basic", layers=[1, 1]) | change, where="suite.toml: models[0]")
    assert says in str(caught.value)


def test_every_family_of_the_registry_has_its_paper() -> None:
    assert all("arXiv:" in specs.source(specs.find(name).family) for name in specs.names())
    assert specs.source("custom") == ""
