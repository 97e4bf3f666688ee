import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench.analysis.digest import pool
from resnet_bench.analysis.verdicts.comparability import parse_across
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.noise_bands import NARROWEST_BAND
from resnet_bench.errors import StoreError, UsageError
from resnet_bench.records import Band, BandSource, SkipReason, State, Verdict
from tests.make import (
    CASE,
    EXECUTED,
    IDENTITY,
    PROTOCOL,
    case,
    change,
    commit,
    digest_of,
    measurement,
    noisy_launches,
    profile,
    run_of,
    skip,
)

INVERSE = {Verdict.IMPROVED: Verdict.REGRESSED, Verdict.REGRESSED: Verdict.IMPROVED}


def one(table, metric="latency_s"):
    return next(row for row in table.comparisons if row.metric == metric)


def pair(factor, *, noise=0.002, count=6, seed=1):
    return (
        digest_of([measurement(noisy_launches(seed, noise=noise, count=count))], name="old"),
        digest_of([measurement(noisy_launches(seed + 1, factor=factor, noise=noise, count=count))], name="new"),
    )


def test_a_slowdown_beyond_the_band_is_regressed_and_lower_throughput_too():
    table = compare(*pair(1.10))
    row = one(table)
    assert row.verdict is Verdict.REGRESSED
    assert row.ratio == pytest.approx(1.10, abs=0.01)
    assert row.reason.startswith("interval 1.09")
    assert row.reason.endswith("lies beyond the noise band of 2 %")
    assert one(table, "throughput_images_per_s").verdict is Verdict.REGRESSED
    assert one(table, "peak_rss_bytes").verdict is Verdict.UNCHANGED


def test_more_throughput_is_never_a_regression():
    table = compare(*pair(0.5))
    assert one(table, "throughput_images_per_s").ratio == pytest.approx(2.0, rel=0.02)
    assert one(table, "throughput_images_per_s").verdict is Verdict.IMPROVED
    assert one(table).verdict is Verdict.IMPROVED


def test_identical_code_is_unchanged_and_wide_intervals_are_inconclusive():
    assert one(compare(*pair(1.0))).verdict is Verdict.UNCHANGED
    row = one(compare(*pair(1.0, noise=0.02)))
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "wider than the band of 2 %" in row.reason
    assert f": {row.more_launches} more launches a side would decide with a probability of 9" in row.reason
    assert row.detectable > 0.05


def test_a_single_launch_says_nothing_noisy():
    row = one(compare(*pair(2.0, count=1)))
    assert row.verdict is Verdict.INCONCLUSIVE
    assert row.interval is None
    assert "a single launch in the baseline says nothing" in row.reason


@settings(max_examples=30, deadline=None)
@given(st.floats(0.8, 1.25), st.floats(0.0005, 0.03), st.integers(2, 9), st.integers(0, 99))
def test_symmetry_swapping_sides_inverts_ratio_and_verdict(factor, noise, count, seed):
    left, right = pair(factor, noise=noise, count=count, seed=seed)
    there, back = compare(left, right), compare(right, left)
    for forth, reverse in zip(there.comparisons, back.comparisons, strict=True):
        assert forth.ratio * reverse.ratio == pytest.approx(1)
        assert reverse.verdict is INVERSE.get(forth.verdict, forth.verdict)


def _case_of_table(trial, side, size):
    seed = trial * 1000 + side * 100 + size
    return measurement(noisy_launches(seed, noise=0.01, samples=3), of=case(batch_size=size))


@pytest.mark.slow
def test_forty_identical_cases_stay_quiet_together():
    tables_with_a_claim = 0
    for trial in range(60):
        sides = [
            digest_of([_case_of_table(trial, side, size) for size in range(1, 41)], name=f"side {side}")
            for side in (0, 1)
        ]
        table = compare(*sides, bands=[Band(metric="latency_s", width=1e-6, source=BandSource.FLAG)])
        rows = [row for row in table.comparisons if row.metric == "latency_s"]
        tables_with_a_claim += any(row.verdict in INVERSE for row in rows)
    # Even without a band to speak of, Holm keeps the whole table at 1 %; 60 tables uncorrected would show about 20.
    assert tables_with_a_claim <= 3


