"""Weights: what is loaded, from where, and which are refused with what words. Nothing comes from another machine."""

import argparse
import functools
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from resnet_bench.errors import ModelError
from resnet_bench.models import create_model, downloads, resnet18, resnet50
from resnet_bench.models.registry import create_with_weights

HOST = torch.device("cpu")


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Answer every download with fresh weights of resnet18, and note what was asked for."""
    asked: list[str] = []

    def answer(url: str) -> Path:
        asked.append(url)
        torch.manual_seed(5)
        torch.save(create_model("resnet18").state_dict(), tmp_path / "fetched.pth")
        return tmp_path / "fetched.pth"

    monkeypatch.setattr(downloads, "fetch", answer)
    return asked


@pytest.fixture
def server(tmp_path: Path) -> Any:
    folder = tmp_path / "served"
    folder.mkdir()

    asked: list[str] = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    serving = HTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{serving.server_port}", asked
    serving.shutdown()
    thread.join()


def tiny() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


HERE = "tests.models.test_weights"
MINE = f"{HERE}:tiny"


def compiled() -> nn.Module:
    return torch.compile(tiny())


def partly_compiled() -> nn.Module:
    module = tiny()
    module[0] = torch.compile(module[0])
    return module


def filled(value: float) -> dict[str, torch.Tensor]:
    return {key: torch.full_like(tensor, value) for key, tensor in tiny().state_dict().items()}


def prefixed(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


def loaded_value(weights: Path | str) -> float:
    created = create_with_weights(MINE, str(weights), device=HOST)
    values = {float(it.flatten()[0]) for it in created.module.state_dict().values()}
    (value,) = values
    return value


def averaged() -> dict[str, torch.Tensor]:
    module = tiny()
    module.load_state_dict(filled(7.0))
    return AveragedModel(module).state_dict()


CHECKPOINTS: dict[str, Any] = {
    "plain": filled(7.0),
    "state_dict": {"epoch": 3, "state_dict": filled(7.0)},
    "model, with the arguments of the script": {"model": filled(7.0), "args": argparse.Namespace(lr=0.1)},
    "nested twice": {"model": {"state_dict": filled(7.0)}},
    "parallel": prefixed("module.", filled(7.0)),
    "compiled": prefixed("_orig_mod.", filled(7.0)),
    "compiled and parallel": prefixed("module._orig_mod.", filled(7.0)),
    "a part compiled": {key.replace("0.", "0._orig_mod.", 1): value for key, value in filled(7.0).items()},
    "Lightning": {"state_dict": prefixed("model.", filled(7.0)) | {"criterion.weight": torch.ones(3)}},
    "AveragedModel": averaged(),
    "timm's average": {"state_dict": filled(1.0), "state_dict_ema": filled(7.0)},
    "torchvision's average": {"model": filled(1.0), "model_ema": averaged()},
    "held by a part of another network": prefixed("student.trunk.", filled(7.0))
    | {"student.conv.weight": torch.ones(3)},
    "one of two networks": prefixed("model.", filled(7.0)) | prefixed("teacher.", filled(1.0)),
    "half": {key: value.half() if value.is_floating_point() else value for key, value in filled(7.0).items()},
}


@pytest.mark.parametrize("form", CHECKPOINTS)
def test_whatever_wrapped_the_model_when_it_was_saved_its_weights_are_loaded(tmp_path: Path, form: str) -> None:
    torch.save(CHECKPOINTS[form], tmp_path / "saved.pth")
    assert loaded_value(tmp_path / "saved.pth") == 7.0


@pytest.mark.parametrize("form", ["plain", "compiled", "a part compiled", "Lightning"])
@pytest.mark.parametrize("built", ["compiled", "partly_compiled"])
def test_so_they_are_into_a_model_that_is_wrapped_itself(tmp_path: Path, form: str, built: str) -> None:
    torch.save(CHECKPOINTS[form], tmp_path / "saved.pth")
    created = create_with_weights(f"{HERE}:{built}", str(tmp_path / "saved.pth"), device=HOST)
    assert {float(it.flatten()[0]) for it in created.module.state_dict().values()} == {7.0}


def test_of_two_networks_as_good_neither_is_taken(tmp_path: Path) -> None:
    torch.save(prefixed("student.", filled(7.0)) | prefixed("teacher.", filled(1.0)), tmp_path / "saved.pth")
    with pytest.raises(ModelError, match=r"missing: 0\.weight"):
        loaded_value(tmp_path / "saved.pth")


@pytest.mark.parametrize("form", ["timm's average", "torchvision's average"])
def test_averaged_weights_are_taken_and_said_unless_the_raw_ones_are_asked_for(tmp_path: Path, form: str) -> None:
    torch.save(CHECKPOINTS[form], tmp_path / "saved.pth")
    created = create_with_weights(MINE, str(tmp_path / "saved.pth"), device=HOST)
    assert "the averaged ones" in created.weights
    assert loaded_value(f"{tmp_path / 'saved.pth'}#raw") == 1.0


def test_safetensors_are_loaded(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(filled(7.0), tmp_path / "saved.safetensors")
    assert loaded_value(tmp_path / "saved.safetensors") == 7.0


def test_partial_loads_what_fits_and_lists_the_rest(tmp_path: Path) -> None:
    state = filled(7.0) | {"3.weight": torch.zeros(9, 4), "3.bias": torch.zeros(9), "head.weight": torch.zeros(1)}
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"shapes differ.*#partial after their name loads what fits"):
        create_model(MINE, pretrained=str(tmp_path / "other.pth"))
    created = create_with_weights(MINE, f"{tmp_path / 'other.pth'}#partial", device=HOST)
    assert created.weights.endswith("other.pth; 2 tensors left as drawn: 3.weight, 3.bias")
    assert float(created.module[0].weight.detach()[0, 0]) == 7.0
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="nothing fits"):
        create_model(MINE, pretrained=f"{tmp_path / 'other.pth'}#partial")


def test_a_url_is_fetched_once_and_two_addresses_do_not_share_a_file(server: Any) -> None:
    folder, address, asked = server
    for place, value in (("a", 7.0), ("b", 8.0)):
        (folder / place).mkdir()
        torch.save(filled(value), folder / place / "model.pth")
    assert [loaded_value(f"{address}/{place}/model.pth") for place in ("a", "b", "a")] == [7.0, 8.0, 7.0]
    assert asked == ["/a/model.pth", "/b/model.pth"]
    with pytest.raises(ModelError, match="the server answered 404"):
        loaded_value(f"{address}/c/model.pth")


def test_a_damaged_download_is_refused(server: Any, hub: Path) -> None:
    folder, address, _ = server
    torch.save(filled(7.0), folder / "tiny-00000000.pth")
    with pytest.raises(ModelError, match=r"is damaged: .*; it was removed, the same command fetches it anew"):
        loaded_value(f"{address}/tiny-00000000.pth")
    assert not (hub / "tiny-00000000.pth").exists()


def test_true_means_torchvisions_first_weights(fetched: list[str]) -> None:
    model = resnet18(pretrained=True)
    assert fetched == ["https://download.pytorch.org/models/resnet18-f37072fd.pth"]
    torch.manual_seed(5)
    assert torch.equal(model.fc.weight, create_model("resnet18").fc.weight)


def test_a_file_that_does_not_fit_says_which_keys_and_shapes_differ(tmp_path: Path) -> None:
    state = create_model("resnet18").state_dict()
    del state["conv1.weight"]
    state["head.weight"] = torch.zeros(1)
    state["fc.bias"] = torch.zeros(7)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(ModelError) as caught:
        create_model("resnet18", pretrained=str(tmp_path / "other.pth"))
    text = str(caught.value)
    assert "missing: conv1.weight" in text
    assert "unknown: head.weight" in text
    assert "fc.bias (7,) instead of (1000,)" in text
    assert "\n" not in text


class Whole:
    """What a whole pickled model brings with it: a class of somebody's own."""


