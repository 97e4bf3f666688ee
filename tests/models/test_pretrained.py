"""Weights: what is loaded, from where, and which are refused with what words. No test downloads anything."""

from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_bench.errors import ModelError
from resnet_bench.models import create_model, downloads, resnet18, resnet50


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


def test_true_means_torchvisions_first_weights(fetched: list[str]) -> None:
    model = resnet18(pretrained=True)
    assert fetched == ["https://download.pytorch.org/models/resnet18-f37072fd.pth"]
    torch.manual_seed(5)
    assert torch.equal(model.fc.weight, create_model("resnet18").fc.weight)


def test_a_url_is_loaded(fetched: list[str]) -> None:
    resnet18(pretrained="https://example.org/mine.pth")
    assert fetched == ["https://example.org/mine.pth"]


def test_a_file_is_loaded_also_from_a_checkpoint_of_a_parallel_model(tmp_path: Path) -> None:
    source = create_model("resnet18", num_classes=3)
    path = tmp_path / "mine.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in source.state_dict().items()}}, path)
    loaded = create_model("resnet18", num_classes=3, pretrained=str(path))
    assert torch.equal(loaded.fc.weight, source.fc.weight)


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


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet18-00000000.pth"
    torch.save(create_model("resnet18").state_dict(), path)
    with pytest.raises(ModelError, match="damaged"):
        create_model("resnet18", pretrained=str(path))
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(ModelError, match="is text and not weights"):
        create_model("resnet18", pretrained=str(tmp_path / "text.pth"))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ModelError, match="not a state dict"):
        create_model("resnet18", pretrained=str(tmp_path / "list.pth"))


@pytest.mark.parametrize(
    ("name", "weights", "num_classes", "says"),
    [
        ("resnet50_v1", True, None, "no published weights for 'resnet50_v1'"),
        ("resnet50", True, 10, "have 1000 classes, not 10"),
        ("resnet50", "IMAGENET1K_V3", None, "Did you mean 'IMAGENET1K_V"),
        ("resnet26", True, None, "torchvision publishes no weights for 'resnet26'"),
        ("cifar_resnet20", True, None, "publishes no weights"),
        ("resnet18", "nowhere/weights.pth", None, "is not there"),
        ("torchvision:resnet18", True, None, "built by its own package"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_words(name: str, weights: Any, num_classes: int | None, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        create_model(name, pretrained=weights, num_classes=num_classes)
    assert says in str(caught.value)


def test_false_loads_nothing(fetched: list[str]) -> None:
    resnet50(pretrained=False, device="meta")
    assert fetched == []
