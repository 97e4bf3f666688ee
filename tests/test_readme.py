"""Every command of the README's tour runs as it is written there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def tour() -> list[str]:
    text = re.search(r"<!-- tour -->\n(.*?)<!-- end of tour -->", README, re.DOTALL)[1]
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_two_main_commands_come_first():
    lines = [line.strip() for line in README.splitlines() if line.startswith("    ")]
    assert lines[0].startswith("make bench ")
    assert lines[1].startswith("make test ")


def test_every_command_shown_is_one_and_every_exit_code_is_named():
    """In blocks of commands each line starts with a program."""
    blocks = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    shown = [line.split()[:2] for line in blocks.splitlines() if line.startswith("    ")]
    assert {program for program, _ in shown} == {"make", "resnet-bench"}
    assert {name for program, name in shown if program == "resnet-bench"} <= set(cli.app)
    said = README.partition("Exit codes:")[2]
    assert re.findall(r"(?<!\w)(\d+) ", said.partition("everything finished")[0]) == [str(int(it)) for it in ExitCode]


@pytest.mark.slow
def test_the_tour_runs_as_written(tmp_path):
    commands = tour()
    assert len(commands) == 10
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for line in commands:
        program, *arguments = shlex.split(line)
        assert program == "resnet-bench"
        if arguments[0] == "run" and "--dry-run" not in arguments:
            arguments += ["--device", "cpu", "--image-sizes", "32"]  # the same command, in seconds
        done = subprocess.run(
            [sys.executable, "-m", "resnet_bench", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=environment,
            timeout=200,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout, line
    assert (tmp_path / "reports" / "both.html").exists()


def test_the_suite_in_the_readme_is_valid(tmp_path):
    from resnet_bench.config.suite_file import load_suite
    from resnet_bench.runner.plan import expand

    path = tmp_path / "my.toml"
    path.write_text(re.search(r"```toml\n(preset.*?)```", README, re.DOTALL)[1])
    assert {case.model for case in expand(load_suite(path), "cpu").cases} == {
        "resnet50",
        "tiny",
        "torchvision:resnext50_32x4d",
    }


def test_the_thresholds_in_the_readme_are_valid(tmp_path):
    from resnet_bench.analysis.verdicts.thresholds import read

    path = tmp_path / "thresholds.toml"
    path.write_text(re.search(r"```toml\n(undecided.*?)```", README, re.DOTALL)[1])
    assert [rule.metric for rule in read(path).rules] == ["latency_s", "latency_s", "parameters"]
