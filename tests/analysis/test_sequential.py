import math

import numpy as np
import pytest
from scipy import stats

from resnet_bench.analysis.verdicts.sequential import (
    FALSE_ALARM_RATE,
    LOOKS,
    NOMINAL_SHARE,
    TRIMMED_SHARE,
    boundary,
    decide,
    trimmed_mean,
)
from resnet_bench.records import Verdict


def run_until_decided(ratios, *, band):
    for pairs in LOOKS:
        decision = decide(ratios[:pairs], band=band)
        if decision.verdict is not Verdict.INCONCLUSIVE:
            return decision
    return decision


def test_looking_often_does_not_raise_the_false_alarm_rate():
    # No band to speak of, so nothing but the boundary holds; the reference is simulated here, not read from a table.
    rng = np.random.default_rng(7)
    for paths in (rng.normal(size=(20_000, LOOKS[-1])), heavy_tailed(rng, (20_000, LOOKS[-1]))):
        alarmed = np.zeros(len(paths), dtype=bool)
        for pairs in LOOKS:
            mean, error = trimmed_means(paths[:, :pairs])
            alarmed |= np.abs(mean) > boundary(pairs, FALSE_ALARM_RATE * NOMINAL_SHARE) * error
        assert alarmed.mean() <= FALSE_ALARM_RATE
        claims = sum(
            run_until_decided(path * 0.01, band=1e-9).verdict in {Verdict.REGRESSED, Verdict.IMPROVED}
            for path in paths[:300]
        )
        assert claims <= 5  # 0.5 % of 300 is 1.5; three standard deviations more


def heavy_tailed(rng, shape):
    """Normal noise where one value in seven spreads four times as much: launches that a neighbour disturbed."""
    return rng.normal(size=shape) * np.where(rng.random(shape) < 1 / 7, 4, 1)


def trimmed_means(paths):
    """`trimmed_mean` of every row at once."""
    count = paths.shape[1]
    cut = int(TRIMMED_SHARE * count)
    ordered = np.sort(paths, axis=1)
    kept = ordered[:, cut : count - cut]
    spread = np.clip(ordered, kept[:, :1], kept[:, -1:]).std(1, ddof=1)
    return kept.mean(1), spread * math.sqrt((count - 1) / (kept.shape[1] * (kept.shape[1] - 1)))


def tukey_mclaughlin(paths):
    """The trimmed mean of each row by scipy, and its standard error from scipy's winsorised rows."""
    count = paths.shape[1]
    kept = count - 2 * int(TRIMMED_SHARE * count)
    winsorised = np.asarray(stats.mstats.winsorize(paths, (TRIMMED_SHARE, TRIMMED_SHARE), axis=1))
    error = winsorised.std(1, ddof=1) * math.sqrt((count - 1) / (kept * (kept - 1)))
    return stats.trim_mean(paths, TRIMMED_SHARE, axis=1), error


def test_the_trimmed_mean_is_that_of_scipy():
    paths = heavy_tailed(np.random.default_rng(6), (50, 26))
    means, errors = tukey_mclaughlin(paths)
    ours = [trimmed_mean(path) for path in paths]
    assert [mean for mean, _ in ours] == pytest.approx(means.tolist())
    assert [error for _, error in ours] == pytest.approx(errors.tolist())
    assert [it.tolist() for it in trimmed_means(paths)] == [pytest.approx(it.tolist()) for it in (means, errors)]


def test_a_few_wild_pairs_do_not_hide_a_slowdown():
    rng = np.random.default_rng(9)
    found = [
        run_until_decided(math.log1p(0.03) + 0.016 * heavy_tailed(rng, LOOKS[-1]), band=0.02).verdict
        for _ in range(200)
    ]
    assert found.count(Verdict.REGRESSED) >= 196


@pytest.mark.parametrize("spread", [0.007, 0.016])
def test_power_at_the_spread_of_launch_pairs(spread):
    rng = np.random.default_rng(8)
    for change, verdict in ((0.03, Verdict.REGRESSED), (0.05, Verdict.REGRESSED), (0.0, Verdict.UNCHANGED)):
        found = [
            run_until_decided(rng.normal(math.log1p(change), spread, LOOKS[-1]), band=0.02).verdict for _ in range(200)
        ]
        assert found.count(verdict) >= 198


def test_swapping_sides_inverts_ratio_and_verdict():
    ratios = [0.05, 0.052, 0.049, 0.051, 0.05, 0.048, 0.051, 0.05]
    there, back = decide(ratios, band=0.02), decide([-it for it in ratios], band=0.02)
    assert (there.verdict, back.verdict) == (Verdict.REGRESSED, Verdict.IMPROVED)
    assert there.ratio * back.ratio == pytest.approx(1)
    assert there.interval.low * back.interval.high == pytest.approx(1)


def test_more_pairs_than_a_look_wait_for_the_next_look():
    ratios = [0.05, 0.051, 0.049, 0.05, 0.052, 0.048]
    assert decide(ratios[:3], band=0.02).interval is None
    assert decide(ratios[:1], band=0.02).reason == "1 launch pair; the first look is after 6"
    assert decide([*ratios, 9.0], band=0.02) == decide(ratios, band=0.02)


def test_a_larger_family_asks_for_more():
    ratios = [0.05, 0.06, 0.04, 0.055, 0.045, 0.05]
    assert decide(ratios, band=0.02).interval.low > decide(ratios, band=0.02, family=40).interval.low


def test_an_undecided_case_says_how_many_more_pairs_would_decide():
    rng = np.random.default_rng(5)
    drawn = rng.normal(0, 1, 6)
    standard = ((drawn - drawn.mean()) / drawn.std(ddof=1)).tolist()
    soon = decide([0.03 + 0.012 * it for it in standard], band=0.02)
    assert soon.verdict is Verdict.INCONCLUSIVE
    # t(7) at 0.11 x 0.5 % is 6.0, and 6.0 x 0.012 / sqrt(8) is less than 0.03; at six pairs it is not.
    assert "about 2 more launch pairs would decide if mean and spread stay as they are" in soon.reason
    never = decide([0.021 + 0.2 * it for it in standard], band=0.02)
    assert "40 launch pairs would not decide" in never.reason
