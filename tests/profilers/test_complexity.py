"""Tracing: equal to the closed forms, leaves the module alone, and says what it could not do."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.models import create_model
from resnet_bench.profilers.complexity import memory_of_module, profile_module, static_profile
from resnet_bench.profilers.counters import torch_counter_flops
from resnet_bench.records import Mode, Optimizer, Precision, Profile
from resnet_bench.specs import Block, Norm, Spec
from tests.make.architectures import random_specs

NAMES = [pytest.param(name, marks=pytest.mark.slow) if specs.find(name).depth > 60 else name for name in specs.names()]


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_module_has_the_closed_forms_profile(name: str) -> None:
    spec = specs.find(name)
    case = dict(mode=Mode.INFERENCE, precision=Precision.FP32, batch_size=2, image_size=spec.image_size)
    assert profile_module(create_model(name, device="meta"), name=name, **case) == specs.profile(spec, **case)


@pytest.mark.parametrize("asked", [dict(mode=Mode.TRAINING), dict(precision=Precision.INT8)])
def test_torchvisions_own_module_has_it_too(asked: dict[str, Any]) -> None:
    theirs = static_profile("torchvision:resnext50_32x4d", batch_size=4, image_size=96, **asked)
    ours = static_profile("resnext50_32x4d", batch_size=4, image_size=96, **asked)
    differing = {field for field in ours.__struct_fields__ if getattr(ours, field) != getattr(theirs, field)}
    assert differing == {"model"}


@settings(max_examples=25, deadline=None)
@given(random_specs(), st.sampled_from(Mode), st.sampled_from((Precision.FP32, Precision.BF16)), st.integers(2, 5))
def test_any_architecture_profiles_as_its_built_module(
    architecture: tuple[Spec, int], mode: Mode, precision: Precision, batch_size: int
) -> None:
    spec, image_size = architecture
    case = dict(mode=mode, precision=precision, batch_size=batch_size, image_size=image_size)
    assert profile_module(create_model(spec, device="meta"), name="random", **case) == specs.profile(spec, **case)


def outcome(work: Callable[[], Profile]) -> Profile | str:
    """A profile, or the word for what was refused."""
    try:
        return work()
    except ModelError as error:
        return "one value" if "would see one value per" in str(error) else str(error)


@settings(max_examples=30, deadline=None)
@given(random_specs(), st.sampled_from(Mode))
def test_a_single_image_of_the_smallest_size_is_refused_by_the_closed_form_where_torch_refuses_it(
    architecture: tuple[Spec, int], mode: Mode
) -> None:
    spec, _ = architecture
    case = dict(mode=mode, precision=Precision.FP32, batch_size=1, image_size=spec.min_image_size)
    ours = outcome(lambda: specs.profile(spec, **case))
    assert outcome(lambda: profile_module(create_model(spec, device="meta"), name="random", **case)) == ours


@pytest.mark.parametrize("mode", Mode)
def test_group_norm_on_one_value_per_group_is_refused_whatever_the_mode(mode: Mode) -> None:
    narrow = dict(name="narrow", family="custom", block=Block.BOTTLENECK, layers=(1,), width=32, norm=Norm.GROUP)
    spec = Spec(**narrow, image_size=4, num_classes=2)
    case = dict(mode=mode, precision=Precision.FP32, image_size=4)
    with pytest.raises(ModelError, match=r"group norm 'layer1\.0\.bn1' would see one value per group"):
        specs.profile(spec, batch_size=1, **case)
    assert specs.profile(spec, batch_size=2, **case) == profile_module(
        create_model(spec, device="meta"), name="narrow", batch_size=2, **case
    )


@settings(max_examples=25, deadline=None)
@given(random_specs(), st.sampled_from(Mode))
def test_and_as_torchs_counter_counts_it(architecture: tuple[Spec, int], mode: Mode) -> None:
    spec, image_size = architecture
    size = dict(mode=mode, batch_size=2, image_size=image_size)
    ours = specs.profile(spec, precision=Precision.FP32, **size)
    module = create_model(spec, device="meta")
    theirs = torch_counter_flops(module, spec.own_input.sized(image_size), mode=mode, batch_size=2)
    # Weight gradients of grouped convolutions are counted once for every group by torch 2.13.
    grouped = {Block.BASIC: {"conv1", "conv2"}, Block.BOTTLENECK: {"conv2"}}[spec.block]
    within = sum(it.flops for it in ours.layers if it.name.startswith("layer") and it.name.split(".")[-1] in grouped)
    expected = ours.flops if mode is Mode.INFERENCE else ours.training_flops + (spec.groups - 1) * within
    assert theirs == expected


@settings(max_examples=25, deadline=None)
@given(random_specs(), st.sampled_from(Mode))
def test_memory_is_the_traces_under_autocast_too(architecture: tuple[Spec, int], mode: Mode) -> None:
    spec, image_size = architecture
    assume(not spec.antialias)  # on a CPU, where the trace claims to be, autocast pads in float32
    case = dict(mode=mode, precision=Precision.AMP_BF16, batch_size=2, image_size=image_size)
    memory = specs.predicted_memory(spec, optimizer=Optimizer.MOMENTUM, **case)
    assert memory_of_module(create_model(spec, device="meta"), name="random", **case) == memory


def test_the_module_is_left_exactly_as_it_was() -> None:
    model = create_model("resnet18").train()
    model.layer1[0].eval()
    calls: list[nn.Module] = []
    model.conv1.register_forward_hook(lambda *_: calls.append(model))
    model.fc.weight.requires_grad_(requires_grad=False)
    model.conv1.weight.grad = torch.ones_like(model.conv1.weight)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    training = {name: part.training for name, part in model.named_modules()}
    hooks = {name: len(part._forward_hooks) for name, part in model.named_modules()}
    attributes = {name: set(vars(part)) for name, part in model.named_modules()}
    random = torch.get_rng_state()
    for mode in Mode:
        profile_module(model, name="mine", mode=mode, batch_size=2, image_size=64)
    assert torch.equal(torch.get_rng_state(), random)
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert {name: part.training for name, part in model.named_modules()} == training
    assert {name: len(part._forward_hooks) for name, part in model.named_modules()} == hooks
    assert {name: set(vars(part)) for name, part in model.named_modules()} == attributes
    assert torch.equal(model.conv1.weight.grad, torch.ones_like(model.conv1.weight))
    assert calls == []


def test_profiling_by_name_leaves_the_random_state() -> None:
    random = torch.get_rng_state()
    static_profile("torchvision:resnet18", mode=Mode.TRAINING, batch_size=2, counters=["fvcore", "torch"])
    assert torch.equal(torch.get_rng_state(), random)


def test_the_callers_context_does_not_matter() -> None:
    expected = profile_module(create_model("resnet18"), name="mine", mode=Mode.TRAINING, batch_size=2)
    with torch.inference_mode():
        assert profile_module(create_model("resnet18"), name="mine", mode=Mode.TRAINING, batch_size=2) == expected
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        assert profile_module(create_model("resnet18"), name="mine", mode=Mode.TRAINING, batch_size=2) == expected
    channels_last = create_model("resnet18").to(memory_format=torch.channels_last)
    assert profile_module(channels_last, name="mine", mode=Mode.TRAINING, batch_size=2) == expected


def test_frozen_weights_need_no_gradients() -> None:
    model = create_model("resnet18", device="meta")
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    model.fc.weight.requires_grad_()
    profile = profile_module(model, name="head only", mode=Mode.TRAINING, batch_size=2)
    assert profile.trainable_parameters == 512000
    assert profile.training_flops == profile.flops + 2 * 2 * 512000
    assert profile.predicted_memory.gradients_bytes == 4 * 512000


def test_a_scripted_module_is_refused_in_words() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3)))
    with pytest.raises(ModelError, match="TorchScript"):
        profile_module(scripted, name="scripted")


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x * 2 if x.sum() > 0 else x


def test_data_dependent_control_flow_gives_the_reason_and_what_was_counted() -> None:
    with pytest.raises(ModelError) as caught:
        profile_module(Branching(), name="branching", image_size=10)
    text = str(caught.value)
    assert "control flow depends on the data" in text
    assert "the last one 'gt'" in text
    assert "2,400 MACs" in text
    assert "\n" not in text


class Inverse(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.inv(x).flatten(1)


def test_operators_without_a_known_cost_are_listed() -> None:
    profile = profile_module(Inverse(), name="inverse", image_size=8)
    assert profile.uncounted_operators == ("aten::linalg_inv_ex",)
    assert profile.macs == 0


def test_attention_and_linear_layers_are_macs() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            tokens = x.flatten(2).mean(1, keepdim=True).transpose(1, 2).expand(-1, -1, 8)
            return self.inner(tokens, tokens, tokens, need_weights=True)[0]

    tokens = 6 * 6
    profile = profile_module(Attention(), name="attention", image_size=6)
    assert profile.macs == tokens * 8 * 8 * 4 + 2 * tokens * tokens * 8


EXTERNAL = """
import torch
from torch import nn

