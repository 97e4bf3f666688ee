"""Situations of which users of other counters reported wrong numbers: each in our own code, its right value derived.

The names of the cases are the reports: owner/repository and number on GitHub.
"""

import functools

import pytest
import torch
from torch import distributed, nn
from torch.ao import quantization
from torch.nn import functional
from torch.nn.utils import parametrizations

from resnet_bench.errors import ModelError
from resnet_bench.models import create_model
from resnet_bench.models.compat import torchvision_models
from resnet_bench.profilers.complexity import profile_module, static_profile
from resnet_bench.records import Mode

HERE = "tests.profilers.test_public_reports"
PIXELS = 8 * 8
CONV = PIXELS * 8 * 27  # a 3x3 convolution from 3 to 8 channels


def conv(channels_in: int = 3, channels_out: int = 8, kernel: int = 3, *, groups: int = 1) -> nn.Conv2d:
    padding = kernel // 2
    return nn.Conv2d(channels_in, channels_out, kernel, padding=padding, groups=groups, bias=False)


def profile(module: nn.Module, *, mode: Mode = Mode.INFERENCE, by_running: bool = False):
    return profile_module(module, name="it", mode=mode, image_size=8, by_running=by_running)


class Calls(nn.Module):
    """Does with its parts what a function says."""

    def __init__(self, does, **parts) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self._does = does

    def forward(self, images):
        return self._does(self, images)


def shared_weight() -> nn.Module:
    first, second = conv(3, 3), conv(3, 3)
    second.weight = first.weight
    return nn.Sequential(first, second)


def sequence(images: torch.Tensor) -> torch.Tensor:
    """Eight steps of 24 features."""
    return images.permute(2, 0, 1, 3).flatten(2)


def recurrent(cell: nn.Module) -> nn.Module:
    return Calls(lambda self, images: self.cell(sequence(images))[0], cell=cell)


def tokens(images: torch.Tensor) -> torch.Tensor:
    """64 tokens of 32 features, made without a product."""
    return images.flatten(2).transpose(1, 2).repeat(1, 1, 11)[..., :32]


def attention(heads: int) -> nn.Module:
    def attend(self, images):
        given = tokens(images)
        return self.attention(given, given, given)[0]

    return Calls(attend, attention=nn.MultiheadAttention(32, heads, batch_first=True))


def grouped_queries(_, images):
    """Four heads of queries share two of keys and values."""
    given = tokens(images)
    queries = given.unflatten(2, (4, 8)).transpose(1, 2)
    keys = given[..., :16].unflatten(2, (2, 8)).transpose(1, 2)
    return functional.scaled_dot_product_attention(queries, keys, keys, enable_gqa=True)


def configured(module: nn.Module, how: quantization.QConfig) -> nn.Module:
    module.qconfig = how
    return module


