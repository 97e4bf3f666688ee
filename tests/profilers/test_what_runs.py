"""The profile counts what the module does: with its hooks, every parameter in a row, and torch's own count beside."""

import io
import queue
import sys
import threading
import types
import weakref

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils import spectral_norm as old_spectral_norm
from torch.nn.utils import weight_norm as old_weight_norm
from torch.utils.flop_counter import FlopCounterMode

from resnet_bench.errors import ModelError, UnsupportedError
from resnet_bench.models.stored import stored_bytes
from resnet_bench.profilers.complexity import profile_module
from resnet_bench.records import Mode

CONV_MACS = 64 * 8 * 27  # 8x8 outputs, 8 channels, 3 x 3 x 3 taps
CONV_PARAMETERS = 8 * 27 + 8


def conv() -> nn.Conv2d:
    return nn.Conv2d(3, 8, 3, padding=1)


def profile(module: nn.Module, *, mode: Mode = Mode.INFERENCE, image_size: int = 8):
    return profile_module(module, name="it", mode=mode, image_size=image_size)


def macs_by_torch(module: nn.Module, image_size: int = 8) -> int:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module.eval()(torch.zeros(1, 3, image_size, image_size))
    return counter.get_total_flops() // 2


def resized_first() -> nn.Module:
    module = conv()
    module.register_forward_pre_hook(lambda _, inputs: nn.functional.interpolate(inputs[0], scale_factor=2))
    return nn.Sequential(module)


def with_adapter() -> nn.Module:
    """A branch that a hook adds, as low-rank adapters do; the module itself does not know it."""
    module, branch = conv(), nn.Conv2d(3, 8, 1)
    module.register_forward_hook(lambda _, inputs, output: output + branch(inputs[0]))
    return module


class ReadsItsHook(nn.Module):
    """Features taken by a hook into a dict that the forward pass reads."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(), nn.Conv2d(8, 4, 1))
        self.head = nn.Linear(8, 2)
        self.taken: dict[str, torch.Tensor] = {}
        taken = self.taken
        self.body[0].register_forward_hook(lambda _, __, output: taken.update(first=output))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.body(images)
        return self.head(self.taken["first"].mean((2, 3)))


def test_a_pre_hook_that_enlarges_the_input_is_counted():
    assert profile(resized_first()).macs == 4 * CONV_MACS == macs_by_torch(resized_first())


def test_a_branch_that_a_hook_adds_is_counted():
    assert profile(with_adapter()).macs == CONV_MACS + 64 * 8 * 3 == macs_by_torch(with_adapter())


def test_features_taken_by_a_hook_reach_the_copys_own_forward():
    module = ReadsItsHook()
    assert profile(module).macs == CONV_MACS + 64 * 4 * 8 + 16
    assert module.taken == {}  # the copy's hook wrote into the copy


def test_hooks_that_are_bound_methods_work_on_the_copy():
    class Taker:
        def __init__(self) -> None:
            self.shapes: list[tuple[int, ...]] = []

        def take(self, _: nn.Module, __: object, output: torch.Tensor) -> None:
            self.shapes.append(tuple(output.shape))

    module, taker = conv(), Taker()
    module.register_forward_hook(taker.take)
    assert profile(module).macs == CONV_MACS
    assert taker.shapes == []


@pytest.mark.parametrize("normalise", [old_weight_norm, old_spectral_norm])
def test_the_old_norms_of_weights_are_counted_and_trained(normalise):
    module = normalise(conv())
    inference, training = profile(module), profile(module, mode=Mode.TRAINING)
    assert inference.macs >= CONV_MACS
    assert inference.weighted_layers == 1
    assert training.training_flops >= 2 * 2 * CONV_MACS  # forward and the weight's gradient; the images need none
    assert training.predicted_memory.gradients_bytes > 0


@pytest.mark.parametrize("normalise", [parametrizations.weight_norm, parametrizations.spectral_norm])
def test_parametrised_weights_have_rows_and_make_a_weighted_layer(normalise):
    found = profile(normalise(conv()))
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert found.weighted_layers == 1


def test_a_pruned_network_is_counted_as_the_dense_one_that_runs():
    module = nn.Sequential(conv(), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
    for part in (module[0], module[2]):
        prune.l1_unstructured(part, "weight", amount=0.5)
    found = profile(module)
    assert found.macs == CONV_MACS + 64 * 8 * 72
    assert found.weighted_layers == 2
    assert sum(layer.parameters for layer in found.layers) == found.parameters


class OwnWeights(nn.Module):
    """Parameters beside children: a token, a scale, and a head that is used without being called."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 8, 1, 1))
        self.conv = conv()
        self.unused = nn.Linear(5, 5)
        self.head = nn.Linear(8, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = (self.conv(images) + self.token).mean((2, 3))
        return nn.functional.linear(features, self.head.weight, self.head.bias)


@pytest.mark.parametrize(
    "build",
    [
        "OwnWeights",
        "Attention",
        "parametrised",
        "recurrent",
    ],
)
def test_every_parameter_is_in_a_row(build):
    found = profile(globals()[build]())
    assert sum(layer.parameters for layer in found.layers) == found.parameters


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.conv = conv()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = self.conv(images).flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens)[0]


