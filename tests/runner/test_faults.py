"""Faults injected for real: full disks, folders that cannot be written, limits, and signals to the child."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from resnet_bench import cli
from resnet_bench.machine import memory_kills
from resnet_bench.records import Launch, SkipReason
from resnet_bench.runner import run
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.storage import run_directory
from tests.make import commit, launch_request
from tests.runner.instant import Machine

ROOT = Path(__file__).parents[2]
ONE_CASE = ("run", "--models", "resnet18", "--batch-sizes", "1", "--launches", "9")


def instant(*arguments: str, limit_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command whose launches take no time, in a process that may write files up to a size."""

    def restrict() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))

    return subprocess.run(
        [sys.executable, "-m", "tests.runner.instant", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=restrict,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "whole"
    done = instant(*ONE_CASE, "-o", str(directory))
    assert done.returncode == 0, done.stderr
    return directory


@pytest.mark.slow
@pytest.mark.parametrize("into_the_line", [200, -1])
def test_a_disk_that_fills_in_mid_sweep_loses_nothing_finished(tmp_path, whole, into_the_line):
    lines = (whole / run_directory.LAUNCHES_NAME).read_bytes().splitlines(keepends=True)
    assert len(lines) == 9
    # The fifth line is cut off in its middle, and before its last byte.
    limit = sum(map(len, lines[:4])) + (into_the_line if into_the_line > 0 else len(lines[4]) + into_the_line)
    directory = tmp_path / "run"
    done = instant(*ONE_CASE, "-o", str(directory), limit_bytes=limit)
    assert done.returncode == 2
    [error] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert f"cannot write {directory / run_directory.LAUNCHES_NAME}: File too large." in error
    assert "everything before it is saved" in error
    assert f"--resume {directory}" in error
    assert "Traceback" not in done.stderr
    saved = (directory / run_directory.LAUNCHES_NAME).read_bytes()
    assert saved.endswith(b"\n")
    run = run_directory.load(directory)
    assert run.warnings == ()
    assert [it.index for it in run.measurements[0].launches] == [0, 1, 2, 3]
    resumed = instant("run", "--resume", str(directory))
    assert resumed.returncode == 0, resumed.stderr
    assert (directory / run_directory.LAUNCHES_NAME).read_bytes().startswith(saved)
    assert [it.index for it in run_directory.load(directory).measurements[0].launches] == list(range(9))


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start_leaves_no_half_run(tmp_path):
    done = instant(*ONE_CASE, "-o", str(tmp_path / "run"), limit_bytes=100)
    assert done.returncode == 2
    assert [line[:7] for line in done.stderr.splitlines() if line.startswith(("error: ", "Traceback"))] == ["error: "]
    assert "File too large" in done.stderr
    assert not (tmp_path / "run" / run_directory.HEADER_NAME).exists()
    again = instant(*ONE_CASE, "-o", str(tmp_path / "run"))  # there is no run to resume: the folder is free
    assert again.returncode == 0, again.stderr


def test_a_merge_that_does_not_fit_leaves_no_half_run(tmp_path, whole):
    done = instant("merge", str(whole), "-o", str(tmp_path / "all"), limit_bytes=2000)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "all" / run_directory.HEADER_NAME).exists()


def test_a_full_disk_under_standard_output_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "resnet_bench", "run", "--print-suite", "standard"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == "error: cannot write to standard output: No space left on device.\n"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc, which refuses even root")
@pytest.mark.parametrize("folder", ["/proc/resnet-bench", "/proc/self/task", "/dev/null/run"])
@pytest.mark.parametrize("command", ["run", "merge", "report", "baseline"])
def test_a_folder_that_cannot_be_written_is_one_line(whole, folder, command, monkeypatch, capsys):
    Machine().install(monkeypatch)
    arguments = {
        "run": (*ONE_CASE, "-o", folder),
        "merge": ("merge", str(whole), "-o", folder),
        "report": ("report", str(whole), "-o", f"{folder}/report.html"),
        "baseline": ("baseline", "set", "main", str(whole), "--baselines-dir", folder),
    }
    assert cli.run(arguments[command]) == 2
    err = capsys.readouterr().err
    full = command == "merge" and Path(folder).is_dir()
    assert err.startswith(f"error: {folder} is not empty; name" if full else f"error: cannot write {folder}")
    assert err.count("\n") == 1


def test_a_second_run_into_a_folder_that_is_held_changes_nothing(tmp_path):
    with run_directory.locked(tmp_path):
        done = instant(*ONE_CASE, "-o", str(tmp_path))
        left = [path.name for path in tmp_path.iterdir()]
    assert done.returncode == 2
    assert "being written by another run" in done.stderr
    assert done.stderr.count("\n") == 1
    assert left == [".lock"]


@pytest.mark.slow
def test_resume_measures_no_other_commit_under_the_runs_name(tmp_path, monkeypatch, capsys):
    machine = Machine().install(monkeypatch)
    monkeypatch.setattr(run, "current_commit", lambda: commit("a" * 40))
    directory = tmp_path / "run"
    assert cli.run([*ONE_CASE, "-o", str(directory)]) == 0
    lines = (directory / run_directory.LAUNCHES_NAME).read_bytes().splitlines(keepends=True)
    monkeypatch.setattr(run, "current_commit", lambda: commit("b" * 40))
    assert cli.run(["run", "--resume", str(directory)]) == 0  # nothing is missing: it only shows what is there
    (directory / run_directory.LAUNCHES_NAME).write_bytes(b"".join(lines[:4]))
    capsys.readouterr()
    machine.requests.clear()
    assert cli.run(["run", "--resume", str(directory)]) == 2
    error = capsys.readouterr().err
    assert "aaaaaaaaaaaa" in error
    assert "bbbbbbbbbbbb" in error
    assert error.count("\n") == 1
    assert machine.requests == []


@pytest.mark.slow
def test_a_child_that_meets_its_memory_limit_is_out_of_memory():
    skip = LocalLauncher().ask(launch_request("tests.runner.faulty:meets_its_limit"))
    assert skip.reason is SkipReason.OUT_OF_MEMORY
    assert "4294967296 bytes" in skip.detail


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "kills", "reason"),
    [
        ("memory.events", 0, SkipReason.CRASHED),
        ("memory.events", 1, SkipReason.OUT_OF_MEMORY),
        ("user.slice/me.scope/memory.events", 1, SkipReason.OUT_OF_MEMORY),
        ("memory/user/me/memory.oom_control", 1, SkipReason.OUT_OF_MEMORY),
    ],
)
def test_a_killed_child_crashed_unless_the_system_counts_it_as_out_of_memory(
    tmp_path, monkeypatch, place, kills, reason
):
    counter, said = tmp_path / place, tmp_path / "pid"
    counter.parent.mkdir(parents=True, exist_ok=True)
    groups = tmp_path / "cgroup"
    groups.write_text("4:cpu,memory:/user/me\n1:name=systemd:/\n0::/user.slice/me.scope\n")
    counter.write_text("low 0\noom 4\noom_kill 3\n")
    monkeypatch.setenv("FAULTY_SAYS", str(said))
    killer = threading.Thread(target=kill, args=(said, counter, 3 + kills), daemon=True)
    killer.start()
    launcher = LocalLauncher(count_memory_kills=lambda: memory_kills.count(tmp_path, groups))
    skip = launcher.ask(launch_request("tests.runner.faulty:says_who_it_is"))
    killer.join()
    assert skip.reason is reason
    assert ("want of memory" if kills else "SIGKILL") in skip.detail
    assert not psutil.pid_exists(int(said.read_text()))


