"""Text of any origin reaches a terminal or a CI log on one line, as text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from resnet_bench import words


@given(st.text())
def test_what_is_logged_is_one_line_without_control_characters_or_commands(text):
    shown = words.logged(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(char)[0] == "C" for char in shown)
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


def test_what_cannot_be_shown_is_made_visible():
    assert words.plain("a\x1b[31m\u2028b\u2029c\u202e") == r"a\x1b[31m\u2028b\u2029c\u202e"


def test_a_workflow_command_is_kept_as_words():
    assert words.logged("::add-mask::resnet") == ": :add-mask::resnet"
    assert words.logged("  ::error::x") == "  : :error::x"
    assert words.logged("a ##[add-mask]b") == "a ## [add-mask]b"
    assert words.logged("cpu::x, µs") == "cpu::x, µs"


def test_a_sentence_starts_with_a_capital_or_with_a_name_as_that_is_spelled():
    said = ("channels last helps", "bf16 helps", "amp_fp16 helps", "OpenVINO helps", "whether bf16 helps is not clear")
    assert [words.sentence(it)[:9] for it in said] == ["Channels ", "bf16 help", "amp_fp16 ", "OpenVINO ", "Whether b"]
    assert words.sentence("give a budget") == "Give a budget."
