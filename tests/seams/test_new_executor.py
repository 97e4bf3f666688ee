"""A new executor is one file, one row and its name: it is then chosen, planned, measured and shown like any other."""

import json
from pathlib import Path

import pytest

HOUSE_RULES = Path(__file__).parents[1] / "test_house.py"
LAST_NAME = '    AOT_INDUCTOR = "aot_inductor"\n'
END_OF_TABLE = "}\n\n\ndef facts("
ROW = """    Executor.TRACED: ExecutorFacts(
        "traced", compiles=False, fuses=False, launches_operators=True, needs_torch=True
    ),
"""
MEMBER = '''"""The network as torch.fx traces it: a module of its own making."""

from torch import fx

from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.placed import placed
from resnet_bench.executors.protocol import Executes, Prepared, Task
from resnet_bench.records import Case


class Traced:
    """Runs the traced module."""

    def supports(self, case: Case) -> None:
        """Everything."""

    def name_kernels(self) -> None:
        """Operators have their names."""

    def prepare(self, task: Task) -> Prepared:
        """Trace the module and return its iteration."""
        there = placed(task)
        traced = fx.symbolic_trace(there.network)
        return prepared(there, traced, modules=traced)


EXECUTOR: Executes = Traced()
'''
RUN = ("run", "--models", "cifar_resnet20", "--batch-sizes", "1", "--executor", "eager,traced", "--device", "cpu")


@pytest.fixture
def traced(house):
    house.replace("records/plan.py", LAST_NAME, f'{LAST_NAME}    TRACED = "traced"\n')
    house.replace("executors/table.py", END_OF_TABLE, ROW + END_OF_TABLE)
    house.write("executors/traced.py", MEMBER)
    return house


def test_it_is_a_choice_and_is_planned(traced):
    assert "traced" in traced.run("profile", "--help").stdout
    wrong = traced.run("run", "--executor", "eagre", "--dry-run")
    assert wrong.returncode == 2
    assert "traced" in wrong.stderr
    planned = traced.run(*RUN, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "traced" in planned.stdout


@pytest.mark.slow
def test_it_is_measured_and_shown(traced):
    names = ("report.txt", "report.md", "report.csv", "report.json")  # the page is the run's own
    reports = [("report", "run", "-o", name) for name in names]
    measured = traced.several((*RUN, "--launches", "1", "-o", "run"), *reports)
    assert measured.returncode == 0, measured.stderr
    results = json.loads((traced.home / "report.json").read_text())["results"]
    assert {row["executor"] for row in results} == {"eager", "traced"}
    assert all("traced" in (traced.home / name).read_text() for name in (*names, "run/report.html"))
    (held,) = traced.gated("run", 'metric = "parameters"\nexecutor = "traced"')
    assert (held["case"]["executor"], held["status"]) == ("traced", "passed")
    layers = traced.run("profile", "cifar_resnet20", "--measured", "--executor", "traced", "--device", "cpu")
    assert layers.returncode == 0, layers.stderr
    assert "layer1.0.conv1" in layers.stdout


@pytest.mark.slow
def test_the_type_checker_names_who_forgot_a_field_or_a_method(traced):
    traced.replace("executors/table.py", "launches_operators=True, needs_torch=True\n", "needs_torch=True\n")
    traced.replace(
        "executors/traced.py", '    def name_kernels(self) -> None:\n        """Operators have their names."""\n\n', ""
    )
    said = traced.checked("executors/table.py", "executors/traced.py")
    assert 'Missing positional argument "launches_operators" in call to "ExecutorFacts"' in said
    assert "'Traced' is missing following 'Executes' protocol member:" in said.replace('"', "'")
    assert "name_kernels" in said


def test_a_test_names_who_forgot_the_row(house):
    house.replace("records/plan.py", LAST_NAME, f'{LAST_NAME}    TRACED = "traced"\n')
    said = house.tested(HOUSE_RULES, "test_tables_are_total")
    assert "1 failed" in said
    assert "Executor.TRACED" in said


def test_the_member_keeps_the_rules_of_the_house(traced):
    assert "failed" not in traced.tested(HOUSE_RULES)
