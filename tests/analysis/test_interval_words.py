"""An interval that spans a power of ten and holds 1 is said to be unknown wherever people read; records keep it."""

import json
import math
import re

import pytest

from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.gate import judge
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.records import Band, BandSource, Interval, Verdict
from resnet_bench.report.documents import gate, verdicts
from resnet_bench.report.renderers import Format, render
from tests.make import digest_of, measurement

# Two launches a side, those of one a quarter apart: nearly one degree of freedom, and t is 64.
APART = (math.exp(-0.127), math.exp(0.127))


def side(name, factors, latency_s=0.01):
    return digest_of([measurement([[latency_s * factor] * 5 for factor in factors])], name=name)


OLD, NEW = side("old", (1.0, 1.001)), side("new", APART, 0.00866)


def of_latency(table):
    return next(row for row in table.comparisons if row.metric == "latency_s")


@pytest.mark.parametrize(
    ("ratio", "low", "high", "launches", "said"),
    [
        (1.03, 1.021, 1.034, (6, 6), "1.021 to 1.034"),
        (1.0, 0.11, 9.9, (2, 2), "0.110 to 9.900"),
        (0.866, 0.000269, 2840.0, (2, 2), "unknown: 2 launches"),
        (1.0, 0.09, 9.9, (3, 3), "unknown: 3 launches"),
        (1.0, 0.2, 10.1, (6, 2), "unknown: 6+2 launches"),
        (100.0, 1.5, 6600.0, (2, 2), "1.500 to 6.6e+03"),  # it proves that there is a change
    ],
)
def test_what_is_said_of_an_interval(ratio, low, high, launches, said):
    interval = Interval(low=low, high=high, confidence=0.99)
    assert interval_words.of_launches(ratio, interval, launches) == said


def test_a_row_of_launches_that_tell_nothing_says_so_and_its_record_keeps_the_interval():
    table = compare(OLD, NEW)
    row = of_latency(table)
    assert row.verdict is Verdict.INCONCLUSIVE
    assert row.interval.low < 0.001
    assert row.interval.high > 1000
    assert row.reason == "interval unknown: 2 launches say next to nothing about launch noise: measure at least 6"
    document = verdicts.document(table)
    for form in (Format.TEXT, Format.MARKDOWN, Format.HTML):
        content = render(document, form)
        assert "unknown: 2 launches" in content
        assert not re.search(r"\d to [\d.]+e\+0|x[\d.]+e\+0", content)
    (found,) = (it for it in json.loads(render(document, Format.JSON))["comparisons"] if it["metric"] == "latency_s")
    assert found["interval"]["high"] == pytest.approx(row.interval.high)


def test_more_launches_that_tell_nothing_are_said_with_what_would_decide():
    row = of_latency(compare(side("old", (1.0, 4.0, 0.2, 1.0, 3.0, 0.3)), side("new", (2.0, 0.1, 5.0, 1.0, 0.2, 3.0))))
    assert row.reason == "interval unknown: 6 launches, and 200 more launches would not surely decide"


def test_a_rule_tells_no_figures_of_an_interval_but_those_that_it_stands_on():
    table = compare(OLD, NEW)
    limits = (0.05, 1e5)
    rules = [Rule(metric="latency_s", name=f"{limit:g}", limit=limit) for limit in limits]
    found = judge(table, rules, sides=(OLD, NEW))
    undecided, passed = found.outcomes
    assert (undecided.status, passed.status) == (Status.UNDECIDED, Status.PASSED)
    assert undecided.message == (
        "10.01 ms to 8.730 ms, ratio 0.873: the limit of 5 % cannot be judged, interval unknown: 2 launches"
    )
    assert re.search(r"ratio 0.873 \(0.000\d+ to \d\.\d+e\+03\) keeps the limit of", passed.message)
    assert "e+0" not in render(gate.document(judge(table, rules[:1], sides=(OLD, NEW))), Format.TEXT)


def test_an_absolute_limit_inside_an_interval_that_tells_nothing():
    wild = side("new", (0.2, 1.0, 5.0))
    rule = Rule(metric="latency_s", name="r", maximum=0.011)
    (outcome,) = judge(compare(side("old", (1.0, 1.0, 1.0)), wild), [rule], sides=(wild, wild)).outcomes
    assert outcome.status is Status.UNDECIDED
    assert outcome.message.endswith("near the limit of 11.00 ms, its interval unknown: 3 launches")


def test_unchanged_within_a_band_of_many_times_tells_the_interval_that_it_rests_on():
    bands = [Band(metric="latency_s", width=99.0, source=BandSource.FLAG)]
    row = of_latency(compare(side("old", (0.8, 1.0, 1.25)), side("new", (0.6, 1.0, 1.7)), bands=bands))
    assert row.verdict is Verdict.UNCHANGED
    assert interval_words.of_row(row) == interval_words.bounds(row.interval)
    assert interval_words.bounds(row.interval) in row.reason


def test_launch_pairs_that_tell_nothing():
    decision = decide([0.9, -1.1, 0.7, -0.6, 1.3, -1.0], band=0.02)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.interval.high > 10
    assert interval_words.of_decision(decision) == "unknown: 6 launch pairs"
    assert decision.reason.startswith("interval unknown: 6 launch pairs, and 40 launch pairs would not decide")
