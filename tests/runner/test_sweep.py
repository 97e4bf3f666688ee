"""Sweeps in real processes, with real faults."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from resnet_bench.records import Precision, SkipReason
from resnet_bench.specs.arithmetic import peak_flop_per_s
from resnet_bench.storage import run_directory

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = ("--image-sizes", "32", "--batch-sizes", "2", "--device", "cpu")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "resnet_bench", *arguments]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=280)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(directory: Path, count: int) -> None:
    deadline = time.monotonic() + 250
    while time.monotonic() < deadline:
        path = directory / run_directory.LAUNCHES_NAME
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"no {count} launches within 250 s")


def test_a_sweep_measures_every_launch_of_every_case(tmp_path):
    done = bench("run", *TINY, "--models", "resnet18,resnet50_v1", "--launches", "2", "-o", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    run = run_directory.load(tmp_path / "run")
    assert {(m.case.model, len(m.launches)) for m in run.measurements} == {("resnet18", 2), ("resnet50_v1", 2)}
    assert "resnet50_v1" in done.stdout
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000
    profile = run.measurements[0].profile
    assert profile.parameters == 11_689_512
    assert profile.torch_counter_flops == profile.flops
    assert profile.fvcore_count > profile.macs
    for measurement in run.measurements:
        for launch in measurement.launches:
            assert launch.memory.peak_allocated_bytes > launch.memory.weights_bytes > 0
            assert launch.executed.threads == launch.case.threads
            assert (launch.executed.wait_policy, launch.executed.kmp_blocktime) == ("PASSIVE", "0")
            assert "seeded" in launch.executed.batch_norm_statistics


@pytest.mark.parametrize(
    ("model", "reason", "code"),
    [
        ("raises_out_of_memory", SkipReason.OUT_OF_MEMORY, 0),
        ("allocates_too_much", SkipReason.OUT_OF_MEMORY, 0),
        ("gives_nan", SkipReason.UNSUPPORTED, 0),
        ("dies", SkipReason.CRASHED, 3),
    ],
)
def test_a_fault_becomes_a_skip_with_its_reason_and_the_sweep_goes_on(tmp_path, model, reason, code):
    models = f"tests.runner.faulty:{model},resnet18"
    done = bench("run", *TINY, "--models", models, "--launches", "1", "-o", str(tmp_path))
    assert done.returncode == code, done.stderr
    run = run_directory.load(tmp_path)
    assert [skip.reason for skip in run.skips] == [reason]
    assert run.skips[0].detail
    assert [m.case.model for m in run.measurements] == ["resnet18"]
    assert "Traceback" not in done.stderr


def test_a_case_that_does_not_compute_the_network_has_no_figures_and_leaves_the_run_incomplete(tmp_path):
    asked = ("--models", "tests.runner.faulty:forgets_its_images_in_half", "--precision", "fp32,bf16")
    done = bench("run", *TINY, *asked, "--launches", "2", "-o", str(tmp_path))
    assert done.returncode == 3, done.stderr
    run = run_directory.load(tmp_path)
    assert [(it.reason, it.case.precision) for it in run.skips] == [(SkipReason.DISAGREES, Precision.BF16)]
    assert [it.case.precision for it in run.measurements] == [Precision.FP32]
    assert len(run_directory.load_entries(tmp_path)) == 3  # a later launch would end the same way
    assert "disagrees" in done.stdout
    assert "1 of 2 cases does not compute the network, and is not tried again" in done.stderr + done.stdout
    assert "--resume" not in done.stderr


def test_training_on_one_value_per_channel_is_a_skip_with_its_reason(tmp_path):
    sizes = ("--mode", "training", "--batch-sizes", "1", "--image-sizes", "32", "--threads", "1")
    done = bench("run", *sizes, "--models", "resnet18", "--launches", "1", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    [skip] = run_directory.load(tmp_path).skips
    assert skip.reason == SkipReason.UNSUPPORTED
    assert "more than 1 value per channel" in skip.detail


def test_a_launch_that_takes_too_long_is_ended_and_skipped(tmp_path):
    done = bench(*("run", *TINY, "--models", "resnet50", "--launches", "1"), "--time-limit", "0.5", "-o", str(tmp_path))
    assert done.returncode == 3
    assert [skip.reason for skip in run_directory.load(tmp_path).skips] == [SkipReason.TIMEOUT]
    assert "--resume" in done.stderr


def test_kill_9_loses_at_most_the_launch_under_way_and_resume_finishes(tmp_path):
    sweep = start("run", *TINY, "--models", "resnet18", "--launches", "4", "-o", str(tmp_path))
    wait_for_lines(tmp_path, 2)
    children = psutil.Process(sweep.pid).children(recursive=True)
    sweep.kill()
    sweep.communicate()
    psutil.wait_procs(children, timeout=60)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    finished = (tmp_path / run_directory.LAUNCHES_NAME).read_text().splitlines()
    assert len(finished) >= 2
    resumed = bench("run", "--resume", str(tmp_path))
    assert resumed.returncode == 0, resumed.stderr
    assert (tmp_path / run_directory.LAUNCHES_NAME).read_text().splitlines()[: len(finished)] == finished
    assert [launch.index for launch in run_directory.load(tmp_path).measurements[0].launches] == [0, 1, 2, 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_saves_what_is_finished_ends_the_child_and_exits_130(tmp_path, number):
    sweep = start("run", *TINY, "--models", "resnet18", "--launches", "6", "-o", str(tmp_path))
    wait_for_lines(tmp_path, 1)
    children = psutil.Process(sweep.pid).children(recursive=True)
    os.kill(sweep.pid, number)
    os.kill(sweep.pid, number)  # a second one must not cut the saving off
    _, errors = sweep.communicate(timeout=200)
    assert sweep.returncode == 130, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    psutil.wait_procs(children, timeout=60)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert run_directory.load(tmp_path).measurements[0].launches


def test_two_runs_into_one_folder_get_clear_words(tmp_path):
    # So many launches that it is not done before the other one has started, however long that takes.
    sweep = start("run", *TINY, "--models", "resnet18", "--launches", "500", "-o", str(tmp_path))
    wait_for_lines(tmp_path, 1)
    second = bench("run", "--resume", str(tmp_path))
    sweep.send_signal(signal.SIGINT)
    sweep.communicate(timeout=200)
    assert second.returncode == 2
    assert "another run" in second.stderr


def test_interrupted_before_the_first_launch_leaves_nothing_behind(tmp_path):
    directory = tmp_path / "run"
    sweep = start("run", *TINY, "--models", "resnet18", "--launches", "2", "-o", str(directory))
    deadline = time.monotonic() + 200
    while not directory.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    sweep.send_signal(signal.SIGINT)
    _, errors = sweep.communicate(timeout=200)
    assert sweep.returncode == 130
    assert errors == "error: interrupted.\n"
    assert not directory.exists()


def test_a_run_carries_its_ceilings_and_its_layers_and_resume_times_those_that_are_missing(tmp_path):
    done = bench("run", *TINY, "--models", "resnet18", "--launches", "1", "--layers", "-o", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    run = run_directory.load(tmp_path / "run")
    assert peak_flop_per_s(run.header.ceilings[0], Precision.FP32) > 0
    assert run.measurements[0].profile.work
    (profile,) = run.layers
    assert profile.layers[0].name == "conv1"
    assert 'id="layers"' in (tmp_path / "run" / "report.html").read_text()
    (tmp_path / "run" / run_directory.LAYERS_NAME).write_bytes(b'{"type": "layer_prof')
    assert "half-written" in run_directory.load(tmp_path / "run").warnings[0]
    again = bench("run", "--resume", str(tmp_path / "run"))
    assert again.returncode == 0, again.stderr
    assert len(run_directory.load(tmp_path / "run").layers) == 1
