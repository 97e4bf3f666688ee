import os

import pytest

from resnet_bench.errors import StoreError
from resnet_bench.interop.github import SUMMARY_LIMIT_BYTES, Annotation, Level, annotation_lines, fit_summary, publish


def test_at_most_ten_of_a_kind_and_the_tenth_counts_the_rest():
    lines = annotation_lines(Annotation(level=Level.ERROR, title="t", message=str(i)) for i in range(25))
    assert len(lines) == 10
    assert lines[-1] == "::error title=resnet-bench::16 more, see the step summary"
    assert len(annotation_lines(Annotation(level=Level.ERROR, title="t", message=str(i)) for i in range(10))) == 10


def test_control_signs_of_the_service_are_escaped():
    (line,) = annotation_lines([Annotation(level=Level.NOTICE, title="a:b,c%", message="x\ny\r50 %")])
    assert line == "::notice title=a%3Ab%2Cc%25::x%0Ay%0D50 %25"


def test_a_summary_is_cut_at_a_line_to_fit():
    text = "|ä|\n" * 400_000
    cut = fit_summary(text, already=1000)
    assert len(cut.encode()) <= SUMMARY_LIMIT_BYTES - 1000
    assert cut.rstrip().endswith("this step's log)")
    assert set(cut.split("\n\n")[0].splitlines()) == {"|ä|"}
    assert fit_summary("short") == "short"
    assert fit_summary("short", already=SUMMARY_LIMIT_BYTES) == ""


def test_text_of_any_origin_is_one_command_without_control_characters():
    hostile = "a\n::error title=x::pwned\x1b[31m\u2028b"
    [line] = annotation_lines([Annotation(level=Level.ERROR, title=hostile, message=hostile)])
    assert len(line.splitlines()) == 1
    assert line.startswith("::error title=a")
    assert "\x1b" not in line
    assert line.isprintable()


def test_a_summary_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "summary")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    with pytest.raises(StoreError, match="it is a pipe, not a regular file"):
        publish("| a |", ())