def recurrent() -> nn.Module:
    return nn.Sequential(conv(), nn.Flatten(), nn.LSTM(512, 4))


def parametrised() -> nn.Module:
    class Symmetric(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight + weight.flip(-1)

    module = conv()
    parametrize.register_parametrization(module, "weight", Symmetric())
    return module


def test_lazy_modules_are_counted_as_what_they_become():
    lazy = nn.Sequential(nn.LazyConv2d(8, 3, padding=1), nn.Flatten(), nn.LazyLinear(2))
    found = profile(lazy)
    assert found.parameters == CONV_PARAMETERS + 8 * 64 * 2 + 2
    assert found.macs == CONV_MACS + 8 * 64 * 2
    assert isinstance(lazy[0].weight, nn.UninitializedParameter)  # the module itself is as it was


def test_a_sparse_buffer_is_counted_by_what_it_stores():
    class Sparse(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv()
            self.register_buffer("adjacency", torch.eye(64).to_sparse())

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.conv(images)

    assert profile(Sparse()).buffers == 64


class Guarded(nn.Module):
    """Holds what no copy can be made of, beside what has to be copied."""

    def __init__(self, held) -> None:
        super().__init__()
        self.conv = conv()
        self.held = held
        self.cache = types.SimpleNamespace(lock=threading.Lock(), seen={}, parent=self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with self.cache.lock:
            self.cache.seen["last"] = self.conv(images)
            return self.cache.seen["last"]


@pytest.mark.parametrize("by_running", [False, True])
@pytest.mark.parametrize(
    "hold",
    [
        threading.Lock,
        threading.Condition,
        lambda: (number for number in range(3)),
        lambda: io.BytesIO().getbuffer(),
        lambda: [{"deep": (queue.Queue(), weakref.WeakValueDictionary())}],
        lambda: sys,
    ],
)
def test_what_holds_locks_files_and_generators_is_counted_and_what_stands_beside_them_is_copied(hold, by_running):
    module = Guarded(hold())
    for _ in range(2):
        found = profile_module(module, name="it", image_size=8, by_running=by_running)
        assert found.macs == CONV_MACS
    assert module.cache.seen == {}


def test_a_module_that_refuses_to_be_copied_says_why():
    class Refuses(nn.Module):
        def __deepcopy__(self, memo):
            raise TypeError("one of a kind")

    with pytest.raises(ModelError, match="'it' cannot be traced without running it: TypeError: one of a kind"):
        profile(nn.Sequential(conv(), Refuses()))


def test_of_a_sparse_factor_the_numbers_that_it_stores_are_multiplied():
    class Graph(nn.Module):
        def __init__(self, adjacency) -> None:
            super().__init__()
            self.conv = conv()
            self.register_buffer("adjacency", adjacency)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.conv(images)[0].flatten(1).t()
            return torch.sparse.mm(self.adjacency, features)

    for adjacency in (torch.eye(64).to_sparse(), torch.eye(64).to_sparse_csr()):
        found = {by: profile_module(Graph(adjacency), name="it", image_size=8, by_running=by) for by in (False, True)}
        assert {it.macs for it in found.values()} == {CONV_MACS + 64 * 8}
        assert {it.buffers for it in found.values()} == {64}
        assert found[False].predicted_memory.buffers_bytes == stored_bytes(adjacency)


def test_running_counts_lazy_modules_and_encoders_as_tracing_does():
    def tokens() -> nn.Module:
        return nn.Sequential(
            nn.LazyConv2d(8, 3, padding=1),
            nn.LazyBatchNorm2d(),
            nn.Flatten(2),
            nn.TransformerEncoderLayer(64, 4, 32, batch_first=True),
            nn.LSTM(64, 16),
        )

    traced, run = (profile_module(tokens(), name="it", image_size=8, by_running=by) for by in (False, True))
    assert run.macs == traced.macs
    assert run.parameters == traced.parameters
    assert run.uncounted_operators == traced.uncounted_operators == ()


def test_a_frozen_network_in_training_says_that_nothing_is_trainable():
    with pytest.raises(UnsupportedError, match="nothing in 'it' is trainable"):
        profile(conv().requires_grad_(requires_grad=False), mode=Mode.TRAINING)