@pytest.mark.parametrize(
    ("identity", "kind", "field"),
    [
        ({"torch": "2.14.0"}, "torch", "torch"),
        ({"device_name": "Other"}, "device", "device_name"),
        ({"driver": "555.1"}, "driver", "driver"),
        ({"power_limit_w": 400.0}, "power", "power_limit_w"),
        ({"ecc": True}, "ecc", "ecc"),
    ],
)
def test_another_environment_is_refused_and_named_unless_allowed(identity, kind, field):
    left = digest_of([measurement(noisy_launches(1), profile=profile())])
    right = digest_of([measurement(noisy_launches(2), profile=profile())], identity=change(IDENTITY, **identity))
    table = compare(left, right)
    assert one(table).verdict is Verdict.NOT_COMPARABLE
    assert field in one(table).reason
    assert f"--across {kind}" in one(table).reason
    assert [(it.kind, it.field, it.cases) for it in table.differences] == [(kind, field, 1)]
    assert one(table, "parameters").verdict is Verdict.UNCHANGED  # the model decides them, not the machine
    assert one(compare(left, right, across=parse_across(kind))).verdict is Verdict.UNCHANGED


def test_precision_as_executed_threads_and_protocol_must_agree():
    left = digest_of([measurement(noisy_launches(1))])
    tf32 = digest_of([measurement(noisy_launches(1), executed=change(EXECUTED, tf32_matmul=True))])
    assert "tf32_matmul" in one(compare(left, tf32)).reason
    longer = digest_of([measurement(noisy_launches(1))], protocol=change(PROTOCOL, sampling_budget_s=9.0))
    assert "sampling_budget_s" in one(compare(left, longer)).reason
    burst = digest_of([measurement(noisy_launches(1))], protocol=change(PROTOCOL, state=State.SUSTAINED))
    assert "state" in one(compare(left, burst)).reason
    assert "sustained" in one(compare(left, burst)).reason
    more = digest_of([measurement(noisy_launches(1))], protocol=change(PROTOCOL, launches=10, seed=3))
    assert one(compare(left, more)).verdict is Verdict.UNCHANGED
    threads = digest_of([measurement(noisy_launches(1), of=case(threads=2), executed=change(EXECUTED, threads=2))])
    assert "threads asked for (1 and 2)" in one(compare(left, threads)).reason
    assert one(compare(left, threads, across={"threads"})).verdict is Verdict.UNCHANGED


def test_an_unknown_kind_of_difference_names_the_nearest():
    with pytest.raises(UsageError, match=r"'tourch' is not a kind of difference\. Did you mean 'torch'"):
        parse_across("tourch")


def test_a_case_on_one_side_is_not_comparable_and_says_why():
    both = [measurement(noisy_launches(1)), measurement(noisy_launches(2), of=case(batch_size=64))]
    full = skip(case(batch_size=64))
    table = compare(digest_of(both), digest_of(both[:1], skips=(full,)))
    rows = [row for row in table.comparisons if row.case.batch_size == 64]
    assert rows
    assert {row.verdict for row in rows} == {Verdict.NOT_COMPARABLE}
    assert {row.reason for row in rows} == {"skipped in the contender: out_of_memory"}
    assert {row.contender for row in rows} == {None}
    assert compare(digest_of(both[:1]), digest_of(both)).counts["not comparable"] == len(rows)


def test_exact_metrics_have_no_tolerance():
    left = digest_of([measurement(noisy_launches(1), profile=profile(macs=10**9))])
    right = digest_of([measurement(noisy_launches(1), profile=profile(macs=10**9 + 1))])
    row = one(compare(left, right), "macs")
    assert (row.verdict, row.reason) == (Verdict.REGRESSED, "an exact metric differs by +1")
    assert one(compare(right, left), "macs").verdict is Verdict.IMPROVED


