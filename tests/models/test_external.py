"""Models of other packages: their arguments, their own inputs, and what is refused of them."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from resnet_bench.errors import ModelError, UnknownModelError
from resnet_bench.models import create_model, external
from resnet_bench.models.compat import torchvision_models

HERE = "tests.models.test_external"


def wide(channels: int = 3, *, classes: int = 10) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes))


def needs(channels: int) -> nn.Module:
    return wide(channels)


class Net(nn.Module):
    def __init__(self, width: int, *, depth: int = 1, act: str = "relu") -> None:
        super().__init__()
        self.convs = nn.Sequential(*[nn.Conv2d(3, width, 1) for _ in range(depth)])
        self.act = act


def passes_on(**options) -> nn.Module:
    return Net(8, **options)


def parallel() -> nn.Module:
    return nn.DataParallel(wide())


def quantised() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(wide(), {nn.Linear})


def complex_weights() -> nn.Module:
    return nn.Linear(3, 3, dtype=torch.complex64)


instance = wide()


def test_arguments_reach_the_function():
    module = create_model(f"{HERE}:wide", arguments={"channels": 12, "classes": 3})
    assert module[0].weight.shape == (8, 12, 3, 3)
    assert module[3].out_features == 3
    assert create_model(f"{HERE}:needs", arguments={"channels": 4})[0].in_channels == 4
    assert create_model("torchvision:resnet18", arguments={"num_classes": 7}).fc.out_features == 7


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("wide", {"chanels": 1}, "has no argument 'chanels'. Did you mean 'channels'? It takes channels, classes."),
        ("parallel", {"x": 1}, "has no argument 'x'. It takes none."),
        ("needs", {}, "needs arguments (channels)"),
        ("passes_on", {"dept": 2}, "has no argument 'dept'. Did you mean 'depth'? It takes depth, act."),
        ("passes_on", {"depth": "two"}, "raised TypeError: 'str' object cannot be interpreted as an integer"),
        ("instance", {}, "'instance' is a module itself (Sequential); give a function that returns it."),
        ("quantised", {}, "is quantised (Linear)"),
        ("complex_weights", {}, "has complex weights"),
    ],
)
def test_what_cannot_be_built_as_asked_is_refused_in_words(name, arguments, says):
    with pytest.raises(ModelError) as caught:
        create_model(f"{HERE}:{name}", arguments=arguments)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        (
            "torchvision:resnet18",
            {"num_clases": 7},
            "Did you mean 'num_classes'? It takes num_classes, zero_init_residual",
        ),
        ("torchvision:densenet121", {"growth": 7}, "Did you mean 'growth_rate'? It takes growth_rate, block_config"),
        ("torchvision:vit_b_16", {"image": 96}, "has no argument 'image'. Did you mean 'image_size'?"),
        (
            "timm:resnet18",
            {"in_chan": 4},
            "has no argument 'in_chan'. Did you mean 'in_chans'? It takes num_classes, in_chans",
        ),
    ],
)
def test_an_argument_that_a_package_passes_on_is_answered_with_what_is_taken_there(name, arguments, says):
    torchvision_models()  # timm imports torchvision itself
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    with pytest.raises(UnknownModelError) as caught:
        external.build(name, device=torch.device("meta"), arguments=arguments)
    assert str(caught.value).startswith(f"'{name}' has no argument '{next(iter(arguments))}'.")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_only_spreads_a_network_over_devices_is_taken_off():
    assert isinstance(create_model(f"{HERE}:parallel"), nn.Sequential)


def test_a_quantised_builder_is_refused_for_it_would_give_the_float_network():
    with pytest.raises(UnknownModelError, match="that is 'torchvision:resnet50'"):
        external.look_up("torchvision:quantized_resnet50")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("resnet50", "3x224x224"),
        ("inception_v3", "3x299x299"),
        ("efficientnet_b7", "3x600x600"),
        ("vit_h_14", "3x224x224"),
        ("swin_v2_t", "3x256x256"),
        ("fcn_resnet50", "3x520x520"),
        ("r3d_18", "3x16x112x112"),
        ("raft_small", "3x128x128+3x128x128"),
        ("fasterrcnn_resnet50_fpn", "[3x800x1333]"),
    ],
)
def test_torchvisions_models_have_the_input_that_their_weights_say(name, own):
    assert str(external.look_up(f"torchvision:{name}")) == own


def test_weights_of_a_name_have_their_own_size():
    assert str(external.look_up("torchvision:vit_h_14", published="IMAGENET1K_SWAG_E2E_V1")) == "3x518x518"
    with pytest.raises(UnknownModelError, match="has no weights 'IMAGENET1K_V9'"):
        external.look_up("torchvision:vit_h_14", published="IMAGENET1K_V9")


@pytest.mark.parametrize(
    ("name", "arguments", "own"),
    [
        ("resnet50", {}, "3x224x224"),
        ("resnet26t", {}, "3x256x256"),
        ("resnet50d", {"in_chans": 4}, "4x224x224"),
        ("vit_base_patch16_384", {}, "3x384x384"),
        ("vit_base_patch16_224", {"img_size": 112}, "3x112x112"),
    ],
)
def test_timms_models_have_the_input_of_their_configuration(name, arguments, own):
    torchvision_models()  # timm imports torchvision itself
    pytest.importorskip("timm")
    assert str(external.look_up(f"timm:{name}", arguments=arguments)) == own


def test_a_users_module_may_import_torchvision_whichever_torch_it_was_built_for(tmp_path):
    """In a fresh process, with nothing of torchvision named before it."""
    (tmp_path / "mine.py").write_text("import torchvision\ndef build():\n    return torchvision.models.resnet18()\n")
    code = "from resnet_bench.models import external; print(external.look_up('mine:build'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "3x224x224\n", done.stderr
