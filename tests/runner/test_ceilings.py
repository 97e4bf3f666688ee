"""The cache of ceilings: kept with the machine's identity, left out with a warning where it does not fit."""

import json

import pytest

from resnet_bench import records as r
from resnet_bench.runner import ceilings
from resnet_bench.storage import ceilings_cache
from tests import make
from tests.runner.instant import Answers

HERE = make.environment()


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine whose ceilings are made up, an empty cache, and what was asked and warned."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked, warned, disturbed_by = [], [], []

    def measure(request):
        asked.append(request)
        return make.ceilings(
            device=request.device,
            threads=request.threads,
            rates=tuple(
                r.Rate(precision=each, matmul_flop_per_s=1e9, convolution_flop_per_s=2e9) for each in request.precisions
            ),
            bandwidths=(r.Bandwidth(moved_bytes=1, byte_per_s=1e9),),
            launch_s=1e-6,
            attempts=request.attempts if disturbed_by else 1,
            disturbances=tuple(disturbed_by),
        )

    def known(environment=HERE, precisions=(r.Precision.FP32,), threads=1, attempts=ceilings.ATTEMPTS, disturbed=0):
        disturbed_by[:] = ["a neighbour"] * disturbed
        return ceilings.known_or_measured(
            environment,
            launcher=Answers(measure),
            device="cpu",
            threads=threads,
            precisions=precisions,
            warn=warned.append,
            attempts=attempts,
        )

    known.asked, known.warned = asked, warned
    return known


def test_they_are_measured_once_and_read_after_that(machine):
    assert machine() == machine()
    assert len(machine.asked) == 1
    assert machine.warned == []


def test_another_number_of_threads_is_another_measurement(machine):
    machine()
    assert machine(threads=2).threads == 2
    assert len(machine.asked) == 2


def test_a_precision_that_is_lacking_is_measured_with_those_that_are_known(machine):
    machine()
    found = machine(precisions=(r.Precision.AMP_BF16, r.Precision.FP32))
    assert [rate.precision for rate in found.rates] == [r.Precision.FP32, r.Precision.BF16]
    assert machine(precisions=(r.Precision.BF16,)) == found
    assert len(machine.asked) == 2


def test_a_cache_of_another_machine_is_left_out_and_says_how_it_differs(machine):
    machine()
    other = make.environment("e2", identity=make.change(make.IDENTITY, torch="2.14.0"))
    machine(other)
    assert len(machine.asked) == 2
    assert "torch was 2.13.0, is 2.14.0" in machine.warned[0]


@pytest.mark.parametrize("content", [b"{", b'{"schema": 1}', b""])
def test_a_damaged_cache_is_left_out_with_a_warning(machine, content):
    machine()
    ceilings_cache.cache_file("cpu", 1).write_bytes(content)
    machine()
    assert len(machine.asked) == 2
    assert "damaged" in machine.warned[0]


def test_a_cache_that_cannot_be_written_only_costs_the_next_measurement(machine, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert machine().threads == 1
    assert "cannot" in machine.warned[-1]


def test_disturbed_ceilings_are_marked_and_said(machine):
    assert machine(disturbed=1).disturbances == ("a neighbour",)
    assert "3 times" in machine.warned[0]
    assert json.loads(ceilings_cache.cache_file("cpu", 1).read_text())["ceilings"]["disturbances"] == ["a neighbour"]


def test_disturbed_ceilings_that_a_quick_run_did_not_repeat_are_measured_again_where_repeating_is_allowed(machine):
    assert machine(attempts=1, disturbed=1).disturbances
    assert "measured once and the machine was disturbed" in machine.warned[0]
    machine(attempts=1)
    assert len(machine.asked) == 1
    machine(attempts=3)
    assert [request.attempts for request in machine.asked] == [1, 3]


def shown(fp32, *, disturbances=(), bf16=None, launch_s=3e-6):
    rates = [r.Rate(precision=r.Precision.FP32, matmul_flop_per_s=fp32, convolution_flop_per_s=fp32 / 2)]
    if bf16:
        rates.append(r.Rate(precision=r.Precision.BF16, matmul_flop_per_s=bf16, convolution_flop_per_s=None))
    return make.ceilings(rates=tuple(rates), disturbances=disturbances, launch_s=launch_s)


def test_the_best_that_a_machine_ever_showed_is_kept():
    quiet, later = shown(2e11, bf16=4e11, launch_s=2e-6), shown(1e11, disturbances=("a neighbour",))
    best = ceilings.best_of(quiet, later)
    assert [rate.matmul_flop_per_s for rate in best.rates] == [2e11, 4e11]
    assert best.rates[1].convolution_flop_per_s is None
    assert (best.launch_s, best.disturbances) == (2e-6, ())
    assert best.bandwidths == quiet.bandwidths


def test_a_precision_that_only_a_disturbed_measurement_has_keeps_its_mark():
    best = ceilings.best_of(shown(2e11), shown(1e11, bf16=3e11, disturbances=("a neighbour",)))
    assert [rate.matmul_flop_per_s for rate in best.rates] == [2e11, 3e11]
    assert best.disturbances == ("a neighbour",)
