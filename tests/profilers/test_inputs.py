"""Any input is counted, and what is trained is what a training step is measured with."""

import collections
import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_bench import specs
from resnet_bench.child.prepare import refuse_another_computation
from resnet_bench.errors import ModelError, OtherPrecisionError, UnsupportedError
from resnet_bench.profilers.complexity import profile_module, static_profile
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Mode, Optimizer, Precision, inputs
from tests import make

HERE = "tests.profilers.test_inputs"


class Fused(nn.Module):
    """Two images, the second by keyword, and tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 3, padding=1)
        self.right = nn.Conv2d(1, 4, 1)
        self.words = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 5)

    def forward(self, images, tokens, *, depth):
        seen = self.left(images).mean((2, 3)) + self.right(depth).mean((2, 3))
        return self.head(seen + self.words(tokens).mean(1))


FUSED_INPUT = "3x8x6+9:int64+depth=1x4x4"
FUSED_MACS = 48 * 4 * 27 + 16 * 4 + 4 * 5


class Video(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 4, 3, padding=1)

    def forward(self, clips):
        return self.conv(clips).mean((2, 3, 4))


class Lists(nn.Module):
    """As detection models do, it takes a list of images of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, images):
        return torch.stack([self.conv(image[None]).mean((2, 3))[0] for image in images])


def pair_of_batch(batch_size):
    return (torch.randn(batch_size, 3, 8, 6), torch.randint(7, (batch_size, 9))), {
        "depth": torch.randn(batch_size, 1, 4, 4)
    }


CASES = {
    "two tensors and a keyword": (Fused, FUSED_INPUT, FUSED_MACS),
    "a function": (Fused, f"{HERE}:pair_of_batch", FUSED_MACS),
    "video": (Video, "3x2x5x7", 70 * 4 * 81),
    "a list": (Lists, "[3x5x7]", 35 * 4 * 3),
    "not square": (lambda: nn.Conv2d(3, 8, 1), "3x5x7", 35 * 8 * 3),
    "one channel": (lambda: nn.Conv2d(1, 8, 1), "1x5x5", 25 * 8),
    "twelve channels": (lambda: nn.Conv2d(12, 8, 1), "12x5x5", 25 * 8 * 12),
    "a vector": (lambda: nn.Linear(6, 3), "6", 18),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_any_input_is_counted_run_and_trained(kind, batch_size):
    build, text, macs = CASES[kind]
    wanted = inputs.parse(text)
    found = profile_module(build(), name="it", inputs=wanted, batch_size=batch_size, mode=Mode.TRAINING)
    assert found.macs == batch_size * macs
    assert (found.input, found.image_size) == (text, wanted.image_size)
    for mode in Mode:
        case = make.case("it", mode=mode, batch_size=batch_size, input=text, image_size=wanted.image_size)
        workload = Workload(case, build(), seed=0)
        counter = FlopCounterMode(display=False)
        with counter, workload.running():
            workload.iterate()
        if mode is Mode.INFERENCE:
            assert counter.get_total_flops() == 2 * found.macs


def test_a_network_of_ours_on_an_oblong_image_is_traced_and_agrees_with_its_closed_form_on_a_square_one():
    oblong = static_profile("resnet18", input="3x64x128")
    square = specs.profile(
        specs.find("resnet18"), mode=Mode.INFERENCE, precision=Precision.FP32, batch_size=1, image_size=64
    )
    convolutions = square.macs - 512 * 1000
    assert oblong.macs == 2 * convolutions + 512 * 1000
    assert static_profile("resnet18", input="3x64x64") == square


def test_what_was_fed_is_said_where_it_does_not_fit():
    with pytest.raises(ModelError, match=r"it was given \(1, 3, 224, 224\) float32"):
        profile_module(nn.Conv2d(12, 8, 1), name="it")


@pytest.mark.parametrize("dtype", ["half", "bfloat16", "double"])
def test_a_model_is_counted_and_measured_in_the_type_that_it_is_built_in(dtype):
    built = {"half": Precision.FP16, "bfloat16": Precision.BF16, "double": Precision.FP64}[dtype]
    module = getattr(nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8)), dtype)()
    found = profile_module(module, name="it", image_size=4)
    assert found.precision is built
    assert found.parameter_bytes == sum(it.nbytes for it in module.parameters())
    case = make.case("it", image_size=4, precision=built)
    workload = Workload(case, module, seed=0)
    with workload.running():
        assert workload.iterate().dtype is module[0].weight.dtype
    with pytest.raises(UnsupportedError, match=f"ask for --precision {built}"):
        Workload(make.case("it", image_size=4, precision=Precision.FP32), module, seed=0)
    with pytest.raises(OtherPrecisionError, match="is built in"):
        profile_module(module, name="it", image_size=4, precision=Precision.FP32)


