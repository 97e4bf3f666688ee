"""What was raised is said in one line, whatever it is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench import errors


class WithoutWordsError(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("error", "words", "deed"),
    [
        (ValueError("no such width\n  at line 7"), "ValueError: no such width", "raised ValueError: no such width"),
        (ValueError(), "ValueError", "raised ValueError"),
        (KeyboardInterrupt(), "KeyboardInterrupt", "raised KeyboardInterrupt"),
        (SystemExit(0), "sys.exit(0) was called", "called sys.exit(0)"),
        (SystemExit(), "sys.exit() was called", "called sys.exit()"),
        (errors.ModelError("it is odd."), "it is odd.", "raised it is odd."),
        (WithoutWordsError(), "WithoutWordsError: (its own words raise another)", None),
    ],
)
def test_what_was_raised_is_said_in_one_line(error, words, deed):
    assert errors.in_words(error) == words
    assert deed in {None, errors.deed(error)}


@given(st.text(st.characters()))
def test_words_can_always_be_written_and_are_one_line(text):
    said = errors.in_words(ValueError(text))
    assert msgspec.json.decode(msgspec.json.encode(said)) == said
    assert "\n" not in said
    assert len(said) <= 500
