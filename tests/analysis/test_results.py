"""Results: one per planned case, with what is known about it, measured or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.analysis import published
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.results import CaseStatus, collect
from resnet_bench.analysis.stats import percentiles
from resnet_bench.records import Agreement, Mode, ReferenceSamples, remarks
from tests.make import change, gpu_run, launch, measurement, run_of, suite_run, troubled_run


def of_launches(launches):
    return change(measurement([[0.1]]), launches=tuple(launches))


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


def test_launches_that_differ_by_page_faults_are_noted_and_those_that_do_not_are_not():
    def noted(*faults):
        launches = [launch([0.4] * 5, index=index) for index in range(len(faults))]
        counted = [
            change(it, isolated=change(it.isolated, page_faults=5 * n)) for it, n in zip(launches, faults, strict=True)
        ]
        (found,) = collected(run_of([of_launches(counted)]))
        return [text for text in found.warnings if "page faults" in text]

    assert noted(9_753, 10_000, 25_016) == [remarks.page_faults(9_753, 25_016)]
    assert noted(10_000, 11_000, 12_000) == []
    assert noted(0, 0) == []


def test_a_case_whose_corrected_launches_agree_is_not_noisy():
    """Raw medians differ by a fifth, as the machine's speed did."""
    speeds = (1.0, 1.1, 1.2)
    launches = []
    for index, speed in enumerate(speeds):
        made = launch([0.05 * speed] * 6, index=index)
        reference = ReferenceSamples(version="cpu-1", taken=(0, 3, 6), elapsed_s=(0.003 * speed,) * 3)
        launches.append(change(made, isolated=change(made.isolated, reference=reference)))
    (found,) = collected(run_of([of_launches(launches)]))
    assert found.latency.corrected.correction.spread_raw > 0.08
    assert not found.noisy
    (raw,) = collected(run_of([measurement([[0.05 * speed] * 6 for speed in speeds])]))
    assert raw.noisy


def test_the_launch_that_is_farthest_from_eager_float32_speaks_for_its_case():
    def near(sqnr_db):
        return Agreement(images=4, max_error=0.1, sqnr_db=sqnr_db, top1_agreement=1.0, classes=1)

    def agreement_of(*found):
        launches = [launch([0.01] * 5, index=index, agreement=it) for index, it in enumerate(found)]
        (result,) = collected(run_of([of_launches(launches)]))
        return result.agreement

    assert agreement_of(near(None), near(30.0), near(90.0)) == near(30.0)
    fewer = change(near(10.0), images=2)
    assert agreement_of(near(30.0), fewer) == near(30.0)
    assert agreement_of(near(None), None) == near(None)
    assert agreement_of(None) is None
