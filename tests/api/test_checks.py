"""A check as a test asks for it: what it finds against a baseline, and which cases it measures against a revision."""

import pytest

from resnet_bench.api import checks
from resnet_bench.api.checks import Finding
from resnet_bench.api.measured import MeasuredRun
from resnet_bench.errors import UsageError
from resnet_bench.records import Allocator
from resnet_bench.runner import revisions
from resnet_bench.storage import baselines
from tests.make import (
    EXECUTED,
    IDENTITY,
    PROTOCOL,
    change,
    digest_of,
    measurement,
    noisy_launches,
    profile,
    run_of,
    side,
)

QUIET = [measurement(noisy_launches(1), profile=profile())]
ANOTHER_CPU = change(IDENTITY, cpu_name="Another CPU")


def found(folder, measurements=QUIET, *, metric="latency_s", limit="5 %", **changes):
    """Return what a check of a run finds against QUIET on the machine that tests measure on."""
    baselines.save(digest_of(QUIET, name="main"), folder)
    contender = MeasuredRun(run_of(measurements, name="now", **changes), (), None)
    return checks.against_baseline(contender, "main", limit=limit, metric=metric, baselines_dir=folder)


def with_executed(**changes):
    return [measurement(noisy_launches(1), profile=profile(), executed=change(EXECUTED, **changes))]


def test_the_same_again_passes(tmp_path):
    assert found(tmp_path).finding is Finding.PASSED


def test_another_machines_figures_are_elsewhere(tmp_path):
    checked = found(tmp_path, identity=ANOTHER_CPU)
    assert checked.finding is Finding.ELSEWHERE
    assert checked.text == (
        "baseline 'main' was measured elsewhere: cpu_name is Example CPU there and Another CPU here."
    )


@pytest.mark.parametrize(
    ("measurements", "changes"),
    [
        (with_executed(deterministic=True), {}),
        (with_executed(tf32_matmul=True), {}),
        (with_executed(threads=2), {}),
        (with_executed(variables=(("OMP_SCHEDULE", "static"),)), {}),
        (QUIET, {"protocol": change(PROTOCOL, warmup_budget_s=9.0)}),
    ],
    ids=["deterministic", "tf32", "threads", "variables", "protocol"],
)
def test_what_this_machine_does_otherwise_fails_closed(tmp_path, measurements, changes):
    assert found(tmp_path, measurements, **changes).finding is Finding.UNDECIDED


def test_a_count_is_decided_on_any_machine(tmp_path):
    assert found(tmp_path, metric="parameters", identity=ANOTHER_CPU).finding is Finding.PASSED
    more = [measurement(noisy_launches(1), profile=profile(parameters=2000))]
    assert found(tmp_path, more, metric="parameters", identity=ANOTHER_CPU).finding is Finding.FAILED


def test_what_neither_machine_measured_fails_closed(tmp_path):
    assert found(tmp_path, metric="energy_j_per_image", identity=ANOTHER_CPU).finding is Finding.UNDECIDED


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Return a function that gives the cases which a check against a revision would measure."""

    def cases(**options):
        seen = []

        def compare(matchups, *_rest):
            seen.extend(matchups)
            return (), (side("then"), side("now"))

        monkeypatch.setattr(revisions, "compare", compare)
        checks.against_revision("mynet:build", "HEAD~1", options, repository=tmp_path)
        assert all(it.baseline == it.contender for it in seen)
        return [it.baseline for it in seen]

    return cases


def test_against_a_revision_an_input_says_its_size(asked):
    (case,) = asked(input="3x64x64")
    assert (case.image_size, case.input) == (64, "")
    assert case.key == asked(image_size=64)[0].key
    (case,) = asked(input=(1, 28, 32))
    assert (case.image_size, case.input) == (32, "1x28x32")


def test_each_case_against_a_revision_is_completed_for_its_own_device(asked):
    cases = asked(device=["cpu", "cuda:0"], batch_sizes=[1, 2])
    assert {(it.device, it.batch_size) for it in cases} == {("cpu", 1), ("cpu", 2), ("cuda:0", 1), ("cuda:0", 2)}
    assert {it.allocator for it in cases if it.device == "cuda:0"} == {Allocator.SHIPPED}


@pytest.mark.parametrize(
    "options", [{"threads": [1, 2]}, {"allocator": ["fixed", "shipped"]}, {"device": ["cpu", "cuda:0"]}]
)
def test_cases_whose_processes_start_otherwise_are_refused_before_anything_is_checked_out(tmp_path, options):
    with pytest.raises(UsageError, match=r"^the cases of one comparison start with the same threads and allocator: "):
        checks.against_revision("mynet:build", "HEAD~1", options, repository=tmp_path)
