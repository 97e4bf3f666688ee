"""Results: one per planned case, with what is known about it, measured or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.analysis import published
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.results import CaseStatus, collect
from resnet_bench.analysis.stats import percentiles
from resnet_bench.records import Mode
from tests.make import gpu_run, suite_run, troubled_run


def collected(*runs):
    return collect(runs, [digest(run) for run in runs], published.published)


def test_every_case_of_every_run_has_a_result_in_order():
    runs = [suite_run(), troubled_run()]
    found = collected(*runs)
    assert [it.position for it in found] == list(range(22))
    assert [it.case for it in found] == [case for run in runs for case in run.header.cases]


def test_a_case_that_did_not_run_keeps_its_profile_and_reason():
    found = collected(gpu_run())
    skipped = [it for it in found if it.status is CaseStatus.OUT_OF_MEMORY]
    assert len(skipped) == 5
    assert all(it.predicted_bytes > 24 * 2**30 for it in skipped)
    assert all("out of memory" in it.detail for it in skipped)
    assert all(it.latency is None and it.peak_bytes is None for it in skipped)


def test_the_flop_rate_counts_a_training_step_whole():
    found = collected(suite_run(models=("resnet18",), modes=tuple(Mode), batch_sizes=(4,)))
    forward, step = found
    assert forward.flop_rate == pytest.approx(2 * 1_814_073_344 * forward.throughput.median)
    assert step.flop_rate == pytest.approx(6 * 1_814_073_344 * step.throughput.median)


@pytest.mark.parametrize(
    ("name", "family", "accuracy"),
    [
        ("resnet50", "resnet", 0.7613),
        ("torchvision:resnet50", "resnet", 0.7613),
        ("resnet50_v1", "resnet_v1", None),
        ("timm:resnet50", "timm", None),
        ("nobody", "other", None),
    ],
)
def test_families_and_accuracies(name, family, accuracy):
    known = published.published(name)
    assert (known.family, known.accuracy) == (family, accuracy)


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60))
def test_percentiles_are_numpys(values):
    shares = (0, 5, 25, 50, 90, 95, 99, 100)
    assert percentiles(sorted(values), shares) == pytest.approx(tuple(np.percentile(values, shares)), rel=1e-12)
