"""One door: every ending has its documented code, and a fault of ours is no finding of a gate."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli, streams
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_what_is_said_beside_the_results_ends_no_command_where_it_cannot_be_said(tmp_path):
    run = save_run(tmp_path / "run", suite_run(models=("resnet18",)))
    (run / "launches.jsonl").write_bytes((run / "launches.jsonl").read_bytes() + b"{")
    done = shell(f"rb report {run} --format csv 2>/dev/full")
    assert done.returncode == 0
    assert done.stdout.count(b"\n") > 1
    assert shell(f"rb report {run} --format csv 2>&1 >/dev/null").stdout.startswith(b"warning: ")


def test_standard_output_that_would_block_is_waited_for():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    command = [sys.executable, "-m", "resnet_bench", "profile", "resnet152", "--format", "json"]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE) as child:
        os.close(writer)
        with os.fdopen(reader, "rb") as ours:
            out = ours.read()
        assert (child.wait(timeout=60), child.stderr.read()) == (0, b"")
    assert len(out) > 2**17
    assert out.endswith(b"]\n")


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "too many files are open at once: ", 2),
        (
            BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
            "the system has no more memory or processes",
            2,
        ),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "cannot use /x: No space left on device.", 2),
        (OSError(errno.ENOSPC, "No space left on device", streams.OUTPUT), "cannot write to standard output: No sp", 2),
        (OSError(errno.ENOSPC, "No space left on device"), "internal error: OSError", 70),
        (MemoryError(), "the system has no more memory or processes", 2),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "internal error: BrokenPipeError", 70),
    ],
)
def test_what_the_system_refuses_is_said_for_what_it_is(monkeypatch, capsys, error, said, code):
    monkeypatch.setattr(cli, "app", lambda *_, **__: (_ for _ in ()).throw(error))
    assert cli.run(["list"]) == code
    err = capsys.readouterr().err
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def test_an_argument_that_is_no_text_is_refused(capsys):
    assert cli.run(["history", "-o", "caf\udce9.csv"]) == 2
    assert capsys.readouterr().err == "error: 'caf?.csv' is not UTF-8 text; rename what it names, or link to it.\n"


INTERRUPTED = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["resnet-bench", "list"]
from resnet_bench.__main__ import main
main()
"""


def test_an_interruption_while_it_starts_is_one_line():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "error: interrupted.\n")


@pytest.mark.slow
def test_few_descriptors_are_said():
    done = shell("ulimit -n 10; rb run --models resnet18 --batch-sizes 1 --device cpu -o $(mktemp -d)/run")
    assert done.returncode in {2, 3}
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: ")