class Turned(nn.Module):
    """Turns features by complex constants, as rotary positions do."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.register_buffer("turns", torch.polar(torch.ones(4), torch.arange(4.0)))

    def forward(self, tokens):
        turned = torch.view_as_complex(self.linear(tokens).float().unflatten(-1, (4, 2))) * self.turns
        return torch.view_as_real(turned).flatten(-2).to(tokens.dtype)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_complex_constants_stay_complex_where_a_module_is_cast(precision):
    found = profile_module(Turned(), name="it", inputs=inputs.parse("5x8"), precision=precision)
    assert found.macs == 5 * 64
    assert found.uncounted_operators == ()
    module = Turned()
    workload = Workload(make.case("it", input="5x8", image_size=8, precision=precision), module, seed=0)
    with workload.running():
        output = workload.iterate()
    assert module.turns.is_complex()
    assert torch.equal(output, module(*workload.prepared.placed.inputs.args))


@pytest.mark.parametrize("mode", Mode)
def test_lazy_networks_are_run_and_trained(mode):
    module = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(5))
    workload = Workload(make.case("it", image_size=6, mode=mode), module, seed=0)
    with workload.running():
        workload.iterate()
    assert workload.weights_bytes == 4 * (4 * 27 + 4 + 64 * 5 + 5)


class Outputs(NamedTuple):
    logits: torch.Tensor
    auxiliary: torch.Tensor


class Heads(nn.Module):
    """Returns its heads in whatever they are to be held by."""

    def __init__(self, held) -> None:
        super().__init__()
        self.held = held
        self.body = nn.Conv2d(3, 4, 1)
        self.first, self.second = nn.Linear(4, 5), nn.Conv2d(4, 6, 1)

    def forward(self, images):
        features = self.body(images)
        return self.held(self.first(features.mean((2, 3))), self.second(features))


@dataclasses.dataclass
class Record:
    logits: torch.Tensor
    rest: dict[str, torch.Tensor]


class Answer(collections.OrderedDict):
    """As libraries of transformers return it, and torch's trees do not open it."""


HELD = {
    "a data class": lambda a, b: Record(a, {"maps": b}),
    "a dict of one's own": lambda a, b: Answer(logits=a, maps=b),
    "a dict": lambda a, b: {"logits": a, "maps": b, "step": 3},
    "an ordered dict": lambda a, b: collections.OrderedDict(logits=a, maps=b),
    "a tuple": lambda a, b: (a, b),
    "a named tuple": Outputs,
    "nested lists": lambda a, b: [[a], {"b": (b,)}],
}


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("mode", Mode)
def test_what_can_be_profiled_can_be_run_whatever_holds_its_outputs(held, mode):
    module = Heads(HELD[held])
    assert profile_module(module, name="it", image_size=4, mode=mode).predicted_memory.peak_bytes > 0
    workload = Workload(make.case("it", image_size=4, mode=mode), module, seed=0)
    with workload.running():
        workload.iterate()
    if mode is Mode.TRAINING:
        assert workload.step is not None
        loss = workload.step.forward()
        workload.step.backward(loss)
        assert all(it.grad is not None for it in module.parameters())  # both heads are in the loss


def test_the_loss_is_cross_entropy_of_classes_and_the_mean_of_the_rest():
    logits = torch.zeros(4, 5, requires_grad=True)
    maps = torch.zeros(4, 6, 2, 2, requires_grad=True)
    score = torch.full((4,), 2.0, requires_grad=True)
    from resnet_bench.models.loss import TrainingLoss

    loss = TrainingLoss()({"logits": logits, "maps": maps, "score": score, "ids": torch.zeros(4, dtype=torch.long)})
    expected = torch.log(torch.tensor(5.0)) + torch.log(torch.tensor(6.0)) + 2.0
    assert torch.isclose(loss, expected)


@pytest.mark.parametrize("module", [nn.Conv2d(3, 4, 1).requires_grad_(requires_grad=False), nn.Identity()])
def test_what_cannot_be_trained_is_unsupported_in_profile_and_run_alike(module):
    said = "nothing in 'it' is trainable"
    with pytest.raises(UnsupportedError, match=said):
        profile_module(module, name="it", image_size=4, mode=Mode.TRAINING)
    with pytest.raises(UnsupportedError, match=said):
        Workload(make.case("it", image_size=4, mode=Mode.TRAINING), module, seed=0)


class Yields(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, images):
        yield self.conv(images)


def test_a_network_that_has_run_nothing_is_neither_counted_nor_measured():
    said = "the model returns a generator, of which nothing has run; let it return a list of its items"
    with pytest.raises(ModelError, match=said):
        profile_module(Yields(), name="it", image_size=4)
    workload = Workload(make.case("it", image_size=4), Yields(), seed=0)
    with workload.running(), pytest.raises(UnsupportedError, match=said):
        refuse_another_computation(workload.iterate(), workload.case)


