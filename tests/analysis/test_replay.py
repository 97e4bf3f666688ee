"""The statistics on recorded rounds of identical code: resampled with fixed seeds, factors applied for power."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from resnet_bench.analysis.verdicts.ratio import log_ratio
from resnet_bench.analysis.verdicts.sequential import first_decision
from resnet_bench.records import Verdict

ROUNDS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data" / "aa_rounds.jsonl").read_text().splitlines()
]
SERIES = ("fwd_b1", "fwd_b8", "train")


def medians(comparison, side, series):
    return [float(np.median(samples[series])) for samples in comparison[side]]


def claims(mode, *, factor, band, relabellings=10):
    """Share of comparisons that claim a change; sides are swapped within a round at random, which keeps A = B."""
    rng = random.Random(17)
    found = total = 0
    for comparison in (it for it in ROUNDS if it["mode"] == mode):
        for series in SERIES:
            sides = list(zip(medians(comparison, "A", series), medians(comparison, "B", series), strict=True))
            for _ in range(relabellings):
                drawn = [pair if rng.random() < 0.5 else pair[::-1] for pair in sides]
                estimate = log_ratio([left for left, _ in drawn], [right * factor for _, right in drawn])
                found += estimate.p_beyond(band) <= 0.01
                total += 1
    return found / total, total


def test_all_recordings_are_there():
    assert len(ROUNDS) == 27
    assert {it["mode"] for it in ROUNDS} == {"inter1", "inter2", "duet1"}


def test_identical_code_with_one_thread_is_quiet():
    rate, total = claims("inter1", factor=1.0, band=0.02)
    assert total == 270
    assert rate <= 0.01


def test_even_two_threads_on_two_cores_raise_few_false_alarms():
    rate, _ = claims("inter2", factor=1.0, band=0.02)
    assert rate <= 0.02


def test_twenty_per_cent_is_found_with_one_thread_and_eight_launches():
    rate, _ = claims("inter1", factor=1.20, band=0.02)
    assert rate >= 0.7


def test_power_grows_with_the_change():
    rates = [claims("inter1", factor=factor, band=0.02)[0] for factor in (1.0, 1.1, 1.2, 1.5)]
    assert rates == sorted(rates)


def sequential_verdicts(mode, *, neighbour, factor, relabellings=10):
    """The ab rule on the eight recorded rounds as launch pairs, sides swapped within a round at random."""
    rng = random.Random(18)
    found = []
    for comparison in (it for it in ROUNDS if it["mode"] == mode and it["neighbour"] is neighbour):
        for series in SERIES:
            left, right = medians(comparison, "A", series), medians(comparison, "B", series)
            logs = [math.log(b / a) for a, b in zip(left, right, strict=True)]
            for _ in range(relabellings):
                drawn = [it * rng.choice((-1, 1)) + math.log(factor) for it in logs]
                found.append(first_decision(drawn, band=0.02).verdict)
    return found


def share(verdicts, *wanted):
    return sum(it in wanted for it in verdicts) / len(verdicts)


@pytest.mark.parametrize("mode", ["inter1", "inter2", "duet1"])
@pytest.mark.parametrize("neighbour", [False, True])
def test_the_sequential_rule_is_quiet_on_identical_code(mode, neighbour):
    verdicts = sequential_verdicts(mode, neighbour=neighbour, factor=1.0)
    assert len(verdicts) >= 120
    assert share(verdicts, Verdict.IMPROVED, Verdict.REGRESSED) <= 0.01


def test_the_sequential_rule_never_reads_a_slowdown_as_an_improvement():
    verdicts = sequential_verdicts("inter1", neighbour=False, factor=1.2)
    assert share(verdicts, Verdict.IMPROVED) == 0
    assert share(verdicts, Verdict.REGRESSED) >= 0.5