SIGMA = 8 * 27 + 8  # the weight as a matrix times a vector, and that times another: no power iteration in eval mode
ATTENTION = 4 * PIXELS * 32 * 32 + 2 * PIXELS * PIXELS * 32
MACS = {
    "facebookresearch/fvcore#78 sovrasov/flops-counter.pytorch#149 ultralytics/thop#92": (
        lambda: nn.ConvTranspose2d(3, 1, 2, stride=2),
        PIXELS * 3 * 4,
    ),
    "the same, grouped": (lambda: nn.ConvTranspose2d(3, 6, 3, groups=3), PIXELS * 3 * 2 * 9),
    "Lyken17/pytorch-OpCounter#197 a bare parameter": (
        lambda: Calls(
            lambda self, images: functional.conv2d(images, self.weight, padding=1),
            weight=nn.Parameter(torch.zeros(8, 3, 3, 3)),
        ),
        CONV,
    ),
    "sksq96/pytorch-summary#201 called twice": (
        lambda: Calls(lambda self, images: self.conv(self.conv(images)), conv=conv(3, 3)),
        2 * PIXELS * 3 * 27,
    ),
    "TylerYep/torchinfo#377 two modules, one weight": (shared_weight, 2 * PIXELS * 3 * 27),
    "Lyken17/pytorch-OpCounter#197 facebookresearch/fvcore#153 four heads": (lambda: attention(4), ATTENTION),
    "the same with eight heads": (lambda: attention(8), ATTENTION),
    "uzh-rpg/svit#5 the fast path of an encoder layer": (
        lambda: Calls(
            lambda self, images: self.layer(tokens(images)),
            layer=nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, batch_first=True),
        ),
        ATTENTION + 2 * PIXELS * 32 * 64,
    ),
    "facebookresearch/fvcore#98 LSTM": (lambda: recurrent(nn.LSTM(24, 16)), 8 * 64 * 40),
    "meta-pytorch/tnt#624 GRU": (lambda: recurrent(nn.GRU(24, 16)), 8 * 48 * 40),
    "MrYxJ/calculate-flops.pytorch#55 two layers, both ways": (
        lambda: recurrent(nn.LSTM(24, 16, num_layers=2, bidirectional=True)),
        2 * 8 * 64 * (24 + 16) + 2 * 8 * 64 * (32 + 16),
    ),
    "a projection": (lambda: recurrent(nn.LSTM(24, 16, proj_size=8)), 8 * (64 * (24 + 8) + 16 * 8)),
    "facebookresearch/fvcore#109 DataParallel": (lambda: nn.DataParallel(conv()), CONV),
    "raoyongming/GFNet#3 pytorch/pytorch#165485 a Fourier layer": (
        lambda: Calls(lambda self, images: torch.fft.irfft2(torch.fft.rfft2(self.conv(images))), conv=conv()),
        CONV,
    ),
    "one dimension": (
        lambda: Calls(
            lambda self, images: self.conv(images.flatten(2)), conv=nn.Conv1d(3, 8, 3, padding=1, bias=False)
        ),
        PIXELS * 8 * 9,
    ),
    "einsum": (
        lambda: Calls(
            lambda self, images: torch.einsum("nchw,oc->nohw", images, self.weight),
            weight=nn.Parameter(torch.zeros(8, 3)),
        ),
        PIXELS * 8 * 3,
    ),
    "grouped queries": (lambda: Calls(grouped_queries), 2 * PIXELS * PIXELS * 32),
    "a causal mask": (
        lambda: Calls(lambda _, images: functional.scaled_dot_product_attention(*[tokens(images)] * 3, is_causal=True)),
        2 * PIXELS * PIXELS * 32,
    ),
    "checkpointed": (
        lambda: Calls(
            lambda self, images: torch.utils.checkpoint.checkpoint(self.conv, images, use_reentrant=False), conv=conv()
        ),
        CONV,
    ),
    "an average of models": (lambda: torch.optim.swa_utils.AveragedModel(conv()), CONV),
    "TylerYep/torchinfo#117 lazy modules": (
        lambda: nn.Sequential(nn.LazyConv2d(8, 3, padding=1, bias=False), nn.Flatten(), nn.LazyLinear(5)),
        CONV + 8 * PIXELS * 5,
    ),
    "nmhkahn/torchsummaryX#20 a normalised weight": (lambda: parametrizations.weight_norm(conv()), CONV),
    "the same, by the old function": (lambda: nn.utils.weight_norm(conv()), CONV),
    "pytorch/pytorch#8590 spectral norm in eval mode": (lambda: parametrizations.spectral_norm(conv()), CONV + SIGMA),
    "the same one, by the old function": (lambda: nn.utils.spectral_norm(conv()), CONV + SIGMA),
    "Lyken17/pytorch-OpCounter#202 trained to be quantised": (
        lambda: quantization.prepare_qat(configured(nn.Sequential(conv()), quantization.get_default_qat_qconfig())),
        CONV,
    ),
    "three dimensions": (
        lambda: Calls(lambda self, images: self.conv(images.unflatten(2, (2, 4))), conv=nn.Conv3d(3, 8, 1, bias=False)),
        PIXELS * 8 * 3,
    ),
    "the same padding, around": (
        lambda: nn.Conv2d(3, 8, 3, padding="same", padding_mode="circular", bias=False),
        CONV,
    ),
    "tensordot": (
        lambda: Calls(
            lambda self, images: torch.tensordot(images, self.weight, ([1], [0])),
            weight=nn.Parameter(torch.zeros(3, 8)),
        ),
        PIXELS * 3 * 8,
    ),
    "vmap": (
        lambda: Calls(
            lambda self, images: torch.vmap(self.linear)(images.permute(2, 0, 3, 1)),
            linear=nn.Linear(3, 8),
        ),
        PIXELS * 3 * 8,
    ),
    "patches": (
        lambda: Calls(
            lambda self, images: self.linear(functional.unfold(images, 2, stride=2).transpose(1, 2)),
            linear=nn.Linear(12, 8),
        ),
        PIXELS // 4 * 12 * 8,
    ),
    "traced by fx": (lambda: torch.fx.symbolic_trace(nn.Sequential(conv())), CONV),
    "a list of modules": (
        lambda: Calls(
            lambda self, images: self.convs[0](images) + self.convs[1].forward(images),
            convs=nn.ModuleList([conv(), conv()]),
        ),
        2 * CONV,
    ),
}


