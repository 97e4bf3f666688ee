"""Golden files of a live comparison: a regression, an unchanged case and one that stays undecided."""

import json

import pytest

from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.errors import IncompleteError
from resnet_bench.records import Agreement, Executor
from resnet_bench.records.live import MatchupResult, PairedSamples
from resnet_bench.report.documents import live
from resnet_bench.report.renderers import Format, render
from tests import goldens, make

LABELS = ("main (0123456789ab)", "<b>working tree</b> | `x`")


def case(model, **changes):
    return make.case(model, batch_size=1, **changes)


@pytest.fixture(scope="module")
def outcomes():
    compiled = make.matchup(case("resnet50"), case("resnet50", executor=Executor.COMPILE))
    return (
        make.matchup_result(make.matchup(case("resnet18")), change=0.08, spread=0.004, pairs=6),
        make.matchup_result(make.matchup(case("resnet34")), change=0.0, spread=0.006, pairs=8),
        make.matchup_result(compiled, change=0.02, spread=0.02, pairs=10),
    )


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN])
def test_golden(outcomes, form):
    goldens.check(render(live.document(outcomes, LABELS), form), f"ab/three{form.suffix}")


def test_how_close_each_side_is_to_eager_stands_beside_its_decision(outcomes):
    near = Agreement(images=64, max_error=0.1, sqnr_db=None, top1_agreement=1.0, classes=9)
    far = make.change(near, sqnr_db=26.04, top1_agreement=62 / 64, classes=3)
    told = make.change(outcomes[2], contender_agreement=near, remarks=("the output was not compared: why",))
    assert "contender exact, 100.0 % of 64, 9 classes, untrained" in render(live.document([told], LABELS), Format.TEXT)
    assert "the output was not compared: why" in render(live.document([told], LABELS), Format.TEXT)
    told = make.change(told, baseline_agreement=far)
    (row,) = json.loads(render(live.document([told], LABELS), Format.JSON))
    assert row["baseline_agreement"]["sqnr_db"] == 26.04
    assert "baseline 26.0 dB, void: 3 classes, untrained; contender" in render(
        live.document([told], LABELS), Format.MARKDOWN
    )


def test_no_longer_budget_is_advised_where_all_pairs_were_made():
    open_case = make.matchup_result(make.matchup(case("resnet50")), change=0.02, spread=0.06, pairs=40)
    said = render(live.document([open_case], LABELS), Format.TEXT)
    assert "40 launch pairs are the most; a steadier machine or a wider --band decides" in said
    assert "--budget" not in said


def test_labels_are_data(outcomes):
    document = live.document(outcomes, LABELS)
    assert "<b>" not in render(document, Format.MARKDOWN)
    assert {it["contender"] for it in json.loads(render(document, Format.JSON))} == {LABELS[1]}


def test_json_has_every_turn(outcomes):
    found = json.loads(render(live.document(outcomes, LABELS), Format.JSON))
    assert [len(it["turns"]) for it in found] == [6, 8, 10]
    assert found[0]["turns"][0]["baseline_s"] == [0.01, 0.0101, 0.0099]


def test_cpu_time_is_judged_unless_a_side_waits():
    steady = PairedSamples(
        pair=0,
        baseline_s=(0.02, 0.010),
        contender_s=(0.012, 0.013),
        baseline_cpu_s=(0.01, 0.010),
        contender_cpu_s=(0.01, 0.010),
    )
    assert steady.log_ratio != 0  # the contender waits in every turn: that is its own doing
    preempted = PairedSamples(
        pair=0,
        baseline_s=(0.02, 0.010),
        contender_s=(0.01, 0.03),
        baseline_cpu_s=(0.01, 0.010),
        contender_cpu_s=(0.01, 0.010),
    )
    assert preempted.log_ratio == 0


def waiting(pair, *, cpu=(0.009, 0.0081), elapsed=(0.0091, 0.0095)):
    """One turn each: the contender takes less CPU time and more elapsed time, because a neighbour was there."""
    return PairedSamples(
        pair=pair,
        baseline_s=(elapsed[0],) * 3,
        contender_s=(elapsed[1],) * 3,
        baseline_cpu_s=(cpu[0],) * 3,
        contender_cpu_s=(cpu[1],) * 3,
    )


def test_columns_ratio_and_interval_are_of_what_was_judged():
    """A contender with more milliseconds was called faster: they were elapsed, and CPU time was judged."""
    turns = tuple(waiting(pair, elapsed=(0.0091, 0.0082)) for pair in range(8))
    judged = decide([it.log_ratio for it in turns], band=0.02)
    found = MatchupResult(matchup=make.matchup(case("resnet18")), turns=turns, decision=judged)
    (row,) = json.loads(render(live.document([found], LABELS), Format.JSON))
    assert (row["baseline_s"], row["contender_s"]) == (0.009, pytest.approx(0.0081))
    assert row["contender_s"] / row["baseline_s"] == pytest.approx(row["decision"]["ratio"])
    assert row["judged_by"] == "CPU time"
    mixed = (*turns[:7], waiting(7))
    assert [it.by_cpu_time for it in mixed] == [True] * 7 + [False]
    found = MatchupResult(matchup=make.matchup(case("resnet18")), turns=mixed, decision=judged)
    assert "CPU time in 7 of 8 pairs, else elapsed" in render(live.document([found], LABELS), Format.TEXT)


def test_a_pair_without_a_ratio_is_refused():
    stopped = waiting(0, cpu=(0.0, 0.0), elapsed=(0.0, 0.0))
    with pytest.raises(IncompleteError, match="a turn of a launch pair took no time"):
        decide([stopped.log_ratio] * 6, band=0.02)
