"""Sides are compared by corrected figures where all have them by the same reference, else by raw ones, and say so."""

import math

import numpy as np
import pytest

from resnet_bench.analysis.claims import Order, order, ratio_interval, ratio_of
from resnet_bench.analysis.digest import digest, pool
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.gate import judge
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.records import Figures, Nominal, Verdict
from resnet_bench.report.documents import verdicts
from resnet_bench.report.renderers import Format, render
from resnet_bench.units import percent_short
from tests.make import EXECUTED, IDENTITY, PROTOCOL, beside_reference, change, launch, measurement, run_of

PASS_S = 0.003


def a_run(
    name, *, speed=1.0, factor=1.0, seed=1, count=6, reference="cpu-1", nominal_s=PASS_S, executed=EXECUTED, **more
):
    """Launches of a network of 50 ms on a machine that is slower by `speed` and wanders by 5 % between launches."""
    rng = np.random.default_rng(seed)
    launches = []
    for index in range(count):
        slow = speed * np.exp(rng.normal(0, 0.05))
        made = launch(list(0.05 * factor * slow * np.exp(rng.normal(0, 0.01, 20))), index=index, executed=executed)
        launches.append(beside_reference(made, PASS_S * slow, version=reference) if reference else made)
    known = Nominal(version=reference or "", pass_s=(nominal_s,), environment="e1", threads=1, made_at=name)
    whole = change(measurement([[0.1]]), launches=tuple(launches))
    return run_of([whole], name=name, nominals=(known,), **more)


def latency(baseline, contender, **more):
    table = compare(digest(baseline), digest(contender), **more)
    return next(row for row in table.comparisons if row.metric == "latency_s"), table


def test_two_runs_of_identical_code_at_other_speeds_of_the_machine_are_unchanged():
    row, table = latency(a_run("one", count=10), a_run("two", speed=1.05, seed=2, count=10))
    assert row.figures is Figures.CORRECTED
    assert row.verdict is Verdict.UNCHANGED
    assert row.ratio == pytest.approx(1, abs=0.01)
    assert row.raw_ratio > 1.04
    assert table.warnings == ()


def test_far_apart_speeds_leave_a_doubt_that_the_interval_knows():
    """The coefficient is an estimate: of identical code at 30 % less speed nothing is claimed."""
    for seed in range(2, 12):
        row, _ = latency(a_run("one", seed=seed), a_run("two", speed=1.3, seed=seed + 100))
        assert row.verdict in {Verdict.UNCHANGED, Verdict.INCONCLUSIVE}
        assert row.interval.low <= 1 <= row.interval.high
        assert row.raw_ratio > 1.15


def test_a_change_is_seen_that_the_machine_hid():
    row, _ = latency(a_run("one", speed=1.17), a_run("two", factor=1.1, seed=2))
    assert row.raw_ratio < 1
    assert row.verdict is Verdict.REGRESSED
    assert row.ratio == pytest.approx(1.1, abs=0.01)


def test_sides_whose_nominal_speeds_differ_are_moved_to_one():
    row, _ = latency(a_run("one"), a_run("two", seed=2, nominal_s=0.8 * PASS_S))
    assert row.ratio == pytest.approx(1, abs=0.01)


def test_a_comparison_says_why_its_corrected_figures_are_not_those_of_a_runs_own_table():
    runs = a_run("one"), a_run("two", speed=1.2, seed=2)
    for corrected, said in ((Figures.CORRECTED, 1), (Figures.RAW, 0)):
        table = compare(*map(digest, runs), figures=corrected)
        assert render(verdicts.document(table), Format.TEXT).count("at the machine's nominal speed") == said
    row, _ = latency(*runs)
    assert row.contender != pytest.approx(digest(runs[1]).cases[0].summaries[0].corrected.median, rel=1e-3)


def test_throughput_moves_the_other_way():
    table = compare(digest(a_run("one")), digest(a_run("two", speed=1.05, factor=1.2, seed=2)))
    row = next(it for it in table.comparisons if it.metric == "throughput_images_per_s")
    assert (row.figures, row.verdict) == (Figures.CORRECTED, Verdict.REGRESSED)
    assert row.ratio == pytest.approx(1 / 1.2, abs=0.01)


def without_one(run):
    """The run with one launch beside which no reference stood."""
    first, *rest = run.measurements[0].launches
    bare = change(first, isolated=change(first.isolated, reference=None))
    return change(run, measurements=(change(run.measurements[0], launches=(bare, *rest)),))


@pytest.mark.parametrize(
    ("contender", "across", "why"),
    [
        (a_run("two", seed=2, reference=None), (), "the contender has no reference samples"),
        (without_one(a_run("two", seed=2)), (), "the contender has no reference samples, or not the same beside all"),
        (a_run("two", seed=2, reference="cpu-2"), (), "the sides have different references"),
        (a_run("two", seed=2, identity=change(IDENTITY, torch="2.14")), ("torch",), "the sides differ in machine"),
    ],
)
def test_raw_figures_are_compared_and_said_to_be_where_corrected_ones_do_not_belong_together(contender, across, why):
    row, table = latency(a_run("one"), contender, across=across)
    assert row.figures is Figures.RAW
    assert row.raw_ratio is None
    assert any(f"as they were measured, not corrected for drift: {why}" in text for text in table.warnings)