def test_geometric_mean_by_hand_and_counts_add_up():
    left = digest_of([measurement([[1.0], [1.0]]), measurement([[1.0], [1.0]], of=case(batch_size=8))])
    right = digest_of([measurement([[2.0], [2.0]]), measurement([[8.0], [8.0]], of=case(batch_size=8))])
    table = compare(left, right)
    mean = next(it for it in table.means if it.metric == "latency_s")
    assert (mean.ratio, mean.cases) == (pytest.approx(4.0), 2)
    assert sum(table.counts.values()) == len(table.comparisons)


def test_bands_of_the_machine_outrank_the_baselines_and_the_defaults():
    left, right = pair(1.05)
    learnt = change(left, bands=(Band(metric="latency_s", width=0.10, source=BandSource.BASELINE),))
    assert one(compare(learnt, right)).verdict is Verdict.UNCHANGED
    mine = [Band(metric="latency_s", width=0.01, source=BandSource.CALIBRATION)]
    assert one(compare(learnt, right, bands=mine)).verdict is Verdict.REGRESSED


def test_a_band_is_learnt_from_what_runs_differ_by_beyond_their_launches():
    steady = [run_of([measurement(noisy_launches(seed))], name=f"r{seed}") for seed in range(3)]
    assert {band.metric: band.width for band in pool(steady, "b").bands}["latency_s"] == NARROWEST_BAND
    rng = random.Random(1)
    moving = [
        run_of([measurement(noisy_launches(seed, factor=math.exp(rng.gauss(0, 0.03))))], name=f"r{seed}")
        for seed in range(5)
    ]
    learnt = pool(moving, "b")
    assert 0.05 < {band.metric: band.width for band in learnt.bands}["latency_s"] < 0.5
    assert {summary.launches for summary in learnt.cases[0].summaries} == {30}
    assert pool(steady[:2], "b").bands == ()


def test_runs_of_two_machines_make_no_baseline():
    other = change(IDENTITY, cpu_name="Other CPU")
    with pytest.raises(StoreError, match="they differ in cpu_name"):
        pool([run_of([measurement([[1.0]])]), run_of([measurement([[1.0]])], identity=other)], "b")


def test_what_is_no_repetition_of_one_revision_makes_no_baseline():
    runs = [run_of([measurement(noisy_launches(seed), profile=profile())], name=f"r{seed}") for seed in range(3)]
    with pytest.raises(StoreError, match="r0 is given twice"):
        pool([*runs, runs[0]], "b")
    joined = change(runs[2], header=change(runs[2].header, merged=("x", "r1")))
    with pytest.raises(StoreError, match="r1 is given twice"):
        pool([runs[0], runs[1], joined], "b")
    commits = [commit(name * 40) for name in ("a", "b")]
    parts = [change(run, header=change(run.header, commit=it)) for run, it in zip(runs[:2], commits, strict=True)]
    with pytest.raises(StoreError, match="they measured commits aaaaaaaaaaaa and bbbbbbbbbbbb"):
        pool(parts, "b")
    wider = run_of([measurement(noisy_launches(9), profile=profile(parameters=2000))], name="wider")
    with pytest.raises(StoreError, match="resnet18 has 1,000 and 2,000 parameters"):
        pool([runs[0], wider], "b")
    other = run_of([measurement(noisy_launches(9), of=case(batch_size=64))], name="other")
    with pytest.raises(StoreError, match="they share no case"):
        pool([runs[0], other], "b")


def test_a_case_that_one_repetition_lacks_still_stands_in_the_baseline():
    small, large = measurement(noisy_launches(1)), measurement(noisy_launches(2), of=case(batch_size=64))
    skipped = skip(large.case, SkipReason.TIMEOUT)
    found = pool([run_of([small], name="r1", skips=(skipped,)), run_of([small, large], name="r2")], "b")
    assert [it.case.batch_size for it in found.cases] == [4, 64]
    assert found.skips == ()


def test_a_lone_case_keeps_its_key():
    assert one(compare(*pair(1.0))).case == CASE
