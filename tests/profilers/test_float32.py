"""float32 never silently means TF32 or bf16, whatever a model's code does to torch's switches, by either interface."""

import pytest
import torch
from torch import nn

from resnet_bench.child.prepare import load
from resnet_bench.errors import UnsupportedError
from resnet_bench.models.registry import Created
from resnet_bench.profilers.devices import float32, instruments
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Precision
from resnet_bench.specs.arithmetic import ARITHMETICS
from tests import make

HAS_OPERATORS = hasattr(torch.backends, "fp32_precision")


@pytest.fixture(autouse=True)
def _as_it_was():
    """Leave torch's switches as other tests expect them."""
    benchmark = torch.backends.cudnn.benchmark
    yield
    if HAS_OPERATORS:
        torch.backends.fp32_precision = "none"
    float32.set_rounding(tensor_float=False)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = benchmark, False


def by_the_old_interface():
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True


def by_the_matmul_precision():
    torch.set_float32_matmul_precision("medium")


def by_the_new_products():
    torch.backends.cuda.matmul.fp32_precision = "tf32"


def by_the_new_convolutions():
    torch.backends.cudnn.conv.fp32_precision = "tf32"


def by_all_of_cudnn():
    torch.backends.cudnn.fp32_precision = "tf32"


def by_everything():
    torch.backends.fp32_precision = "tf32"


def on_the_host():
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    torch.backends.mkldnn.conv.fp32_precision = "bf16"


OLD = (by_the_old_interface, by_the_matmul_precision)
ABOVE = (by_all_of_cudnn, by_everything)
NEW = (by_the_new_products, by_the_new_convolutions, by_all_of_cudnn, by_everything, on_the_host)
WAYS = (*OLD, *(NEW if HAS_OPERATORS else ()))


class Sets(nn.Module):
    """A model whose code moves torch's switches when it is built, or each time it runs."""

    def __init__(self, way, *, always=False):
        super().__init__()
        self.linear = nn.Linear(3, 10)
        self.way = way if always else lambda: None
        way()

    def forward(self, images):
        self.way()
        return self.linear(images.mean((2, 3)))


def says_whether_tf32_is_allowed():
    """Both interfaces must answer, and alike: torch's own compiler asks the one or the other."""
    allowed = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    assert allowed == (float32.tensor_float_products(), float32.tensor_float_convolutions())
    return allowed


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tensor_float", [False, True])
def test_the_case_decides_whatever_was_set_before_and_both_interfaces_answer(way, tensor_float):
    way()
    float32.set_rounding(tensor_float=tensor_float)
    assert says_whether_tf32_is_allowed() == (tensor_float, tensor_float)
    assert float32.altered(tensor_float=tensor_float) == ()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_moved_afterwards_is_named(way):
    float32.set_rounding(tensor_float=False)
    way()
    if way in ABOVE:  # operators that were set do not take what stands above them
        assert float32.altered(tensor_float=False) == ()
    else:
        assert float32.altered(tensor_float=False)[0].startswith("torch.backends.")


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_moves_them_as_it_is_built_is_measured_as_asked(monkeypatch, way):
    monkeypatch.setattr("resnet_bench.profilers.workload.create_with_weights", lambda *_, **__: Created(Sets(way), ""))
    Workload(make.case(batch_size=1, image_size=8), "foreign:model", seed=0)
    assert float32.altered(tensor_float=False) == ()
    assert says_whether_tf32_is_allowed() == (False, False)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ABOVE])
def test_a_model_that_moves_them_as_it_runs_is_refused(way):
    loaded = load(make.case(batch_size=1, image_size=8), Sets(way, always=True), seed=0)
    with loaded.workload.running(), pytest.raises(UnsupportedError, match=r"fp32 was not computed.*torch\.backends\."):
        loaded.warm_up(make.BRIEF)


def test_a_case_that_computes_no_float32_does_not_mind():
    model = Sets(by_the_old_interface, always=True)
    loaded = load(make.case(batch_size=1, image_size=8, precision=Precision.BF16), model, seed=0)
    with loaded.workload.running():
        loaded.warm_up(make.BRIEF)


def test_a_model_that_turns_autotuning_off_as_it_is_imported_is_measured_with_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    measures = instruments("cuda")
    measures.set_arithmetic(ARITHMETICS[Precision.FP32], torch.device("cuda"))
    switches = measures.switches()
    assert (switches.cudnn_benchmark, switches.cudnn_deterministic) == (True, True)