def test_what_is_no_state_dict_is_refused_in_words(tmp_path: Path) -> None:
    torch.save(create_model("resnet18").state_dict(), tmp_path / "resnet18-00000000.pth")
    with pytest.raises(ModelError, match="damaged"):
        create_model("resnet18", pretrained=str(tmp_path / "resnet18-00000000.pth"))
    (tmp_path / "text.pth").write_text("not weights")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save(Whole(), tmp_path / "whole.pth")
    (tmp_path / "empty.pth").touch()
    for name, says in (
        ("text.pth", "is text and not weights"),
        ("list.pth", "not a state dict"),
        ("whole.pth", "it holds a pickled"),
        ("empty.pth", "is empty"),
        ("absent.pth", "is not there"),
    ):
        with pytest.raises(ModelError, match=says) as caught:
            create_model("resnet18", pretrained=str(tmp_path / name))
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "weights", "num_classes", "says"),
    [
        ("resnet50_v1", True, None, "no published weights for 'resnet50_v1'"),
        ("resnet50", True, 10, "have 1000 classes, not 10"),
        ("resnet50", "IMAGENET1K_V3", None, "Did you mean 'IMAGENET1K_V"),
        ("resnet26", True, None, "torchvision publishes no weights for 'resnet26'"),
        ("cifar_resnet20", True, None, "publishes no weights"),
        ("resnet18", "nowhere/weights.pth", None, "is not there"),
        ("torchvision:resnet18", "IMAGENET1K_V7", None, "Did you mean 'IMAGENET1K_V1'?"),
        (MINE, "IMAGENET1K_V1", None, "give a file or a URL"),
        ("torchvision:resnet18", False, 10, "num_classes among its arguments"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_words(name: str, weights: Any, num_classes: int | None, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        create_model(name, pretrained=weights, num_classes=num_classes)
    assert says in str(caught.value)


def test_false_loads_nothing(fetched: list[str]) -> None:
    resnet50(pretrained=False, device="meta")
    assert fetched == []
