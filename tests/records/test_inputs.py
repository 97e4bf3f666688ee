"""One spelling for what goes into a model, and for what it is built with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.records import arguments, inputs
from resnet_bench.records.inputs import InputTensor, InputType, ModelInput
from resnet_bench.records.weights import WeightsChoice
from resnet_bench.records.weights import parse as parse_weights

SHAPES = st.lists(st.integers(1, 4096), min_size=1, max_size=4).map(tuple)
WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.builds(InputTensor, shape=SHAPES, dtype=st.none() | st.sampled_from(InputType), listed=st.booleans())


@given(
    first=st.lists(PLAIN, min_size=1, max_size=3),
    keywords=st.dictionaries(WORDS, PLAIN, max_size=3),
)
def test_an_input_is_read_as_it_is_written(first, keywords):
    named = [
        InputTensor(shape=it.shape, dtype=it.dtype, listed=it.listed, keyword=name) for name, it in keywords.items()
    ]
    wanted = ModelInput(tensors=(*first, *named))
    assert inputs.parse(str(wanted)) == wanted
    assert inputs.of(wanted.short, wanted.image_size) == wanted


def test_square_images_are_said_by_their_size_alone():
    assert inputs.parse("3x224x224").short == ""
    assert inputs.parse(" 3x224x224 ") == inputs.square(224)
    assert inputs.parse("1x224x224").short == "1x224x224"
    assert inputs.parse("3x224x320").image_size == 320
    assert inputs.parse("my.data:batch") == ModelInput(function="my.data:batch")
    assert inputs.parse("my.data:batch").image_size == 0


@pytest.mark.parametrize(
    "text", ["", "3x", "x3", "3x0x4", "3x4:int7", "[3x4", "a=3x4+3x4", "a=3+a=4", "3x4,3x4", "mine:", "3*4", "3x-1"]
)
def test_what_is_no_input_is_refused(text):
    with pytest.raises(ValueError, match=r"is no shape|stands once|sizes are from|is not a valid"):
        inputs.parse(text)


def test_a_size_replaces_the_last_two_dimensions():
    assert str(inputs.parse("4x16x112x112+10:int64").sized(64)) == "4x16x64x64+10:int64"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_arguments_are_read_as_they_are_written(given_arguments):
    text = arguments.to_text(given_arguments)
    assert arguments.from_text(text) == given_arguments
    assert arguments.to_text(arguments.from_text(text)) == text


def test_bare_words_and_pythons_own_are_taken():
    assert arguments.from_text("act_layer=gelu in_chans=4 aa=True x=none y=None") == {
        "act_layer": "gelu",
        "in_chans": 4,
        "aa": True,
        "x": "none",
        "y": None,
    }
    assert arguments.to_text({"in_chans": 4, "act": "gelu"}) == 'act="gelu" in_chans=4'


@pytest.mark.parametrize("text", ["4", "in chans=4", "a=1 a=2", "a=", "a=[1", "=4"])
def test_what_are_no_arguments_is_refused(text):
    with pytest.raises(ValueError, match=r"expected name=value|is no value"):
        arguments.from_text(text)


def test_weights_say_how_they_are_loaded():
    assert parse_weights("a.pth") == WeightsChoice(source="a.pth")
    assert parse_weights("https://h/a.pth#x#raw#partial") == WeightsChoice(
        source="https://h/a.pth#x", raw=True, partial=True
    )
    assert str(parse_weights("a.pth#partial#raw")) == "a.pth#raw#partial"
