"""What is timed by `profile --measured`, before anything runs."""

import pytest
from torch import nn

from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import IncompleteError, ModelError, OtherPrecisionError
from resnet_bench.records import Precision, SkipReason
from resnet_bench.runner import choices, dissection
from resnet_bench.wire.answers import Known
from resnet_bench.wire.messages import LookUpRequest
from tests import make
from tests.runner.instant import Answers

HERE = "tests.runner.test_dissection"


def half() -> nn.Module:
    return nn.Conv2d(3, 4, 1).half()


def timed(model, **asked):
    """The case whose layers would be timed, of a model that a child would find in half precision."""
    cases = []

    def answer(request):
        if isinstance(request, LookUpRequest):
            return Known(inputs=("3x8x8",) * len(request.models), precisions=(Precision.FP16,) * len(request.models))
        cases.append(request.case)
        return make.skip(request.case, SkipReason.CRASHED, detail="it is not run here")

    values = {name: BY_NAME[name].from_text(text, name) for name, text in {"device": "cpu", **asked}.items()}
    with pytest.raises(IncompleteError, match="it is not run here"):
        dissection.dissect((choices.named(model),), values, launcher=Answers(answer))
    (case,) = cases
    return case


@pytest.mark.parametrize(
    "asked", [{}, {"input": "3x5x7"}, {"image_size": "6"}, {"precision": "fp16", "input": "3x5x7"}]
)
def test_a_model_is_timed_in_the_precision_that_it_is_built_in_whatever_its_input(asked):
    assert timed(f"{HERE}:half", **asked).precision == "fp16"


def test_another_precision_is_a_mistake_before_anything_runs():
    with pytest.raises(OtherPrecisionError, match="is built in float16: ask for --precision fp16"):
        timed(f"{HERE}:half", precision="fp32", input="3x5x7")


def test_so_is_an_image_that_leaves_a_norm_one_value():
    with pytest.raises(ModelError, match="one value per channel"):
        timed("resnet18", mode="training", image_size="32")