@pytest.mark.parametrize("report", MACS)
def test_macs_are_what_the_module_computes_and_every_parameter_has_a_row(report):
    build, macs = MACS[report]
    found = profile(build())
    assert found.macs == macs
    assert found.uncounted_operators == ()
    assert sum(layer.parameters for layer in found.layers) == found.parameters


def test_a_model_in_half_is_half_as_large():
    """TylerYep/torchinfo#29."""
    single, half = profile(nn.Conv2d(3, 8, 3)), profile(nn.Conv2d(3, 8, 3).half())
    assert single.parameter_bytes == 4 * (216 + 8) == 2 * half.parameter_bytes
    assert half.precision == "fp16"
    assert half.predicted_memory.weights_bytes == half.parameter_bytes


@pytest.mark.parametrize(
    "quantised",
    [
        lambda: quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 8)), {nn.Linear}),
        lambda: quantization.convert(
            quantization.prepare(
                configured(quantization.QuantWrapper(conv()).eval(), quantization.get_default_qconfig())
            )
        ),
    ],
)
def test_int8_networks_are_refused_in_words_and_never_counted_as_float_ones(quantised):
    """Lyken17/pytorch-OpCounter#202 and 1adrianb/pytorch-estimate-flops#7."""
    with pytest.raises(
        ModelError, match=r"'it' is quantised \(\w+\): operators on int8 are neither counted nor measured"
    ):
        profile(quantised())


@pytest.mark.parametrize(
    ("name", "gmacs"),
    [("resnet18", 1.814), ("regnet_y_400mf", 0.402), ("vit_b_16", 17.564), ("shufflenet_v2_x0_5", 0.04)],
)
def test_what_torchvision_says_of_its_models_is_what_they_do(name, gmacs):
    """pytorch/vision#6936; every one of them is in tests/data/peers."""
    weights = torchvision_models().get_model_weights(name)
    assert gmacs == next(iter(weights)).meta["_ops"]
    assert round(static_profile(f"torchvision:{name}").macs / 1e9, 3) == gmacs


TRAINING = {
    "pytorch/pytorch#183405 grouped": (lambda: nn.Sequential(conv(3, 6), conv(6, 12, groups=6)), 10368, 6912),
    "the same, transposed": (
        lambda: nn.Sequential(conv(3, 6, 1), nn.ConvTranspose2d(6, 12, 3, padding=1, groups=6, bias=False)),
        1152,
        6912,
    ),
}


@pytest.mark.parametrize("report", TRAINING)
def test_a_training_step_has_a_weight_gradient_for_each_layer_and_an_input_gradient_for_all_but_the_first(report):
    build, first, second = TRAINING[report]
    assert profile(build(), mode=Mode.TRAINING).training_flops == 2 * first * 2 + 2 * second * 3


