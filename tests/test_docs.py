"""The guide: every command in it is one, those marked run as they are written, its links lead somewhere."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.commands.examples import EXAMPLES

ROOT = Path(__file__).parents[1]
PAGES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
TEXTS = {"README.md": (ROOT / "README.md").read_text(), **PAGES}
FENCE = re.compile(r"(<!-- runs -->\n)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(text, language):
    return [(bool(found[1]), found[3]) for found in FENCE.finditer(text) if found[2] == language]


def commands(text):
    """Every line that calls resnet-bench, in fences, indented, or as a span."""
    fenced = [line for _, block in blocks(text, "sh") for line in block.splitlines()]
    indented = [line.strip() for line in FENCE.sub("", text).splitlines() if line.startswith("    ")]
    spans = re.findall(r"`(resnet-bench [a-z]+ [^`]*)`", text.replace("\n", " "))
    return [line.split("  #")[0].strip() for line in (*fenced, *indented, *spans) if line.startswith("resnet-bench ")]


def stands_for_others(line):
    """Say whether a line is a pattern of commands, COMMAND or RUN where a word is to be put, and none itself."""
    return any((word.isupper() and word != "HEAD") or "..." in word for word in shlex.split(line)[1:])


SHOWN = sorted({(name, line) for name, text in TEXTS.items() for line in commands(text)})
EXACT = {line for _, line in SHOWN} | {it for each in EXAMPLES.values() for it in each}


@pytest.mark.parametrize("line", sorted(line for line in EXACT if not stands_for_others(line)))
def test_every_command_shown_is_one_that_the_command_line_takes(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    words = words[: words.index(">")] if ">" in words else words
    cli.app.parse_args(words, exit_on_error=False, print_error=False)


def test_every_test_that_the_guide_names_for_a_finding_is_there():
    """Each row of the table names a file and functions of it."""
    rows = re.findall(r"^\| (\d+) \| (?:[^|]+) \| ([^|]+) \|", PAGES["gpu.md"], re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 19))
    for number, cell in rows:
        (file,) = re.findall(r"`([\w/]+\.py)::", cell)
        named = re.findall(r"`(?:[\w/.]+::)?(test_\w+)`", cell)
        tree = ast.parse((ROOT / "tests" / file).read_text())
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert named, number
        assert there >= set(named), number


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_command_stands_outside_its_fence(name):
    outside = FENCE.sub("", TEXTS[name]).splitlines()
    assert [line for line in outside if re.match(r"(resnet-bench|make) ", line)] == []


def test_there_are_commands_to_look_at():
    assert len(SHOWN) > 40


def test_every_command_has_examples_and_every_example_is_of_it():
    names = {name for name in cli.app if not name.startswith("-")}
    assert set(EXAMPLES) == names
    assert all(line.split()[1] == name for name, lines in EXAMPLES.items() for line in lines)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_links_lead_to_what_is_there(name):
    folder = ROOT if name == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#\s]+)?(#[^)\s]*)?\)", TEXTS[name]):
        path, anchor = target
        if path.startswith("http"):
            continue
        found = folder / path if path else folder / name
        assert found.exists(), path
        if anchor and found.suffix == ".md":
            heads = {slug(head) for head in re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)}
            assert anchor[1:] in heads, f"{path}{anchor}"


def slug(head):
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", head.lower()).strip())


def test_every_page_is_in_the_contents():
    contents = (ROOT / "mkdocs.yml").read_text()
    assert {name for name in PAGES if f" {name}\n" in contents} == set(PAGES)


def test_generated_parts_are_there_and_speak_of_every_axis_and_name(monkeypatch):
    import resnet_bench as rb
    from resnet_bench.config.axes import AXES

    monkeypatch.syspath_prepend(ROOT / "docs")
    import generated

    asked = {part for text in PAGES.values() for part in re.findall(r"<!-- generated: (\w+) -->", text)}
    assert asked == set(generated.PARTS)
    assert all(f"`{axis.plural}`" in generated.axes() for axis in AXES)
    assert all(f"## `{name}`" in generated.api() for name in rb.__all__ if not name.startswith("__"))
    assert "<!-- generated" not in generated.on_page_markdown(PAGES["api.md"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, text in PAGES.items() if "<!-- runs -->" in text])
def test_commands_that_are_marked_run_as_written(name, tmp_path):
    lines = [line for runs, block in blocks(PAGES[name], "sh") if runs for line in block.splitlines() if line.strip()]
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "resnet-bench"
        if arguments[0] == "run":
            arguments += ["--device", "cpu", "--image-sizes", "32"]  # the same command, in seconds
        done = subprocess.run(
            [sys.executable, "-m", "resnet_bench", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=250,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout, line


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_python_in_it_is_python(name):
    for _, block in blocks(TEXTS[name], "python"):
        compile(block, name, "exec")


def test_suites_and_thresholds_in_it_are_valid(tmp_path):
    from resnet_bench.analysis.verdicts.thresholds import read
    from resnet_bench.config.suite_file import load_suite
    from resnet_bench.runner.plan import expand

    path = tmp_path / "my.toml"
    path.write_text(blocks(PAGES["suites.md"], "toml")[0][1])
    assert {case.model for case in expand(load_suite(path), "cpu").cases} == {
        "resnet50",
        "tiny",
        "torchvision:resnext50_32x4d",
    }
    path.write_text(blocks(PAGES["gate.md"], "toml")[0][1])
    assert [rule.metric for rule in read(path).rules] == ["latency_s", "latency_s", "parameters"]


def test_the_readme_invites_and_no_more():
    assert len(TEXTS["README.md"].splitlines()) <= 120


def test_the_drawings_of_the_guide_are_those_of_the_published_data(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "pictures")
    import drawings

    from resnet_bench.report.svg.drawing import svg

    for name, figure in drawings.figures().items():
        assert svg(figure, alone=True) == (drawings.HERE / f"{name}.svg").read_text(encoding="utf-8"), name


def test_pictures_are_small_and_every_one_is_shown():
    shown = {Path(target).name for text in TEXTS.values() for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)}
    pictures = [it for it in (ROOT / "docs" / "pictures").iterdir() if it.suffix in {".svg", ".png"}]
    assert {it.name for it in pictures} == shown
    assert all(it.stat().st_size < 300_000 for it in pictures)


def test_the_recording_takes_twenty_seconds_and_moves_by_styles_alone():
    text = (ROOT / "docs" / "pictures" / "recording.svg").read_text(encoding="utf-8")
    assert float(re.search(r"animation:film ([0-9.]+)s", text)[1]) <= 20.1
    assert "<script" not in text
    assert "/root" not in text
    assert "prefers-reduced-motion" in text
