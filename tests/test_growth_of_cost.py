"""What grows with the number of cases grows with it and no faster: counted, never timed."""

import sys

import pytest

from resnet_bench.analysis.digest import pool
from resnet_bench.analysis.verdicts import gate, ratchet
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.report.documents.run import build
from tests.make import suite_run

MODELS = tuple(f"resnet{number}_w{width}" for number in (18, 34, 50, 101) for width in range(1, 20))


def _runs(cases, count):
    sizes = tuple(range(1, 1 + cases // len(MODELS)))
    spec = dict(models=MODELS, batch_sizes=sizes, launches=2, samples=3)
    return [suite_run(seed=seed, run_id=f"run-{seed}", **spec) for seed in range(count)]


def _lines(step):
    """Return how many lines ran: each turn of a loop is one, that of a comprehension too."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
    return count


def _pool(runs):
    return pool(runs, "b")


def _gate(runs):
    left, right = (pool([run], run.header.id) for run in runs[:2])
    rule = Rule(name="r", metric="latency_s", limit=0.05)
    table = compare(left, right)
    gate.judge(table, [rule], sides=(left, right))
    ratchet.ratchet(left, right, table)


@pytest.mark.parametrize("step", [_pool, _gate, build])
def test_eight_times_the_cases_cost_at_most_eight_times_the_lines(step):
    small, large = (_runs(len(MODELS) * size, 3) for size in (1, 8))
    few, many = (_lines(lambda it=it: step(it)) for it in (small, large))
    assert many < 8 * 1.2 * few, f"{few} lines for {len(MODELS)} cases, {many} for eight times as many"