def kill(said: Path, counter: Path, kills: int) -> None:
    deadline = time.monotonic() + 120
    while not (said.exists() and said.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    counter.write_text(f"low 0\noom 4\noom_kill {kills}\n")
    os.kill(int(said.read_text()), signal.SIGKILL)


@pytest.mark.slow
def test_a_device_that_has_gone_is_a_skip_that_resume_tries_again():
    skip = LocalLauncher().ask(launch_request("resnet18", device="cuda:97"))
    assert skip.reason is SkipReason.CRASHED
    assert "'cuda:97' is not here" in skip.detail


@pytest.mark.slow
def test_a_launch_that_is_asked_for_as_here_and_has_no_fault_is_measured():
    """What the other tests see come of their faults is not how they ask."""
    assert isinstance(LocalLauncher().ask(launch_request("cifar_resnet20")), Launch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torchvision:resnet81", "torchvision has no model 'resnet81'. Did you mean 'resnet18'?"),
        ("tests.runner.faulty:nosuch", "'tests.runner.faulty' has no 'nosuch'"),
        ("nosuchmodule:build", "module 'nosuchmodule' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_misspelt_external_model_is_refused_before_anything_is_measured(capsys, tmp_path, name, said):
    asked = ["run", "--models", f"cifar_resnet20,{name}", "--batch-sizes", "1", "--launches", "1", "--device", "cpu"]
    for more in (["--dry-run"], ["-o", str(tmp_path / "run")]):
        assert cli.run([*asked, *more]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "run.json").exists()