@pytest.mark.parametrize("optimizer", Optimizer)
def test_a_training_step_updates_with_the_optimizer_asked_for(optimizer):
    workload = Workload(
        make.case("it", image_size=4, mode=Mode.TRAINING, optimizer=optimizer), nn.Conv2d(3, 4, 1), seed=0
    )
    with workload.running():
        workload.iterate()
    made = workload.prepared.optimizer
    expected = {"sgd": "SGD", "momentum": "SGD", "adam": "Adam", "adamw": "AdamW"}[optimizer]
    assert type(made).__name__ == expected
    numbers = sum(
        it.numel() for state in made.state.values() for it in state.values() if torch.is_tensor(it) and it.ndim
    )
    parameters = 3 * 4 + 4
    assert numbers == {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}[optimizer] * parameters


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.often, self.seldom = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 4, 1)

    def forward(self, images):
        return self.often(images) if bool(images.abs().sum() > 0) else self.seldom(images)


class Scaled(nn.Module):
    """Reads the value of its own parameter, not of the data."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, images):
        return self.conv(images) * self.temperature.item()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (Branching(), "its control flow depends on the data; profile --by-running"),
        (Scaled(), "it reads the value of a parameter or buffer"),
    ],
)
def test_what_reads_values_says_which_and_is_counted_by_running(module, says):
    with pytest.raises(ModelError, match=says):
        profile_module(module, name="it", image_size=5)
    found = profile_module(module, name="it", image_size=5, by_running=True)
    assert found.macs == 25 * 8 * 3
    assert found.predicted_memory is None
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


class Does(nn.Module):
    """Does with its features what a tensor without data cannot."""

    def __init__(self, does) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.does = does

    def forward(self, images):
        return self.does(self.conv(images))


NEEDS_NUMBERS = {
    "numpy": lambda it: torch.from_numpy(it.mean((2, 3)).numpy()),
    "an array": lambda it: torch.as_tensor(np.asarray(it.mean((2, 3)))),
    "a list": lambda it: torch.tensor(it.mean((2, 3)).tolist()),
    "the CPU": lambda it: it.mean((2, 3)).cpu() * 2,
    "a constant of the CPU": lambda it: it + torch.zeros(8, 1, 1),
    "rows that are picked": lambda it: it[it > 0],
    "values without copies": lambda it: it[0, torch.unique((it[0, :, 0, 0] > 0).long())],
    "a range": lambda it: it[:, : int(it.abs().sum().item() > 0)],
}


@pytest.mark.parametrize("kind", NEEDS_NUMBERS)
def test_what_needs_numbers_or_a_device_is_told_to_be_run(kind):
    module = Does(NEEDS_NUMBERS[kind])
    with pytest.raises(ModelError, match=r"^'it' cannot be traced without running it: .*--by-running"):
        profile_module(module, name="it", image_size=5)
    found = profile_module(module, name="it", image_size=5, by_running=True)
    assert found.macs >= 25 * 8 * 3


def test_what_fails_whatever_it_is_given_is_not_told_to_be_run():
    for by_running in (False, True):
        with pytest.raises(ModelError) as caught:
            profile_module(nn.Conv2d(12, 8, 1), name="it", image_size=5, by_running=by_running)
        assert "--by-running" not in str(caught.value)


def sparse():
    """A network that multiplies by a sparse matrix, and whose way depends on the data."""

    class Graph(Branching):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("adjacency", torch.eye(8).to_sparse())

        def forward(self, images):
            return torch.sparse.mm(self.adjacency, super().forward(images).mean((2, 3)).t())

    return Graph()


def lazy():
    return nn.Sequential(nn.LazyConv2d(8, 1, bias=False), nn.LazyBatchNorm2d(), nn.ReLU()).half()


@pytest.mark.parametrize("by_running", [False, True])
@pytest.mark.parametrize("mode", Mode)
def test_other_tools_count_lazy_networks(mode, by_running):
    asked = dict(mode=mode, image_size=5, batch_size=2, by_running=by_running, counters=("fvcore", "torch"))
    found = static_profile(f"{HERE}:lazy", **asked)
    assert found.macs == 2 * 25 * 8 * 3
    assert found.unexplained_flops == 0
    assert found.fvcore_count == found.macs + 2 * 2 * 25 * 8  # and two for each number of a batch norm


def test_other_tools_count_by_running_too():
    found = static_profile(f"{HERE}:sparse", image_size=5, by_running=True, counters=("torch",))
    assert found.macs == 25 * 8 * 3 + 8
    assert found.unexplained_flops == 0


@pytest.mark.parametrize("build", [Fused, Video, Lists])
def test_running_counts_what_tracing_counts(build):
    text = next(text for made, text, _ in CASES.values() if made is build)
    asked = dict(name="it", inputs=inputs.parse(text), batch_size=2)
    traced, run = profile_module(build(), **asked), profile_module(build(), **asked, by_running=True)
    assert run.layers == traced.layers
    assert run.training_flops == traced.training_flops
