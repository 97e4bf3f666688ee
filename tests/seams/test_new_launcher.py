"""A new launcher is one file and one row: help, the error for a wrong name and a run know it from there."""

import json

import pytest

MEMBER = '''"""Processes on this machine, and a line for each of them in a file beside the package."""

from pathlib import Path
from typing import TypeVar

from resnet_bench import HOME
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.wire.messages import ProbeRequest, ProfileSubject
from resnet_bench.wire.answers import (Probed)
from resnet_bench.wire.request import Request

AnswerT = TypeVar("AnswerT")


class LoggedLauncher:
    """Asks the local launcher and keeps a log."""

    def __init__(self) -> None:
        self._local = LocalLauncher()

    def ask(self, request: Request[AnswerT]) -> AnswerT:
        with (Path(HOME) / "asked.log").open("a") as log:
            log.write(f"{request.what}\\n")
        return self._local.ask(request)

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        return (self.ask(ProbeRequest(device=device, subjects=subjects)),)
'''


@pytest.fixture
def logged(house):
    house.write("runner/launchers/logged.py", MEMBER)
    table = "runner/launchers/table.py"
    row = "    DEFAULT: LauncherFacts(lambda _: LocalLauncher()),\n"
    house.replace(table, row, f'{row}    "logged": LauncherFacts(lambda _: LoggedLauncher()),\n')
    known = "from resnet_bench.runner.launchers.local import LocalLauncher\n"
    house.replace(table, known, f"{known}from resnet_bench.runner.launchers.logged import LoggedLauncher\n")
    return house


def test_help_and_the_error_for_a_wrong_name_know_it(logged):
    assert "local, logged" in " ".join(logged.run("run", "--help").stdout.split())
    done = logged.run("run", "--launcher", "loged")
    assert done.returncode == 2
    members = "local, logged, ssh, slurm, ray, command"
    assert done.stderr == f"error: --launcher 'loged': expected one of {members}. Did you mean 'logged'?\n"


@pytest.mark.slow
def test_every_process_of_a_run_is_started_by_it(logged):
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1", "--device", "cpu")
    done = logged.run("run", *case, "--launcher", "logged", "-o", "run", "--format", "json")
    assert done.returncode == 0, done.stderr
    asked = (logged.home / "asked.log").read_text().splitlines()
    assert [it for it in asked if it != "the ceilings"] == [
        "torch's view of the machine",
        "a launch",
    ]
    header = json.loads((logged.home / "run" / "run.json").read_text())
    assert len(header["environments"]) == 1
