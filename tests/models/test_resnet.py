"""The networks against torchvision, bit by bit, and the promises of their Python interface."""

import subprocess
import sys

import pytest
import torch

from resnet_bench import specs
from resnet_bench.errors import DeviceError, ModelError
from resnet_bench.models import BasicBlock, Bottleneck, ResNet, create_model, resnet50
from resnet_bench.models.compat import torchvision_models

BUILDERS = [
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
]


@pytest.mark.parametrize("name", BUILDERS)
def test_equal_to_torchvision_to_the_last_bit(name: str) -> None:
    torch.manual_seed(1)
    with torch.device("meta"):
        theirs = getattr(torchvision_models(), name)()
    theirs = theirs.to_empty(device="cpu").eval()
    for value in theirs.state_dict().values():
        if value.is_floating_point():  # positive, so that a variance is one; small, so that no sum overflows
            value.uniform_(0.001, 0.01)
    ours = create_model(name, device="meta").to_empty(device="cpu").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        expected = theirs(images)
        assert expected.isfinite().all()
        assert expected.std() > 0
        assert torch.equal(ours(images), expected)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet152"])
def test_v1_has_the_same_keys_and_shapes(name: str) -> None:
    plain, original = (create_model(each, device="meta").state_dict() for each in (name, f"{name}_v1"))
    assert {key: value.shape for key, value in plain.items()} == {key: value.shape for key, value in original.items()}


def test_v1_strides_first_and_pools_without_padding() -> None:
    model = create_model("resnet50_v1", device="meta")
    assert model.layer2[0].conv1.stride == (2, 2)
    assert model.layer2[0].conv2.stride == (1, 1)
    assert (model.maxpool.padding, model.maxpool.ceil_mode) == (0, True)


def test_weights_start_as_documented() -> None:
    torch.manual_seed(0)
    model = create_model("resnet18")
    for name in ("conv1", "layer3.1.conv2"):
        weight = model.get_submodule(name).weight
        expected = (2 / (weight.shape[2] * weight.shape[3] * weight.shape[0])) ** 0.5
        assert weight.std().item() == pytest.approx(expected, rel=0.03)
    assert (model.bn1.weight == 1).all()
    assert (model.bn1.bias == 0).all()


@pytest.mark.parametrize("name", [name for name in specs.names() if specs.find(name).depth < 200])
def test_every_network_runs_at_its_smallest_size(name: str) -> None:
    spec = specs.find(name)
    images = torch.empty(2, 3, spec.min_image_size, spec.min_image_size, device="meta")
    assert create_model(name, device="meta")(images).shape == (2, spec.num_classes)


def test_the_python_interface() -> None:
    assert isinstance(resnet50(pretrained=False, num_classes=7, device="meta"), ResNet)
    model = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10)
    assert model(torch.zeros(2, 3, 40, 40)).shape == (2, 10)
    with pytest.raises(ModelError, match="do not divide 64 channels of a basic block"):
        ResNet(BasicBlock, [1], groups=3)
    with pytest.raises(ModelError, match="Did you mean 'resnet50_v1'"):
        create_model("resnet50v1")
    with pytest.raises(DeviceError, match="unknown device 'gpu'"):
        create_model("resnet18", device="gpu")


def test_the_package_imports_torch_only_for_a_name_that_needs_it() -> None:
    code = (
        "import sys, resnet_bench.models, resnet_bench.profilers.complexity as c; dir(resnet_bench.models);"
        "c.static_profile('resnet50'); assert 'torch' not in sys.modules;"
        "from resnet_bench.models import resnet18; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
