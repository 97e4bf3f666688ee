"""A file of any kind and size is read within bounds or refused at once, whichever command reads it."""

import os
import resource

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.storage import baselines, reading, run_directory
from tests import make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name="run")
    make.save_run(tmp_path / "run", made)
    (tmp_path / "run" / "layers.jsonl").touch()
    make.save_run(tmp_path / "good", made)
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n')
    (tmp_path / "suite.toml").write_text('preset = "quick"\n')
    (tmp_path / "calibration.json").write_text("{}")
    baselines.save(sides.from_runs([tmp_path / "good"], "main"), tmp_path / "baselines")
    return tmp_path


def folder_in_place(path):
    path.mkdir()


def loop(path):
    path.symlink_to(path.name)


def zeros(path):
    path.symlink_to("/dev/zero")


def full(path):
    path.symlink_to("/dev/full")


def huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


KINDS = {
    "pipe": (os.mkfifo, "it is a pipe, not a regular file"),
    "folder": (folder_in_place, "it is a folder"),
    "loop": (loop, "Too many levels of symbolic links"),
    "zeros": (zeros, "it is a device, not a regular file"),
    "full": (full, "it is a device, not a regular file"),
}
CHECK = "check good --baseline main --baselines-dir baselines --thresholds rules.toml"
READERS = [
    ("run/run.json", "report run --format text"),
    ("run/launches.jsonl", "report run --format text"),
    ("run/layers.jsonl", "report run --format text"),
    ("run/run.json", "compare good run"),
    ("baselines/main.json", "compare main good --baselines-dir baselines"),
    ("baselines/main.json", CHECK),
    ("baselines/main.json", "compare baselines/main.json good"),
    ("rules.toml", CHECK),
    ("calibration.json", "compare good good --calibration calibration.json"),
    ("suite.toml", "run suite.toml --dry-run --device cpu"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("file", "command"), READERS)
def test_what_is_no_regular_file_is_refused_at_once_in_one_line(folder, capsys, kind, file, command):
    make_it, words = KINDS[kind]
    if kind == "folder" and command == "compare baselines/main.json good":
        return  # a run would be looked for in it
    (folder / file).unlink()
    make_it(folder / file)
    assert cli.run(command.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith(("error: cannot read ", "error: cannot use "))
    assert file in err
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("file", "command"), READERS)
def test_a_file_without_end_costs_no_memory(folder, capsys, file, command):
    huge(folder / file)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert cli.run(command.split()) == 2
    assert "it is larger than " in capsys.readouterr().err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10


def test_a_line_longer_than_any_record_is_set_aside(folder, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_LINE_BYTES", 2**16)
    path = folder / "run" / run_directory.LAUNCHES_NAME
    known = path.read_bytes()
    path.write_bytes(b"x" * 2**18 + b"\n" + known)
    read = run_directory.load(folder / "run")
    [said] = read.set_aside
    assert "line 1: it is longer than" in said
    assert len(run_directory.load_entries(folder / "run")) == known.count(b"\n")


def test_a_line_as_long_as_the_bound_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_LINE_BYTES", 8)
    path = tmp_path / "x"
    path.write_bytes(b"1234567\n12345678\n1\n123")
    assert list(reading.lines(path)) == [b"1234567\n", None, b"1\n", b"123"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 20_000, "nested too deeply"),
        (".".join(["a"] * 5000) + " = 1", "nested too deeply"),
        ("a = " + "1" * 5000, "is not TOML"),
        ("a = 2026-13-45", "is not TOML"),
        ("a = 'x", "is not TOML"),
        ("[[models]]\nname = '\udcff'", "it is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("reader", [("rules.toml", CHECK), ("suite.toml", "run suite.toml --dry-run")])
def test_toml_of_any_origin_is_read_or_refused(folder, capsys, text, words, reader):
    file, command = reader
    (folder / file).write_bytes(text.encode(errors="surrogateescape"))
    assert cli.run(command.split()) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_what_a_broken_link_names_is_there(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    assert reading.is_there(tmp_path / "link")
    assert not reading.is_there(tmp_path / "none")
    assert not reading.is_there(tmp_path / "link" / "below")


def test_baselines_that_cannot_be_listed_are_no_empty_list(folder, capsys):
    assert cli.run(["baseline", "list", "--baselines-dir", "rules.toml"]) == 2
    assert "cannot read the baselines of rules.toml: Not a directory." in capsys.readouterr().err
    (folder / "baselines" / "x.json").mkdir()
    assert cli.run(["compare", "x", "good", "--baselines-dir", "baselines"]) == 2
    assert "x.json: it is a folder" in capsys.readouterr().err
