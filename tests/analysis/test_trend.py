import itertools
import random
import re

import pytest

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.verdicts import trend
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.storage import run_directory
from tests.make import case, change, digest_of, launch, measurement, noisy_launches, run_of, save_run


def climbing(factor, *, seed=1, count=6, of=None):
    rng = random.Random(seed)
    launches = [[0.01 * factor ** (i / (count - 1)) * (1 + rng.gauss(0, 0.002))] for i in range(count)]
    return measurement(launches, of=of or case())


@pytest.mark.parametrize(("factor", "how"), [(1.10, "climb"), (0.9, "fall")])
def test_launches_that_climb_or_fall_are_no_repetitions(factor, how):
    side = digest_of([climbing(factor)], name="drifting")
    said = trend.note(side)
    assert re.match(rf"drifting: latencies of 1 case {how} through the run \(by about (9\.\d|1\d) %", said)
    assert said in compare(side, digest_of([measurement(noisy_launches(2))])).warnings


def test_small_trends_pooled_runs_and_few_launches_have_no_note():
    assert trend.note(digest_of([climbing(1.01)])) == ""
    assert trend.note(change(digest_of([climbing(1.10)]), runs=("a", "b"))) == ""
    assert trend.note(digest_of([climbing(1.10, count=5)])) == ""


def test_identical_launches_are_rarely_said_to_drift():
    """One case in order by chance among forty is chance; and at most one run of a hundred has a note."""
    cases = [measurement(noisy_launches(size, noise=0.02), of=case(batch_size=size)) for size in range(1, 40)]
    assert trend.note(digest_of([*cases, climbing(1.10, of=case(batch_size=40))])) == ""
    notes = sum(bool(trend.note(digest_of([measurement(noisy_launches(seed, noise=0.03))]))) for seed in range(400))
    assert notes <= 8


def test_a_launch_that_was_repeated_counts_where_it_was_made(tmp_path):
    """Disturbed launches are repeated after the others: here the first is the last, and the slowest."""
    launches = [
        launch([0.01 * 1.02**place] * 5, index=index, started_at=f"2026-01-01T00:0{place}:00+00:00")
        for place, index in enumerate((1, 2, 3, 4, 5, 0))
    ]
    directory = save_run(tmp_path / "r", run_of([change(measurement([[0.01]]), launches=tuple(launches))]))
    assert "climb through the run (by about 10 %" in trend.note(digest(run_directory.load(directory)))


@pytest.mark.parametrize("count", [3, 5, 6])
def test_kendalls_distribution_by_counting_orders(count):
    def concordance(order):
        return abs(sum((b > a) - (b < a) for a, b in itertools.combinations(order, 2)))

    found = [concordance(order) for order in itertools.permutations(range(count))]
    for least in set(found):
        assert trend.kendall_p(count, least) == pytest.approx(sum(it >= least for it in found) / len(found))
