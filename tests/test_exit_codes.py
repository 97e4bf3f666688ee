"""One door: every ending has its documented code, and a fault of ours is no finding of a gate."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode, InternalError
from tests.make import save_run, suite_run

BREAK = """
import sys
from resnet_bench import cli, specs
def broken(*_, **__):
    raise ZeroDivisionError("a fault\\nof two lines")
specs.names = broken
cli.main(["list"])
"""


def broken(**variables):
    environment = os.environ | variables
    return subprocess.run([sys.executable, "-c", BREAK], capture_output=True, text=True, env=environment, timeout=60)


def test_an_unforeseen_exception_is_one_line_to_report_and_70():
    done = broken()
    assert done.returncode == ExitCode.INTERNAL == 70
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: internal error: ZeroDivisionError: a fault of two lines (<string>:5, resnet-bench ")
    assert "Please report this line" in line


def test_the_traceback_is_there_for_who_asks():
    done = broken(RESNET_BENCH_DEBUG="1")
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: internal error")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["list"], ExitCode.DONE), (["lst"], ExitCode.USAGE), (["show", "resnet5"], ExitCode.USAGE)],
)
def test_codes_of_usual_endings(arguments, code, capsys):
    assert cli.run(arguments) == code
    capsys.readouterr()


def test_interruption_is_130(monkeypatch, capsys):
    monkeypatch.setattr(cli, "app", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert cli.run(["list"]) == ExitCode.INTERRUPTED == 130
    assert capsys.readouterr().err == "error: interrupted.\n"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list"]])
def test_a_reader_that_leaves_early_is_no_failure(arguments):
    """Not 1, which a gate would mean by it."""
    pipe, ours = os.pipe()
    os.close(pipe)
    command = [sys.executable, "-m", "resnet_bench", *arguments]
    with os.fdopen(ours, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (ExitCode.DONE, b"")


def test_a_gate_has_its_verdict_though_nobody_reads_on(tmp_path):
    runs = [str(save_run(tmp_path / name, suite_run(models=(name,)))) for name in ("resnet18", "resnet34")]
    pipe, ours = os.pipe()
    os.close(pipe)
    command = [sys.executable, "-m", "resnet_bench", "compare", *runs, "--format", "json"]
    with os.fdopen(ours, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (ExitCode.INCOMPLETE, b"")


def test_an_exit_that_nobody_foresaw_is_a_fault_too(monkeypatch, capsys):
    monkeypatch.setattr(cli, "app", lambda *_, **__: sys.exit(1))
    assert cli.run(["list"]) == ExitCode.INTERNAL
    assert "internal error: SystemExit: 1" in capsys.readouterr().err


def test_an_error_raised_as_internal_keeps_its_own_words():
    assert str(InternalError("x")).startswith("internal error: x. Please report")


def shell(command, **variables):
    """Run a line of shell, in which `rb` stands for the command line."""
    line = command.replace("rb ", f"{sys.executable} -m resnet_bench ")
    environment = os.environ | variables
    return subprocess.run(["sh", "-c", line], capture_output=True, env=environment, timeout=120, check=False)


def test_a_closed_standard_output_or_error_is_as_good_as_none():
    assert shell("rb list >&-").returncode == 0
    assert shell("rb list 2>&-").returncode == 0
    refused = shell("rb show nosuch >&-")
    assert refused.returncode == 2
    assert refused.stderr.count(b"\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_standard_output_that_lacks_characters_gets_others_for_them(encoding):
    done = shell("rb profile resnet18", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"layer1.0.conv1" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_standard_error_leaves_the_exit_code():
    assert shell("rb show nosuch 2>/dev/full").returncode == 2
