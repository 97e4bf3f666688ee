"""A new precision is one row and its name: what it stores, computes in and is held against comes from that row."""

import json
from pathlib import Path

import pytest

HOUSE_RULES = Path(__file__).parents[1] / "test_house.py"
LAST_NAME = '    INT8 = "int8"\n'
END_OF_TABLE = "}\n\n\ndef arithmetic("
ROW = '    Precision.WIDE: Arithmetic("float64", "float64", 8, 8, 8, Precision.WIDE),\n'
RUN = ("run", "--models", "cifar_resnet20", "--batch-sizes", "1", "--precision", "fp32,wide", "--device", "cpu")


@pytest.fixture
def double(house):
    house.replace("records/plan.py", LAST_NAME, f'{LAST_NAME}    WIDE = "wide"\n')
    house.replace("specs/arithmetic.py", END_OF_TABLE, ROW + END_OF_TABLE)
    return house


def test_it_is_a_choice_and_is_planned(double):
    assert "wide" in double.run("profile", "--help").stdout
    wrong = double.run("run", "--precision", "fp23", "--dry-run")
    assert wrong.returncode == 2
    assert "wide" in wrong.stderr
    planned = double.run(*RUN, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "wide" in planned.stdout


def test_its_bytes_are_counted_from_its_row(double):
    def profiled(precision):
        told = double.run("profile", "cifar_resnet20", "--precision", precision, "--format", "json")
        found = json.loads(told.stdout)
        return found[0] if isinstance(found, list) else found

    single, twice = profiled("fp32"), profiled("wide")
    assert twice["parameter_bytes"] == 2 * single["parameter_bytes"]
    assert twice["activation_bytes"] == 2 * single["activation_bytes"]
    assert twice["predicted_memory"]["input_bytes"] == 2 * single["predicted_memory"]["input_bytes"]


@pytest.mark.slow
def test_it_is_measured_against_its_own_ceiling_and_shown(double):
    names = ("report.txt", "report.md", "report.csv", "report.json")  # the page is the run's own
    reports = [("report", "run", "-o", name) for name in names]
    measured = double.several((*RUN, "--launches", "1", "-o", "run"), *reports)
    assert measured.returncode == 0, measured.stderr
    results = json.loads((double.home / "report.json").read_text())["results"]
    assert {row["precision"] for row in results} == {"fp32", "wide"}
    assert all("wide" in (double.home / name).read_text() for name in (*names, "run/report.html"))
    launches = [json.loads(line) for line in (double.home / "run" / "launches.jsonl").read_text().splitlines()]
    assert {it["executed"]["parameter_dtype"] for it in launches} == {"float32", "float64"}
    header = json.loads((double.home / "run" / "run.json").read_text())
    assert {rate["precision"] for rate in header["ceilings"][0]["rates"]} >= {"fp32", "wide"}
    (held,) = double.gated("run", 'metric = "parameters"\nprecision = "wide"')
    assert (held["case"]["precision"], held["status"]) == ("wide", "passed")


@pytest.mark.slow
def test_the_type_checker_names_who_forgot_a_field(double):
    double.replace(
        "specs/arithmetic.py", '"float64", "float64", 8, 8, 8, Precision.WIDE', '"float64", "float64", 8, 8, 8'
    )
    said = double.checked("specs/arithmetic.py")
    assert 'Missing positional argument "ceiling" in call to "Arithmetic"' in said


def test_a_test_names_who_forgot_the_row(house):
    house.replace("records/plan.py", LAST_NAME, f'{LAST_NAME}    WIDE = "wide"\n')
    said = house.tested(HOUSE_RULES, "test_tables_are_total")
    assert "1 failed" in said
    assert "Precision.WIDE" in said