def test_parameters_that_are_not_used_have_a_row():
    """TylerYep/torchinfo#28."""
    module = Calls(
        lambda self, images: self.conv(images),
        conv=conv(),
        held=nn.ParameterList([nn.Parameter(torch.zeros(100, 100)) for _ in range(3)]),
    )
    found = profile(module)
    assert found.parameters == 30_000 + 216 == sum(layer.parameters for layer in found.layers)


def test_a_layer_that_runs_a_hundred_times_keeps_the_input_of_each_and_has_one_gradient():
    """TylerYep/torchinfo#144: the first input is the batch itself, and the loss keeps the logits and a label."""

    def runs(self, images: torch.Tensor) -> torch.Tensor:
        return functools.reduce(lambda features, _: self.cell(features), range(100), images.flatten(1))

    features = 3 * PIXELS
    found = profile(Calls(runs, cell=nn.Linear(features, features, bias=False)), mode=Mode.TRAINING)
    assert found.predicted_memory.activations_bytes == 100 * features * 4 + 8
    assert found.predicted_memory.gradients_bytes == found.parameter_bytes == features**2 * 4
    assert found.macs == 100 * features**2


def test_a_frozen_encoder_is_counted_and_its_head_trained():
    """sovrasov/flops-counter.pytorch#101."""
    encoder, head = conv(), conv(8, 4, 1)
    encoder.requires_grad_(requires_grad=False)
    found = profile(nn.Sequential(encoder, head), mode=Mode.TRAINING)
    assert found.macs == CONV + PIXELS * 8 * 4
    assert found.training_flops == 2 * CONV + 2 * 2 * PIXELS * 8 * 4  # no gradient of the encoder, none to it


def test_a_network_spread_by_ddp_is_the_network(tmp_path):
    """ultralytics/thop#169."""
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    try:
        module = nn.parallel.DistributedDataParallel(nn.Sequential(conv(), nn.Conv2d(8, 4, 1)))
        expected = profile(module.module, mode=Mode.TRAINING)
        assert profile(module, mode=Mode.TRAINING) == expected
        inner = Calls(lambda self, images: self.spread(images), spread=module)
        assert profile(inner, mode=Mode.TRAINING).training_flops == expected.training_flops
        assert profile(inner, by_running=True).macs == expected.macs
    finally:
        distributed.destroy_process_group()


def test_what_the_caller_is_in_changes_nothing():
    """pytorch/pytorch#126268."""
    module = nn.Sequential(conv(), nn.BatchNorm2d(8))
    expected = profile(module, mode=Mode.TRAINING)
    for within in (torch.inference_mode, torch.no_grad, functools.partial(torch.autocast, "cpu")):
        with within():
            assert profile(module, mode=Mode.TRAINING) == expected


def test_what_a_builder_itself_refuses_is_one_line():
    """pytorch/vision#2121 and #4801."""
    with pytest.raises(
        ModelError, match="raised NotImplementedError: Dilation > 1 not supported in BasicBlock"
    ) as caught:
        create_model("torchvision:resnet18", arguments={"replace_stride_with_dilation": [False, True, True]})
    assert "\n" not in str(caught.value)


class Detects(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torchvision_models()
        from torchvision.ops import DeformConv2d

        self.offset, self.deformed = conv(3, 18), DeformConv2d(3, 8, 3, padding=1)

    def forward(self, images):
        return self.deformed(images, self.offset(images))


def test_a_deformed_convolution_is_counted_or_says_which_operators_do_not_load():
    """facebookresearch/fvcore#121."""
    if hasattr(torch.ops.torchvision, "deform_conv2d"):
        found = profile(Detects(), by_running=True)
        assert found.uncounted_operators == ()
        assert found.macs == PIXELS * 18 * 27 + CONV
    else:
        with pytest.raises(ModelError, match="torchvision's compiled operators, which do not load"):
            profile(Detects(), by_running=True)
