"""What executors make of a case: the same input for all, what may be marked, and a runtime that needs no torch."""

import contextlib
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch._dynamo.config
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_bench.child.agreement import agreement
from resnet_bench.child.layers import dissect
from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import table
from resnet_bench.executors import table as executors
from resnet_bench.executors.batch_norm import set_statistics
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.protocol import Task
from resnet_bench.models import create_model
from resnet_bench.models.inputs import Inputs
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Executor, MemoryFormat, Mode, Precision
from resnet_bench.specs.arithmetic import ARITHMETICS, Arithmetic
from resnet_bench.wire.messages import LayersRequest
from tests import make, needs


def case(**axes):
    return make.case("tiny", **dict(batch_size=2, image_size=8) | axes)


def images_of(asked, *, seed):
    (images,) = random_inputs(input_of(asked), asked.batch_size, seed=seed)
    return images


class Seen(torch.nn.Module):
    """Keeps what it is given."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3)
        self.linear = torch.nn.Linear(192, 5)

    def forward(self, images):
        self.images = images
        return self.linear(torch.flatten(self.norm(images), 1))


@pytest.mark.parametrize("memory_format", MemoryFormat)
@pytest.mark.parametrize("mode", Mode)
def test_the_network_gets_the_input_that_any_executor_gets(memory_format, mode):
    asked = case(memory_format=memory_format, mode=mode)
    workload = Workload(asked, Seen(), seed=7)
    network, forward = workload.prepared.plain()
    forward()
    assert np.array_equal(network.images.numpy(), images_of(asked, seed=7))
    wanted = torch.channels_last if memory_format is MemoryFormat.CHANNELS_LAST else torch.contiguous_format
    assert network.images.is_contiguous(memory_format=wanted)


def test_the_input_needs_no_torch_and_depends_on_the_seed():
    assert not np.array_equal(images_of(case(), seed=0), images_of(case(), seed=1))
    code = "import sys; from resnet_bench.executors import inputs, protocol, table; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("norm", ["batch", "frozen", "sync", "group"])
def test_a_deep_network_with_random_weights_computes_numbers_that_half_precision_holds(norm):
    network = create_model("cifar_resnet110", arguments={"norm": norm, "stem": "cifar64"})
    set_statistics(network, Inputs((torch.randn(2, 3, 32, 32),), {}))
    with torch.inference_mode():
        largest = network.eval()(torch.randn(4, 3, 32, 32)).abs().max()
    assert largest < 1e3


def test_no_module_is_taken_for_a_batch_norm_by_the_names_of_its_buffers():
    class Other(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("running_mean", torch.zeros(5))
            self.register_buffer("running_var", torch.ones(5))

        def forward(self, images):
            return images * 2

    other = Other()
    set_statistics(other, Inputs((torch.randn(2, 3, 8, 8),), {}))
    assert other.running_var.tolist() == [1.0] * 5


def test_eager_runs_the_networks_own_modules_and_compiles_nothing():
    prepared = Workload(case(), Seen(), seed=0).prepared
    assert isinstance(prepared.modules, Seen)
    assert prepared.compiled() is None


@pytest.mark.slow
def test_a_compiler_leaves_no_module_to_mark_and_tells_of_its_graphs():
    plain = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    workload = Workload(case(executor=Executor.COMPILE), plain, seed=0)
    with workload.running():
        computed = workload.iterate()
    network, forward = workload.prepared.plain()
    torch.testing.assert_close(computed, forward())
    assert workload.prepared.modules is None
    assert network is plain
    assert workload.prepared.compiled().graphs == 1


def test_weights_that_torchs_modules_cannot_hold_are_refused(monkeypatch):
    row = Arithmetic("int8", "int8", 1, 1, 4, Precision.FP16)
    monkeypatch.setitem(ARITHMETICS, Precision.FP16, row)
    with pytest.raises(UnsupportedError, match="eager has no fp16: torch's modules hold floating-point weights"):
        Workload(case(precision=Precision.FP16), Seen(), seed=0)


def test_weights_of_one_byte_are_refused_though_their_ceiling_is_measured():
    said = "eager has no fp8: torch's modules hold floating-point weights of 2 bytes or more"
    with pytest.raises(UnsupportedError, match=said):
        Workload(case(precision=Precision.FP8), Seen(), seed=0)


def test_an_executor_without_int8_names_those_that_have_it():
    said = "compile has no int8: .* ask for --executor folded, openvino, onnxruntime, or tensorrt"
    with pytest.raises(UnsupportedError, match=said):
        Workload(case(precision=Precision.INT8, executor=Executor.COMPILE), Seen(), seed=0)


class Foreign:
    """A runtime that measures something of its own and never builds the network."""

    def supports(self, asked):
        assert asked.executor is Executor.EAGER

    def name_kernels(self):
        pass

    def prepare(self, task: Task):
        images = images_of(task.case, seed=task.seed)
        return SimpleNamespace(
            iterate=images.sum,
            step=None,
            weights_bytes=11,
            modules=None,
            running=contextlib.nullcontext,
            alive_bytes=lambda: None,
            plain=lambda: None,
            compiled=lambda: None,
            executed=lambda: make.EXECUTED,
            skipped_steps=lambda: None,
            graph_peak_bytes=None,
        )


@pytest.fixture
def foreign(monkeypatch):
    row = table.EXECUTORS[Executor.EAGER]._replace(needs_torch=False, launches_operators=False)
    monkeypatch.setitem(table.EXECUTORS, Executor.EAGER, row)
    monkeypatch.setattr(table, "load", lambda _: Foreign())
    return Workload(case(), "a model that is never built", seed=0)


def test_a_runtime_without_torch_never_builds_the_network_and_says_itself_what_ran(foreign):
    with foreign.running():
        assert foreign.iterate() == images_of(case(), seed=0).sum()
    assert foreign.weights_bytes == 11
    assert foreign.executed() is make.EXECUTED


def test_what_runs_no_module_and_has_none_cannot_be_timed_by_layer(foreign):
    request = LayersRequest(
        case=foreign.case, index=0, model="tests.runner.faulty:tiny", protocol=make.BRIEF, budget_s=0
    )
    with pytest.raises(UnsupportedError, match="eager runs nothing that could be timed by layer"):
        dissect(request)


def test_a_compiler_that_is_switched_off_is_refused():
    switched_off = torch._dynamo.config.patch(disable=True)  # undone by pytest, the setting would be gone for good
    with switched_off, pytest.raises(UnsupportedError, match=r"compile compiles nothing.*TORCH_COMPILE_DISABLE"):
        executors.load(Executor.COMPILE).supports(make.case(executor=Executor.COMPILE))


class CastsInGraphs(TorchDispatchMode):
    """Counts casts to half precision while a made-up graph is captured."""

    def __init__(self):
        super().__init__()
        self.capturing = False
        self.casts = 0

    def __torch_dispatch__(self, func, _types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        cast = "to" in func.name() and args[0].dtype is torch.float32 and output.dtype is torch.bfloat16
        self.casts += self.capturing and cast
        return output

    @contextlib.contextmanager
    def graph(self, _graph):
        self.capturing = True
        yield
        self.capturing = False


@pytest.mark.parametrize("mode", ["inference_mode", "no_grad"])
def test_a_captured_graph_casts_its_weights_itself(monkeypatch, mode):
    """Autocast keeps casts, in inference mode too before torch 2.10 or so (as under no_grad now), until it is left."""
    casts = CastsInGraphs()
    stream = SimpleNamespace(wait_stream=lambda _: None)
    monkeypatch.setattr(torch, "inference_mode", getattr(torch, mode))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=lambda: None))
    monkeypatch.setattr(torch.cuda, "Stream", lambda _: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "graph", casts.graph)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.Conv2d(4, 4, 3, bias=False))
    asked = case(precision=Precision.AMP_BF16, executor=Executor.CUDA_GRAPH)
    with casts:
        executors.load(Executor.CUDA_GRAPH).prepare(Task(asked, lambda: network, seed=0, device="cpu"))
    assert casts.casts == 3  # both weights, and the images


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"device": "cpu"}, "needs a CUDA device"),
        ({"device": "cuda:0", "mode": Mode.TRAINING}, "captures inference only"),
    ],
)
def test_what_a_cuda_graph_cannot_do_is_said(axes, words):
    with pytest.raises(UnsupportedError, match=words):
        executors.load(Executor.CUDA_GRAPH).supports(make.case(executor=Executor.CUDA_GRAPH, **axes))


def test_folded_batch_norms_compute_the_network_and_hold_fewer_weights():
    asked = case(executor=Executor.FOLDED, image_size=32, memory_format=MemoryFormat.CHANNELS_LAST)
    folded, plain = (Workload(it, "cifar_resnet20", seed=3) for it in (asked, asked.plain))
    near, said = agreement(folded, "cifar_resnet20", seed=3, images=4)
    assert said == ()
    assert near.sqnr_db is None or near.sqnr_db > 80
    norms = [it for it in folded.prepared.modules.modules() if isinstance(it, torch.nn.BatchNorm2d)]
    assert norms == []
    assert folded.weights_bytes < plain.weights_bytes
    with pytest.raises(UnsupportedError, match="for inference"):
        Workload(case(executor=Executor.FOLDED, mode=Mode.TRAINING), "cifar_resnet20", seed=3)


def test_a_network_that_cannot_be_traced_is_not_folded():
    class Branching(torch.nn.Module):
        def forward(self, images):
            return images.mean((2, 3)) if images.sum() > 0 else images.amax((2, 3))

    with pytest.raises(UnsupportedError, match=r"torch\.fx cannot trace .*TraceError"):
        Workload(case(executor=Executor.FOLDED), Branching(), seed=0)


@pytest.mark.slow
@needs.compiler
def test_frozen_weights_are_compiled_into_the_network():
    counters.clear()  # a launch has a process of its own, tests share one
    asked = case(executor=Executor.COMPILE_FREEZING, image_size=32)
    work = Workload(asked, "cifar_resnet20", seed=3)
    with work.running():
        work.iterate()
    near, _ = agreement(work, "cifar_resnet20", seed=3, images=4)
    assert near.sqnr_db is None or near.sqnr_db > 60
    assert work.prepared.compiled().graphs == 1
