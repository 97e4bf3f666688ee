"""What a child finds of models before anything is measured: their own precision, and whether weights fit."""

import pytest
import torch
from torch import nn

from resnet_bench import specs
from resnet_bench.child.look_up import look_up
from resnet_bench.errors import ModelError
from resnet_bench.models import create_model
from resnet_bench.records import Precision
from resnet_bench.wire.messages import LookUpRequest, Named

HERE = "tests.child.test_look_up"


def single(classes: int = 3) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, classes))


def half() -> nn.Module:
    return single().half()


def brain() -> nn.Module:
    return single().bfloat16()


def double() -> nn.Module:
    return single().double()


def mixed() -> nn.Module:
    return nn.Sequential(single().half(), nn.Linear(3, 2))


def lazy() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))


def broken() -> nn.Module:
    raise RuntimeError("no")


def found(*models: Named, builds: bool = True):
    return look_up(LookUpRequest(models=models, builds=builds))


def test_a_model_is_of_the_precision_that_it_is_built_in():
    names = ("single", "half", "brain", "double", "mixed", "lazy", "broken")
    models = [Named(model=f"{HERE}:{name}") for name in names]
    assert found(*models).precisions == (
        *(Precision.FP32, Precision.FP16, Precision.BF16, Precision.FP64),
        *(Precision.FP32,) * 3,  # its parts are of several, it is not drawn yet, it says of each case why
    )
    assert set(found(*models, builds=False).precisions) == {Precision.FP32}


@pytest.mark.parametrize(
    ("model", "arguments", "fits"),
    [
        (f"{HERE}:single", "", True),
        (f"{HERE}:lazy", "", True),
        (f"{HERE}:single", "classes=4", False),
        (f"{HERE}:half", "", True),
        ("torchvision:resnet18", "", False),
        (specs.find("cifar_resnet20"), "", False),
    ],
)
def test_weights_that_do_not_fit_are_told_without_measuring(tmp_path, model, arguments, fits):
    path = tmp_path / "best.pth"
    torch.save(single().state_dict(), path)
    asked = Named(model=model, arguments=arguments, weights=str(path))
    if fits:
        assert found(asked).inputs == ("3x224x224",)
        return
    with pytest.raises(ModelError, match=r"weights .*best\.pth do not fit '"):
        found(asked)


def test_weights_of_which_nothing_fits_are_told_too(tmp_path):
    path = tmp_path / "best.pth"
    torch.save({"other": torch.zeros(2)}, path)
    with pytest.raises(ModelError, match="nothing fits 'cifar_resnet20'"):
        found(Named(model=specs.find("cifar_resnet20"), weights=f"{path}#partial"))


def test_weights_are_loaded_into_layers_without_a_size_yet(tmp_path):
    path = tmp_path / "best.pth"
    torch.save(single().state_dict(), path)
    module = create_model(f"{HERE}:lazy", pretrained=str(path))
    assert torch.equal(module[1].weight, torch.load(path)["1.weight"])