@pytest.mark.parametrize(
    ("changed", "across"),
    [
        (dict(protocol=change(PROTOCOL, sampling_budget_s=2.0)), "sampling_budget_s"),
        (dict(executed=change(EXECUTED, parameter_dtype="bfloat16")), "parameter_dtype"),
    ],
)
def test_another_protocol_or_arithmetic_on_the_same_machine_leaves_figures_corrected(changed, across):
    row, table = latency(a_run("one"), a_run("two", seed=2, **changed), across=(across,))
    assert (row.figures, table.warnings) == (Figures.CORRECTED, ())


def test_of_what_is_not_compared_at_all_it_is_not_said_by_which_figures():
    row, table = latency(a_run("one"), a_run("two", seed=2, identity=change(IDENTITY, torch="2.14")))
    assert (row.verdict, table.warnings) == (Verdict.NOT_COMPARABLE, ())


def test_without_references_on_both_sides_nothing_is_said():
    row, table = latency(a_run("one", reference=None), a_run("two", seed=2, reference=None))
    assert (row.figures, table.warnings) == (Figures.RAW, ())


def test_a_rule_may_ask_for_raw_figures_by_name():
    sides = digest(a_run("one", count=10)), digest(a_run("two", speed=1.06, seed=2, count=10))
    rules = [
        Rule(name="as it is", metric="latency_s", limit=0.05),
        Rule(name="raw", metric="latency_s", limit=0.05, figures=Figures.RAW),
    ]
    result = judge(compare(*sides), rules, sides=sides, raw=compare(*sides, figures=Figures.RAW))
    assert result.outcomes[0].status is Status.PASSED
    assert result.outcomes[1].status is not Status.PASSED
    assert " corrected for drift, ratio " in result.outcomes[0].message
    assert " as measured, ratio " in result.outcomes[1].message


def test_an_absolute_limit_holds_what_was_measured():
    sides = digest(a_run("one")), digest(a_run("two", speed=1.5, seed=2))
    (outcome,) = judge(compare(*sides), [Rule(name="most", metric="latency_s", maximum=0.06)], sides=sides).outcomes
    assert outcome.status is not Status.PASSED


def test_a_band_is_learnt_from_corrected_figures_where_all_runs_have_them():
    runs = [a_run(f"r{number}", speed=speed, seed=number) for number, speed in enumerate((1.0, 1.15, 0.9))]
    plain = [
        a_run(f"r{number}", speed=speed, seed=number, reference=None) for number, speed in enumerate((1.0, 1.15, 0.9))
    ]
    taught, without = (
        {band.figures: band.width for band in pool(of, "main").bands if band.metric == "latency_s"}
        for of in (runs, plain)
    )
    assert taught[Figures.CORRECTED] < 0.06 < taught[Figures.RAW]
    assert without == {Figures.RAW: taught[Figures.RAW]}


def test_what_was_measured_is_held_against_the_band_of_what_was_measured():
    """That of corrected figures is narrower: by it identical code was called regressed, and failed."""
    runs = [a_run(f"r{number}", speed=speed, seed=number) for number, speed in enumerate((1.0, 1.15, 0.9))]
    baseline, slow = pool(runs, "main"), digest(a_run("slow", speed=1.3, seed=9))
    bare = compare(baseline, digest(a_run("bare", speed=1.3, seed=9, reference=None)))
    row = next(it for it in bare.comparisons if it.metric == "latency_s")
    assert (row.figures, row.verdict) == (Figures.RAW, Verdict.UNCHANGED)
    assert row.judged.low < 1 < row.judged.high  # the launches alone say 1.11 to 1.53
    table, raw = (compare(baseline, slow, figures=it) for it in (Figures.CORRECTED, Figures.RAW))
    rules = [
        Rule(name="by name", metric="latency_s", limit=0.05, figures=Figures.RAW),
        Rule(name="absolute", metric="latency_s", maximum=0.055),
    ]
    result = judge(table, rules, sides=(baseline, slow), raw=raw)
    assert [it.status for it in result.outcomes] == [Status.UNDECIDED, Status.UNDECIDED]
    said = render(verdicts.document(table), Format.TEXT)
    width = next(it.width for it in table.bands if it.metric == "latency_s" and it.figures is Figures.CORRECTED)
    assert f"latency corrected for drift [ms], lower is better, noise band {percent_short(width)} (baseline)" in said


def test_claims_rest_on_corrected_figures_of_one_machine():
    def summary(**more):
        return digest(a_run("r", **more)).cases[0].summaries[0]

    one, other = summary(), summary(factor=1.05, speed=0.93, seed=2)
    assert order(one, other, Direction.LOWER) is Order.AHEAD
    assert ratio_of(one, other).ratio == pytest.approx(1 / 1.05, abs=0.01)
    corrected, raw = ratio_interval(one, other), ratio_interval(*(change(it, corrected=None) for it in (one, other)))
    assert math.log(raw.high / raw.low) > 2 * math.log(corrected.high / corrected.low)
    elsewhere = summary(factor=1.05, speed=0.93, seed=2, nominal_s=0.9 * PASS_S)
    assert ratio_interval(one, elsewhere) == raw
