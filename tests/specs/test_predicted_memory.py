"""Predicted memory against what torch's profiler sees the CPU allocator do, from the weights' birth on.

What convolutions allocate and free again inside of themselves is their library's choice, and left out of both sides.
"""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from resnet_bench import specs
from resnet_bench.models.compat import torchvision_models
from resnet_bench.profilers.complexity import memory_of_module
from resnet_bench.records import Mode, Optimizer, Precision, Update
from tests.make import allocator

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


def assert_within_five_percent(name: str, predicted: Any, build: Callable[[], nn.Module], **case: Any) -> None:
    """Of the whole peak, and of what is left of it without the weights, which are certain."""
    peak, with_workspace = allocator.peaks(lambda: allocator.iterate(build, **case))
    said = " ".join(str(value) for value in case.values())
    found = f"predicted {predicted.peak_bytes:,} measured {peak:,} ({predicted.peak_bytes / peak - 1:+.2%})"
    print(f"{name} {said}: {found}, with workspace ({predicted.peak_bytes / with_workspace - 1:+.2%})")
    weights = predicted.weights_bytes + predicted.buffers_bytes
    assert predicted.peak_bytes == pytest.approx(peak, rel=0.05)
    assert predicted.peak_bytes - weights == pytest.approx(peak - weights, rel=0.05)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("name", "image_size"),
    [
        ("resnet18", 160),
        pytest.param("resnet50", 224, marks=pytest.mark.slow),
        *(pytest.param(name, 128, marks=pytest.mark.slow) for name in BUILDERS),
    ],
)
def test_predicted_is_within_five_percent_of_measured(name: str, image_size: int, mode: Mode) -> None:
    case = dict(mode=mode, batch_size=4, image_size=image_size)
    predicted = specs.predicted_memory(
        specs.find(name), precision=Precision.FP32, optimizer=Optimizer.MOMENTUM, update=Update.FOR_LOOP, **case
    )
    build = functools.partial(torchvision_models().get_model, name, weights=None)
    assert_within_five_percent(name, predicted, build, **case)


@pytest.mark.parametrize("update", list(Update))
@pytest.mark.parametrize("optimizer", list(Optimizer))
@pytest.mark.parametrize(
    "name", ["resnet18", *(pytest.param(name, marks=pytest.mark.slow) for name in BUILDERS if name != "resnet18")]
)
def test_so_it_is_with_every_optimizer(name: str, optimizer: Optimizer, update: Update) -> None:
    case = dict(mode=Mode.TRAINING, batch_size=2, image_size=64, optimizer=optimizer, update=update)
    predicted = specs.predicted_memory(specs.find(name), precision=Precision.FP32, **case)
    build = functools.partial(torchvision_models().get_model, name, weights=None)
    assert_within_five_percent(name, predicted, build, **case)


def of_torchvision(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: torchvision_models().get_model(name, weights=None, **options)


class Features(nn.Module):
    """Two stages' features: what lies behind them is held, and the loss never reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = torchvision_models().get_model("resnet18", weights=None)

    def forward(self, images: Tensor) -> Tensor:
        whole = self.whole
        stem = whole.maxpool(whole.relu(whole.bn1(whole.conv1(images))))
        return whole.layer2(whole.layer1(stem)).mean((2, 3))


class Tokens(nn.Module):
    """Patches as tokens through an encoder."""

    def __init__(self, encoder: Callable[[], nn.Module], width: int = 64) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, stride=4)
        self.encoder = encoder()
        self.head = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        return self.head(self.encoder(tokens).mean(1))


class SelfAttention(nn.Module):
    """Wide, so that a kernel's own buffers, some for each thread, are small beside the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(256, 4, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


def encoder(**options: Any) -> Callable[[], nn.Module]:
    layer = functools.partial(nn.TransformerEncoderLayer, 64, 4, 256, dropout=0.0, batch_first=True, **options)
    return lambda: Tokens(lambda: nn.TransformerEncoder(layer(), 2, enable_nested_tensor=False))


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        whole = torchvision_models().get_model("resnet18", weights=None)
        self.stem = nn.Sequential(whole.conv1, whole.bn1, whole.relu, whole.maxpool)
        self.stages = nn.ModuleList([whole.layer1, whole.layer2, whole.layer3, whole.layer4])
        self.head = nn.Sequential(whole.avgpool, nn.Flatten(), whole.fc)
        self.reentrant = reentrant

    def forward(self, images: Tensor) -> Tensor:
        found = self.stem(images)
        for stage in self.stages:
            found = checkpoint(stage, found, use_reentrant=self.reentrant)
        return self.head(found)


EXTERNAL: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "features of two stages": (Features, 96),
    "attention": (lambda: Tokens(SelfAttention, 256), 64),
    "encoder": (encoder(), 64),
    "encoder, norm first, GELU": (encoder(norm_first=True, activation="gelu"), 64),
    "vision transformer": (
        lambda: torchvision_models().VisionTransformer(64, 8, 2, 4, 64, 256, num_classes=10),
        64,
    ),
    "checkpointed": (lambda: Checkpointed(reentrant=False), 96),
    "checkpointed, reentrant": (lambda: Checkpointed(reentrant=True), 96),
    "group norm": (of_torchvision("resnet18", norm_layer=functools.partial(nn.GroupNorm, 32)), 96),
    "swin_t": (of_torchvision("swin_t"), 64),
    "densenet121": (of_torchvision("densenet121"), 64),
    "mobilenet_v3_small": (of_torchvision("mobilenet_v3_small"), 96),
    "efficientnet_b0": (of_torchvision("efficientnet_b0"), 96),
    "googlenet": (of_torchvision("googlenet", aux_logits=False, init_weights=False), 96),
    "vgg11": (of_torchvision("vgg11"), 64),
    "convnext_tiny": (of_torchvision("convnext_tiny"), 64),
}


WAYS = ((Mode.INFERENCE, Optimizer.SGD), (Mode.TRAINING, Optimizer.MOMENTUM), (Mode.TRAINING, Optimizer.ADAM))
QUICK = {"features of two stages", "attention", "encoder"}


@pytest.mark.parametrize(("mode", "optimizer"), WAYS)
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EXTERNAL]
)
def test_so_it_is_of_other_networks(name: str, mode: Mode, optimizer: Optimizer) -> None:
    build, image_size = EXTERNAL[name]
    torch.manual_seed(0)
    case = dict(mode=mode, batch_size=4, image_size=image_size, optimizer=optimizer, update=Update.FOR_LOOP)
    predicted = memory_of_module(build(), name=name, precision=Precision.FP32, **case)
    assert_within_five_percent(name, predicted, build, **case)


def test_weights_that_the_loss_never_reaches_have_no_gradient_and_no_state() -> None:
    case = dict(mode=Mode.TRAINING, precision=Precision.FP32, batch_size=2, image_size=64, optimizer=Optimizer.ADAM)
    module = Features()
    behind = ("whole.layer3", "whole.layer4", "whole.fc")
    reached = sum(it.numel() for name, it in module.named_parameters() if not name.startswith(behind))
    memory = memory_of_module(module, name="features", **case)
    assert (memory.gradients_bytes, memory.optimizer_bytes) == (4 * reached, 8 * reached)
    assert memory.weights_bytes > 4 * memory.gradients_bytes