def needs(width): return nn.Conv2d(3, width, 1)
def wrong(): return 3
def raises(): raise RuntimeError("no such backbone")
def good(): return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.LazyLinear(4))
def counted(): return nn.Conv2d(3, 2 * int(torch.linspace(0, 4, 2)[1].item()), 1)
def fine(num=4): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, num))
number = 5
"""


@pytest.fixture
def backbones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "backbones_of_mine.py").write_text(EXTERNAL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "backbones_of_mine", raising=False)
    return "backbones_of_mine"


def test_a_callable_of_ones_own_is_profiled(backbones: str) -> None:
    profile = static_profile(f"{backbones}:fine", image_size=10)
    assert profile.macs == 8 * 8 * 8 * 27 + 8 * 4
    assert [layer.type for layer in profile.layers] == ["Conv2d", "AdaptiveAvgPool2d", "Linear"]
    assert profile.parameters == 8 * 27 + 8 + 8 * 4 + 4


def test_a_callable_that_needs_a_number_while_it_builds_is_profiled_too(backbones: str) -> None:
    assert static_profile(f"{backbones}:counted", image_size=10).macs == 10 * 10 * 3 * 8


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ("needs", "needs arguments (width)"),
        ("wrong", "returned int, not a torch.nn.Module"),
        ("raises", "raised RuntimeError: no such backbone"),
        ("god", "Did you mean 'good'?"),
        ("number", "not a callable"),
    ],
)
def test_a_bad_callable_is_named_with_what_is_wrong(backbones: str, attribute: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        static_profile(f"{backbones}:{attribute}")
    assert says in str(caught.value)
    assert f"{backbones}:{attribute}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nopackage:x", "cannot be imported"),
        ("torchvision:resnet5", "Did you mean 'resnet50'?"),
        (":x", "expected torchvision:NAME"),
    ],
)
def test_a_bad_external_name_is_answered(name: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        static_profile(name)
    assert says in str(caught.value)


def test_timm_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # as an import of what is not there
    with pytest.raises(ModelError, match="needs timm"):
        static_profile("timm:resnet50")


def test_training_external_models_on_one_value_per_channel_is_refused() -> None:
    with pytest.raises(ModelError, match="one value per channel"):
        static_profile("torchvision:resnet18", mode=Mode.TRAINING, image_size=32, batch_size=1)


def test_huge_batches_cost_no_memory() -> None:
    assert static_profile("cifar_resnet1202", batch_size=4096).macs == 4096 * static_profile("cifar_resnet1202").macs
    assert static_profile("torchvision:wide_resnet101_2", batch_size=4096).macs == 4096 * 22753050624
