"""Text of any origin is text to whoever reads it: a terminal, a CI log, a spreadsheet, an XML or Markdown reader.

What reads the page is a real browser, in test_page.
"""

import csv
import importlib
import io
import itertools
import json
import os
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from resnet_bench.commands.output import Destination, give
from resnet_bench.interop import github, junit
from resnet_bench.report.renderers import Format, render
from resnet_bench.report.rows import objects
from resnet_bench.words import celled, plain
from tests.report.hostile import NAMES, document

PRINTED = (Format.TEXT, Format.MARKDOWN, Format.CSV, Format.JSON, Format.LATEX)
WRITABLE = [name.encode(errors="ignore").decode() for name in NAMES]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(WRITABLE)
COMMANDS = {
    *("error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher"),
    *("set-output", "save-state", "set-env", "add-path", "echo", "stop-commands", "internal-set-repo-path"),
}


def library(name):
    """Return a reader that only tests need; CI has to have it."""
    return importlib.import_module(name) if os.environ.get("CI") else pytest.importorskip(name)


def workflow_command(line):
    """Return the command that GitHub's runner takes a line for: actions/runner, ActionCommand.cs, both its forms."""
    trimmed = line.lstrip()
    if trimmed.startswith("::") and (end := trimmed.find("::", 2)) >= 0:
        said = trimmed[2:end]
    elif (start := line.find("##[")) >= 0 and (end := line.find("]", start)) >= 0:
        said = line[start + 3 : end]
    else:
        return None
    name = said.partition(" ")[0].lower()
    return name if name in COMMANDS or name.isidentifier() else None


def test_the_reader_of_workflow_commands_finds_some():
    found = [workflow_command(line) for name in NAMES for line in name.split("\n")]
    assert {"error", "add-mask", "stop-commands", "set-output"} <= set(found)


def printed(form, *texts, capsys):
    give(document(*texts), Destination(form=form, path=None))
    return capsys.readouterr().out


@pytest.mark.parametrize("form", PRINTED)
def test_what_is_printed_is_no_command_to_a_log(form, capsys):
    for text in (*WRITABLE, *(f"{a} {b}" for a, b in itertools.pairwise(WRITABLE))):
        lines = printed(form, text, capsys=capsys).split("\n")
        assert [line for line in lines if workflow_command(line)] == []


@pytest.mark.parametrize("form", PRINTED)
def test_a_terminal_is_written_to_and_not_steered(form, capsys):
    pyte = library("pyte")
    seen = []

    class Listener:
        def __getattr__(self, name):
            return lambda *arguments, **_: seen.append((name, arguments))

    stream = pyte.Stream(Listener())
    for text in WRITABLE:
        stream.feed(printed(form, text, capsys=capsys))
    assert {name for name, _ in seen} == {"draw", "linefeed"}
    stream.feed("\x1b[2J")
    assert seen[-1][0] == "erase_in_display"


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_a_spreadsheet_computes_nothing(texts):
    openpyxl = library("openpyxl")
    content = render(document(*texts), Format.CSV)
    book = openpyxl.Workbook()
    rows = list(csv.reader(io.StringIO(content)))
    for row in rows:
        book.active.append(row)
    stored = io.BytesIO()
    book.save(stored)
    stored.seek(0)
    cells = [cell for row in openpyxl.load_workbook(stored).active.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)]
    assert len(content.splitlines()) == 1 + len(texts)


def test_a_formula_would_be_one_to_that_spreadsheet():
    openpyxl = library("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["=1+1", "'=1+1"])
    assert [cell.data_type for cell in book.active[1]] == ["f", "s"]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_keeps_its_sign_in_csv(value):
    from resnet_bench.report.digits import certain
    from resnet_bench.report.renderers import csv as renderer
    from tests.report.tables import of_value

    (_, (cell,)) = csv.reader(io.StringIO(renderer.render(of_value(value))))
    assert float(cell) == certain(float(value)) or int(cell) == value


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_json_holds_every_character_and_shows_none_that_steers(texts):
    content = render(document(*texts), Format.JSON)
    assert [row["name"] for row in json.loads(content)] == texts
    assert all(plain(line) == line for line in content.split("\n"))
    assert "##[" not in content


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=2))
def test_xml_is_read_back_as_what_was_shown(texts):
    cases = [
        junit.TestCase(classname=text, name=text, result=result, message=text)
        for text in texts
        for result in junit.TestResult
    ]
    root = ET.fromstring(junit.render(cases))  # noqa: S314 - our own
    found = root.findall("testcase")
    assert [case.get("name") for case in found] == [plain(case.name) for case in cases]
    assert {child.tag for case in found for child in case} == {"system-out", "failure", "error", "skipped"}
    assert len(root.findall(".//*")) == 2 * len(cases)


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=9))
def test_annotations_are_the_commands_that_were_meant_and_no_other(texts):
    made = [github.Annotation(level=github.Level.WARNING, title=title, message=text) for title, text in texts]
    lines = github.annotation_lines(made)
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert [workflow_command(line) for line in lines] == ["warning"] * len(made)
    for line, (title, text) in zip(lines, texts, strict=True):
        _, said, message = line.split("::", 2)
        assert said.partition(" ")[2].count("=") - decoded(title).count("=") == 1
        assert decoded(said.removeprefix("warning title=")) == decoded(title)
        assert decoded(message) == decoded(text)


def decoded(text):
    """Return what the service shows of an escaped text, and of a text the same."""
    for escaped, sign in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(escaped, sign)
    return "".join(char if char in "\r\n" else plain(char) for char in text)


def test_markdown_gives_no_link_image_or_foreign_tag():
    for text in WRITABLE:
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render(document(text), Format.MARKDOWN))
        every = [each for token in tokens for each in (token, *(token.children or ()))]
        assert {token.type for token in every}.isdisjoint({"link_open", "image", "s_open", "fence"})
        markup = " ".join(token.content for token in every if token.type.startswith("html"))
        tags = set(re.findall(r"<[^>]*>", markup))
        assert tags <= {"<details>", "</details>", "<summary>", "</summary>"}


@given(ANY_TEXT)
def test_a_cell_is_cleaned_once(text):
    once = celled(text)
    assert celled(once) == once
    assert plain(once) == once


def test_a_documents_content_is_what_the_hostile_one_says():
    assert objects(document("a", "b").rows())[1]["text"] == "b"
