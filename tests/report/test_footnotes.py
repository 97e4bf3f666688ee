"""Footnotes of one kind are one, with the range of its numbers."""

from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.report.footnotes import cited, footnotes, merged


def test_texts_that_differ_by_a_number_are_one_note_with_its_range():
    counts = {f"other processes used {it} of 2 cores": 1 for it in ("1.5", "1.6", "1.3")} | {"no reference": 4}
    notes, numbers = footnotes(counts)
    assert [(it.number, it.text, it.cases) for it in notes] == [
        (1, "other processes used 1.3 to 1.6 of 2 cores", 3),
        (2, "no reference", 4),
    ]
    assert cited(["no reference", "other processes used 1.6 of 2 cores"], numbers) == "1 2"


def test_names_with_digits_are_no_numbers():
    assert len(footnotes({"resnet18 has no profile": 1, "resnet50 has no profile": 1})[0]) == 2


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8, unique=True))
def test_every_text_has_a_note_and_every_note_a_text(texts):
    notes, numbers = footnotes(dict.fromkeys(texts, 1))
    assert set(numbers) == set(texts)
    assert {it.number for it in notes} == set(numbers.values())


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_a_range_holds_every_number(values):
    said = merged([f"{it} ms of 7" for it in values])
    low, high = min(values), max(values)
    assert said == (f"{low} ms of 7" if low == high else f"{low} to {high} ms of 7")
