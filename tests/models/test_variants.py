"""Variants against torchvision's and timm's own modules, bit by bit, with their weights loaded."""

from typing import Any

import pytest
import torch
from torch import nn

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.models import BasicBlock, ResNet, create_model
from resnet_bench.models.compat import torchvision_models
from resnet_bench.models.parts import DropPath, FrozenBatchNorm2d
from resnet_bench.specs import Attention, Block, Downsample, Layout, Norm, Spec, Stem


def mine(**fields: Any) -> Spec:
    given = dict(name="mine", family="custom", block=Block.BOTTLENECK, layers=(3, 4, 6, 3))
    return Spec(**(given | dict(image_size=224, num_classes=1000) | fields))


def shaken(module: nn.Module) -> nn.Module:
    """Give a module weights that reach its output: none is zero, no sum overflows."""
    generator = torch.Generator().manual_seed(1)
    for value in module.state_dict().values():
        if value.is_floating_point():  # positive, so that a variance is one
            value.uniform_(0.001, 0.01, generator=generator)
    return module.eval()


def assert_equal_to_the_last_bit(theirs: nn.Module, spec: Spec, *, image_size: int = 80) -> None:
    ours = create_model(spec).eval()
    ours.load_state_dict(shaken(theirs).state_dict(), strict=True)
    images = torch.randn(1, spec.in_channels, image_size, image_size, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected = theirs(images)
        assert expected.isfinite().all()
        assert expected.std() > 0
        assert torch.equal(ours(images), expected)


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize(("name", "width", "groups"), [("resnet50", 64, 1), ("resnext50_32x4d", 4, 32)])
def test_dilated_networks_are_torchvisions(name: str, width: int, groups: int, output_stride: int) -> None:
    replaced = [False, output_stride < 16, output_stride < 32]
    theirs = torchvision_models().get_model(name, weights=None, replace_stride_with_dilation=replaced)
    assert_equal_to_the_last_bit(theirs, mine(width=width, groups=groups, output_stride=output_stride))


@pytest.mark.parametrize("layers", [(1, 1, 1, 1), (2, 1)])
def test_a_frozen_backbone_is_torchvisions(layers: tuple[int, ...]) -> None:
    torchvision_models()
    from torchvision.ops import FrozenBatchNorm2d as TheirNorm

    theirs, ours = TheirNorm(8), FrozenBatchNorm2d(8)
    ours.load_state_dict(shaken(theirs).state_dict(), strict=True)
    images = torch.randn(2, 8, 5, 5)
    assert torch.equal(ours(images), theirs(images))
    network = create_model(mine(layers=layers, norm=Norm.FROZEN))
    assert not [name for name, _ in network.named_parameters() if "bn" in name]


TIMM = {
    "resnet26d": specs.find("resnet26d"),
    "resnet50d": specs.find("resnet50d"),
    "seresnet50": specs.find("seresnet50"),
    "ecaresnet26t": mine(
        layers=(2, 2, 2, 2), stem=Stem.DEEP_TIERED, downsample=Downsample.AVG, attention=Attention.ECA
    ),
    "resnet50_gn": mine(norm=Norm.GROUP),
    "resnetblur50": mine(antialias=True),
}


@pytest.mark.parametrize("name", TIMM)
def test_variants_are_timms_with_its_weights_loaded(name: str) -> None:
    torchvision_models()  # timm imports torchvision itself
    timm = pytest.importorskip("timm")
    assert_equal_to_the_last_bit(timm.create_model(name, pretrained=False), TIMM[name])


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_other_inputs_classes_and_dropped_paths_are_timms_too(name: str) -> None:
    torchvision_models()
    timm = pytest.importorskip("timm")
    theirs = timm.create_model(name, pretrained=False, in_chans=5, num_classes=0, drop_path_rate=0.1)
    spec = specs.find(name)
    fields = {field: getattr(spec, field) for field in spec.__struct_fields__}
    ours = Spec(**fields | dict(in_channels=5, num_classes=0, drop_path=0.1))
    assert_equal_to_the_last_bit(theirs, ours)
    expected = [part.drop_prob for part in theirs.modules() if type(part).__name__ == "DropPath"]
    found = [part.probability for part in create_model(ours, device="meta").modules() if isinstance(part, DropPath)]
    assert found == pytest.approx(expected)


def test_a_silenced_residual_starts_as_the_identity() -> None:
    network = create_model(mine(block=Block.BASIC, layers=(1, 2), zero_init_residual=True)).eval()
    images = torch.rand(1, 64, 8, 8)
    assert torch.equal(network.layer2[1](network.layer2[0](images)), network.layer2[0](images))
    theirs = torchvision_models().resnet18(zero_init_residual=True)
    silent = {
        name for name, value in theirs.state_dict().items() if "bn" in name and "weight" in name and not value.any()
    }
    ours = create_model(mine(block=Block.BASIC, layers=(2, 2, 2, 2), zero_init_residual=True)).state_dict()
    assert {name for name, value in ours.items() if "bn" in name and "weight" in name and not value.any()} == silent


def test_dropped_paths_are_whole_images_and_the_others_are_scaled() -> None:
    torch.manual_seed(0)
    images = torch.ones(64, 2, 3, 3)
    dropped = DropPath(0.25).train()(images)
    assert all(len(image.unique()) == 1 for image in dropped)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert DropPath(0.25).eval()(images) is images


def test_variants_are_keywords_of_the_networks_in_python() -> None:
    network = ResNet(BasicBlock, [1, 1], attention=Attention.SE, in_channels=4, num_classes=0)
    assert network.eval()(torch.zeros(2, 4, 16, 16)).shape == (2, 128)
    with pytest.raises(TypeError, match="attntion"):
        ResNet(BasicBlock, [1], attntion=Attention.SE)
    with pytest.raises(ModelError, match="v2 is PreActResNet's"):
        ResNet(BasicBlock, [1], layout=Layout.V2)
