"""int8 by what torch ships: products that ran in int8, logits near float32's, and what cannot be said in words."""

import sys

import msgspec
import pytest
import torch

from resnet_bench import specs
from resnet_bench.child.agreement import agreement
from resnet_bench.child.launch_warnings import of_int8
from resnet_bench.child.layers import dissect
from resnet_bench.errors import UnsupportedError
from resnet_bench.executors import quantised, table
from resnet_bench.machine import processor
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import INT8_TYPES, Executor, MemoryFormat, Mode, Precision, RanOperators, RuntimeRan
from resnet_bench.wire.messages import LayersRequest
from tests import make
from tests.make.trained import TINY, save_trained, trained_case

needs_engine = pytest.mark.skipif(
    quantised.ENGINE not in torch.backends.quantized.supported_engines, reason="torch has no int8 for this processor"
)


def int8_case(**axes):
    return trained_case(executor=Executor.FOLDED, precision=Precision.INT8, **axes)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save_trained(tmp_path_factory.mktemp("weights") / "tiny.pth")


@needs_engine
@pytest.mark.slow
class TestFolded:
    @pytest.mark.parametrize("memory_format", MemoryFormat)
    def test_runs_its_products_in_int8_and_is_near(self, weights, memory_format):
        of = int8_case(weights=weights, memory_format=memory_format)
        work = Workload(of, TINY, seed=make.BRIEF.seed)
        near, said = agreement(work, TINY, seed=make.BRIEF.seed)
        assert said == ()
        assert near.sqnr_db > 15  # seven bits of activations where the processor has no VNNI, 21 dB with eight
        assert near.top1_agreement > 0.75
        executed = work.executed()
        assert msgspec.json.decode(msgspec.json.encode(executed), type=type(executed)) == executed
        ran = executed.runtime
        assert (ran.name, ran.providers, executed.parameter_dtype) == ("torch.ao", ("x86",), "int8")
        assert ran.macs_share(INT8_TYPES) > 0.95
        totals = specs.totals(TINY, image_size=32)
        assert sum(it.macs for it in ran.operators) == totals.macs * of.batch_size
        assert totals.parameters < work.weights_bytes < 2 * totals.parameters
        assert work.prepared.alive_bytes() > work.weights_bytes

    def test_is_timed_by_layer_as_others_are(self, weights):
        asked = LayersRequest(case=int8_case(weights=weights), model=TINY, protocol=make.BRIEF, budget_s=0)
        found = dissect(asked).layers
        assert "layer2.0.conv1" in {it.name for it in found.layers}

    def test_what_cannot_be_traced_is_refused(self):
        class Branching(torch.nn.Module):
            def forward(self, images):
                return images.mean((2, 3)) if images.sum() > 0 else images.amax((2, 3))

        with pytest.raises(UnsupportedError, match=r"torch\.ao cannot quantise 'tiny': TraceError"):
            Workload(int8_case(), Branching(), seed=0)

    def test_a_torch_that_quantises_no_longer_says_what_to_ask_for_instead(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch.ao.quantization.quantize_fx", None)
        with pytest.raises(
            UnsupportedError, match=r"brings no quantisation any more: ask for --executor openvino, onnx"
        ):
            Workload(int8_case(), TINY, seed=0)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        (dict(device="cuda:0"), "folded in int8 is measured on the CPU only, not on cuda:0"),
        (dict(mode=Mode.TRAINING), "for inference"),
        pytest.param(dict(input="3x32x32+10:int64"), "one tensor of fractions", marks=needs_engine),
    ],
)
def test_what_int8_cannot_be_is_said_before_anything_is_built(axes, words):
    with pytest.raises(UnsupportedError, match=words):
        table.load(Executor.FOLDED).supports(int8_case(**axes))


def test_a_processor_without_the_engine_is_told_which_there_are(monkeypatch):
    monkeypatch.setattr(quantised, "ENGINE", "abacus")
    with pytest.raises(UnsupportedError, match=r"torch has no engine 'abacus' for int8 here \(it has .*\): ask for"):
        table.load(Executor.FOLDED).supports(int8_case())


@pytest.mark.parametrize(
    ("narrow_macs", "flags", "words"),
    [
        (95, ("avx512_vnni",), []),
        (94, ("avx512_vnni",), ["only 94.0 % of the MACs ran in int8"]),
        (100, (), ["no instructions for products of int8"]),
        (100, None, []),
        (0, (), ["only 0.0 % of the MACs", "no instructions"]),
    ],
)
def test_an_int8_case_says_how_much_of_it_is_int8_and_whether_that_is_quick_here(
    monkeypatch, narrow_macs, flags, words
):
    monkeypatch.setattr(processor, "flags", lambda: flags)
    wide = RanOperators(operator="Conv", provider="x86", dtype="float32", count=1, macs=100 - narrow_macs)
    operators = (wide, make.change(wide, dtype="uint8", macs=narrow_macs))
    ran = RuntimeRan(name="r", version="1", providers=("x86",), operators=operators)
    said = of_int8(int8_case(), make.change(make.EXECUTED, runtime=ran))
    assert len(said) == len(words)
    assert all(word in text for word, text in zip(words, said, strict=True))
    assert of_int8(trained_case(), make.change(make.EXECUTED, runtime=ran)) == ()
