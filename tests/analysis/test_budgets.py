"""Budgets and objectives in words: what is understood, and what each mistake is told."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.analysis.budgets import parse_budget, parse_objective
from resnet_bench.analysis.criteria import CRITERIA, find_criterion
from resnet_bench.analysis.metrics import METRICS
from resnet_bench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "criterion", "percentile", "limit", "where"),
    [
        ("latency p95 200 ms at batch 1", "latency", "p95", 0.2, {"batch_size": 1}),
        ("latency 200ms", "latency", None, 0.2, {}),
        ("200 ms at batch size 4", "latency", None, 0.2, {"batch_size": 4}),
        ("p99 under 15 ms", "latency", "p99", 0.015, {}),
        ("latency_s at most 15 ms", "latency", None, 0.015, {}),
        ("peak memory 8 GiB", "peak memory", None, 8 * 2**30, {}),
        ("8GiB", "peak memory", None, 8 * 2**30, {}),
        ("throughput at least 100 images/s at precision bf16 and batch 8", "throughput", None, 100, None),
        ("energy < 0.5 J/image", "energy", None, 0.5, {}),
        ("accuracy 76.5 %", "accuracy", None, 0.765, {}),
        ("acc@1 75 %", "accuracy", None, 0.75, {}),
        ("graph_breaks 0", "graph breaks", None, 0, {}),
        ("parameters 30000000", "parameters", None, 3e7, {}),
        ("MACs 4000000000", "MACs", None, 4e9, {}),
        ("cost 3.5", "cost", None, 3.5, {}),
    ],
)
def test_a_budget_is_read_as_it_is_said(text, criterion, percentile, limit, where):
    found = parse_budget(text)
    assert (found.criterion, found.percentile, found.limit) == (criterion, percentile, pytest.approx(limit))
    assert found.where == ({"precision": "bf16", "batch_size": 8} if where is None else where)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency", "has no limit"),
        ("", "has no limit: give a budget above 0, such as"),
        ("latency 200", "not a time"),
        ("latency 200 GiB", "not a time"),
        ("latncy 200 ms", "Did you mean 'latency'?"),
        ("200", "no limit with a unit"),
        ("latency p94 200 ms", "p94 is not given; there are p50, p90, p95, p99"),
        ("peak memory p95 8 GiB", "peak memory has no percentiles"),
        ("latency at least 200 ms", "latency is asked to be at most"),
        ("throughput under 100 images/s", "throughput is asked to be at least"),
        ("latency 200 ms at bach 1", "Did you mean 'batch_size'?"),
        ("latency 200 ms at batch x", "batch"),
        ("latency 200 ms at bf16", "'bf16' is no axis with its value"),
        ("latency 200 ms at batch 1 and batch 2", "names batch twice"),
        ("latency 0 ms", "'0 ms' is not above 0: give a budget above 0, such as 'latency p95 200 ms at batch 1'"),
        ("0.00 GiB", "'0.00 GiB' is not above 0"),
        ("throughput 0", "'0' is not above 0"),
        ("cost 3 USD", "not a plain amount"),
        ("latency -5 ms", "'-5 ms' is below 0: give a budget above 0, such as"),
        ("latency under - 5 ms", "'-5 ms' is below 0"),
        ("MACs -50 M", "'-50 M' is below 0"),
        ("SQNR -50 dB", "'-50 dB' is below 0"),
        ("-5 ms", "'-5 ms' is below 0"),
        ("peak memory \N{MINUS SIGN}8 GiB", "'-8 GiB' is below 0"),
    ],
)
def test_a_mistake_is_told_in_one_line(text, said):
    with pytest.raises(UsageError) as error:
        parse_budget(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(max_size=40))
def test_any_text_is_a_budget_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        found = parse_budget(text)
        assert found.limit > 0 or find_criterion(found.criterion).from_zero


@given(
    st.sampled_from([it for it in CRITERIA if it.percentiles]), st.sampled_from(["", " p50", " p90", " p95", " p99"])
)
def test_a_budget_says_itself_in_words_that_are_read_as_the_same(criterion, percentile):
    found = parse_budget(f"{criterion.name}{percentile} 200 ms at batch 1 and precision bf16")
    assert str(found) == f"{criterion.name}{percentile} at most 200 ms at batch 1 and bf16"


def test_everything_to_choose_by_is_understood_by_both_names_beside_a_limit():
    for criterion in CRITERIA:
        limit = next(text for text in _LIMITS if reads(criterion, text))
        for name in (criterion.name, criterion.also):
            assert parse_budget(f"{name} {limit}").criterion == criterion.name


_LIMITS = ("200 ms", "100 images/s", "8 GiB", "0.5 J/image", "40 dB", "75 %", "3")


def reads(criterion, text):
    with contextlib.suppress(UsageError):
        return criterion.parse(text) is not None
    return False


def test_every_metric_can_be_asked_for_by_its_words_and_by_its_name():
    for metric in METRICS:
        assert parse_objective(metric.label) == parse_objective(metric.name)


def test_an_objective_may_name_its_batch():
    found = parse_objective("latency p95 at batch 32")
    assert (found.criterion, found.percentile, found.where) == ("latency", "p95", {"batch_size": 32})
    with pytest.raises(UsageError, match="nothing to choose by"):
        parse_objective("beauty")
