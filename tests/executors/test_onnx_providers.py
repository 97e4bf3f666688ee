"""ONNX Runtime's providers on a card, by a made-up runtime: what they are told, and no silent fallback."""

import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import onnx_providers, onnx_runtime, table
from resnet_bench.executors.deployed import refuse_fallback
from resnet_bench.records import Executor, Precision, RanOperators, RuntimeRan
from tests import make

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


class Options(SimpleNamespace):
    def __init__(self):
        super().__init__(entries={})

    def add_session_config_entry(self, name, value):
        self.entries[name] = value


class Binding:
    def __init__(self):
        self.inputs, self.outputs = {}, {}

    def bind_ortvalue_input(self, name, value):
        self.inputs[name] = value

    def bind_output(self, name, kind, index):
        self.outputs[name] = (kind, index)

    def get_outputs(self):
        return list(self.outputs)


class Runtime:
    """The module: `here` are its providers, `takes` what a session says it took, `fails` what making one raises."""

    ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL="sequential")
    GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL="all")
    SessionOptions = Options
    __version__ = "1.0"

    def __init__(self, here=(TENSORRT, CUDA, CPU), takes=None, fails=None):
        self.here, self.takes, self.fails = here, takes, fails
        self.made, self.runs = [], []
        self.OrtValue = SimpleNamespace(ortvalue_from_numpy=lambda array, kind, index: (array, kind, index))

    def get_available_providers(self):
        return list(self.here)

    def InferenceSession(self, model, options, *, providers):  # noqa: N802 - its own name
        if self.fails:
            raise self.fails
        asked = [it if isinstance(it, str) else it[0] for it in providers]
        self.made.append((model, options, providers))
        shape = [2, 3, 32, 32]
        return SimpleNamespace(
            get_providers=lambda: [*(self.takes or asked), CPU],
            get_inputs=lambda: [SimpleNamespace(shape=shape)],
            get_outputs=lambda: [SimpleNamespace(name="logits")],
            io_binding=Binding,
            run_with_iobinding=self.runs.append,
        )


@pytest.fixture
def runtime(monkeypatch):
    def install(**facts):
        made = Runtime(**facts)
        monkeypatch.setitem(sys.modules, "onnxruntime", made)
        return made

    monkeypatch.setattr(table, "find_spec", lambda _: object())
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    return install


def case(executor=Executor.ONNXRUNTIME, **axes):
    return make.case("tiny", **dict(executor=executor, batch_size=2, image_size=32, device="cuda:1") | axes)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (case(), rf"no {CUDA} here \(it has {CPU}\): onnxruntime-gpu would bring it"),
        (case(Executor.TENSORRT), rf"no {TENSORRT} here \(it has {CPU}\): onnxruntime-gpu and TensorRT would bring it"),
        (case(Executor.TENSORRT, device="cpu"), "tensorrt is measured on CUDA only, not on cpu"),
        (case(precision=Precision.INT8), "onnxruntime has no int8 here: ask for fp32 and tf32"),
    ],
)
def test_a_provider_that_is_not_there_is_refused_with_what_brings_it(runtime, asked, words):
    runtime(here=(CPU,))
    with pytest.raises(UnsupportedError, match=words):
        table.load(asked.executor).supports(asked)


@pytest.mark.parametrize("executor", [Executor.ONNXRUNTIME, Executor.TENSORRT])
def test_where_it_is_there_its_cases_are_supported(runtime, executor):
    runtime()
    table.load(executor).supports(case(executor))


@pytest.mark.parametrize(
    ("asked", "name", "options", "variable"),
    [
        (case(), CUDA, {"device_id": "1", "use_tf32": "0"}, "0"),
        (case(precision=Precision.TF32), CUDA, {"device_id": "1", "use_tf32": "1"}, None),
        (case(Executor.TENSORRT), TENSORRT, {"trt_fp16_enable": "0", "trt_int8_enable": "0"}, "0"),
        (case(Executor.TENSORRT, precision=Precision.AMP_FP16), TENSORRT, {"trt_fp16_enable": "1"}, "0"),
        (case(Executor.TENSORRT, precision=Precision.INT8), TENSORRT, {"trt_int8_enable": "1"}, "0"),
        (case(Executor.TENSORRT, precision=Precision.TF32), TENSORRT, {"trt_fp16_enable": "0"}, None),
    ],
)
def test_nothing_that_matters_is_left_to_a_provider(runtime, asked, name, options, variable):
    made = runtime()
    onnx_providers.session(asked, "model", Options())
    ((_, given, ((asked_for, told),)),) = made.made
    assert asked_for == name
    assert options.items() <= told.items()
    assert given.entries == {"session.disable_cpu_ep_fallback": "1"}
    assert os.environ.get("NVIDIA_TF32_OVERRIDE") == variable


def test_a_session_that_took_another_provider_is_no_figure(runtime):
    runtime(takes=[CPU])
    with pytest.raises(UnsupportedError, match=f"fell back to {CPU}: {CUDA} was asked for"):
        onnx_providers.session(case(), "model", Options())


@pytest.mark.parametrize(
    ("axes", "provider", "words"),
    [
        ({}, CUDA, "nodes were placed on the CPU"),
        ({"device": "cpu", "threads": 1}, CPU, "opset 99 is under development"),
    ],
)
def test_a_graph_that_cannot_be_run_as_a_whole_is_refused_in_the_runtimes_words(runtime, axes, provider, words):
    runtime(fails=RuntimeError(words))
    said = f"onnxruntime 1.0 cannot run the exported graph by {provider}: RuntimeError: {words}"
    with pytest.raises(UnsupportedError, match=said):
        onnx_providers.session(case(**axes), "model", Options())


def test_one_operator_by_another_provider_is_a_fallback():
    conv = RanOperators(operator="Conv", provider=CUDA, dtype="float32", count=20, macs=10)
    ran = RuntimeRan(name="onnxruntime", version="1", providers=(CUDA, CPU), operators=(conv,))
    refuse_fallback(case(), ran)
    fallen = make.change(ran, operators=(conv, make.change(conv, operator="Gather", provider=CPU, count=2, macs=0)))
    with pytest.raises(UnsupportedError, match=f"fell back from {CUDA}: it ran 2 Gather by {CPU}"):
        refuse_fallback(case(), fallen)


def test_the_input_lies_on_the_device_and_the_output_stays_there(runtime, tmp_path):
    made = runtime()
    (tmp_path / "model.onnx").write_bytes(b"graph")
    prepared = onnx_runtime.EXECUTOR.opened(case(), tmp_path, seed=3)
    for _ in range(2):
        assert prepared.iterate() == "logits"
    first, again = made.runs
    assert first is again
    ((images, kind, index),) = first.inputs.values()
    assert (images.shape, images.dtype, kind, index) == ((2, 3, 32, 32), np.float32, "cuda", 1)
    assert first.outputs == {"logits": ("cuda", 1)}
