import pytest

from resnet_bench.api.options import texts_of
from resnet_bench.config.axes import AXES
from resnet_bench.errors import UsageError
from resnet_bench.records import Precision, inputs


def test_values_become_what_flags_would_have_in_either_spelling():
    given = {"batch_sizes": [1, 8], "precisions": [Precision.BF16, "fp32"], "mode": "both", "include_transfer": True}
    assert texts_of(given) == {
        "batch_sizes": "1,8",
        "precision": "bf16,fp32",
        "mode": "both",
        "include_transfer": "yes",
    }
    assert texts_of({"batch_size": 4, "threads": "all", "seed": None}) == {"batch_sizes": "4", "threads": "all"}


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis.swept], ids=lambda axis: axis.name)
def test_a_list_is_read_as_the_values_that_were_in_it(axis):
    texts = [str(it.value) for it in axis.reader.members] or _TEXTS[axis.name]
    said = texts_of({axis.plural: texts})
    read = axis.several_from_text(*said.values(), axis.flag)
    assert read == tuple(axis.from_text(text, axis.flag) for text in texts)


_TEXTS = {
    "model": ["resnet18", "a:b"],
    "arguments": ["in_chans=4 drop=0.5", 'name="a,b"'],
    "weights": ["a.pth", "b"],
    "batch_size": ["1", "8"],
    "image_size": ["64", "96"],
    "threads": ["1", "2"],
    "input": ["3x8x8", "1x28x28+10"],
}


def test_arguments_are_a_mapping_or_several():
    one, other = {"in_chans": 4, "act_layer": "gelu"}, {"in_chans": 3}
    assert texts_of({"arguments": one}) == {"arguments": 'act_layer="gelu" in_chans=4'}
    assert texts_of({"arguments": [one, "in_chans=1", other]}) == {
        "arguments": 'act_layer="gelu" in_chans=4;in_chans=1;in_chans=3'
    }
    with pytest.raises(UsageError, match="arguments: x: "):
        texts_of({"arguments": {"x": object()}})
    with pytest.raises(UsageError, match=r"^batch_sizes: .*not a mapping"):
        texts_of({"batch_sizes": {1: 8}})


def test_an_input_is_its_shape_as_profile_takes_it():
    assert texts_of({"input": (3, 224, 320)}) == {"input": "3x224x320"}
    assert texts_of({"inputs": [(3, 8, 8), "1x28x28"]}) == {"input": "3x8x8,1x28x28"}
    assert texts_of({"input": inputs.parse("3x8x8+10:int64")}) == {"input": "3x8x8+10:int64"}


def test_a_wrong_name_is_told_the_nearest():
    with pytest.raises(UsageError, match=r"'batch_sices' is no option of a run\. Did you mean 'batch_sizes'"):
        texts_of({"batch_sices": 1})


def test_one_option_is_given_once():
    with pytest.raises(UsageError, match="another spelling"):
        texts_of({"batch_size": 1, "batch_sizes": 2})
