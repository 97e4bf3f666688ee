"""The README: two commands first, every command one, every exit code named. tests/test_docs.py looks at the rest."""

import re
from pathlib import Path

from resnet_bench import cli
from resnet_bench.errors import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


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
