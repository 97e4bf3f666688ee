"""Simulated comparisons of known truth, judged by the product's own code: what its claims are worth.

Launches have log-normal noise, and where asked 8 in 100 are slowed down, by an exponential 20 % on average. A table has
four noisy rows a case: latency and throughput, that share their launches, and two of memory that do not move. Seeds
are fixed: the same numbers every time.

    python -m benchmarks.gate_power --simulated
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.verdicts.forecast import more_launches
from resnet_bench.analysis.verdicts.noise_bands import Between, between_runs, calibrated_band, known_bands
from resnet_bench.analysis.verdicts.ratio import LogRatio, holm, log_ratio
from resnet_bench.records import Band, BandSource

NOISES = (0.01, 0.02, 0.03, 0.05)
LAUNCHES = (3, 6, 10, 20)
OUTLIER_SHARE = 0.08
OUTLIER_MEAN = 0.20
BAND = LATENCY.band
CALIBRATED_DEGREES = 6.0
LIMIT, SLOWER = 0.05, 0.10
_TIMINGS, _ROWS_A_CASE = 2, 4
_Launches = NDArray[np.float64]


class Cell(NamedTuple):
    """One kind of comparison: launch noise, share of outlier launches, launches a side, cases of the table."""

    noise: float
    outliers: float
    launches: int
    cases: int = 1

    def launch(self, rng: np.random.Generator, count: int, change: float = 0.0) -> _Launches:
        """Return seconds of launches of a case that takes 1 s, times 1 + change."""
        slowed = np.where(rng.random(count) < self.outliers, rng.exponential(OUTLIER_MEAN, count), 0.0)
        launches: _Launches = (1 + change) * np.exp(rng.normal(0, self.noise, count)) * (1 + slowed)
        return launches


class Rates(NamedTuple):
    """Shares of trials: a table with a false claim, an interval that holds the truth, a change that was found.

    `found_by_plain_means` is what would have been found without trimming: the price of it, or what it brings.
    """

    false_tables: float
    covered: float
    found: float
    found_by_plain_means: float


def simulate(cell: Cell, change: float, *, trials: int, seed: int = 0, slow: float = 1.0) -> Rates:
    """Judge tables of which the first case changed; its first contender launch takes `slow` times as long."""
    rng = np.random.default_rng(seed)
    false_tables = covered = found = found_plain = 0
    for _ in range(trials):
        rows = [_pair(cell, rng, change if number == 0 else 0.0) for number in range(cell.cases)]
        if slow != 1:
            rows[0][1][0] *= slow
        estimates = [_estimate(*row) for row in rows]
        claims = _claims(estimates)
        interval = estimates[0].interval()
        false_tables += any(claims[0 if change == 0 else 1 :])
        covered += interval.low <= 1 + change <= interval.high
        found += claims[0] and (estimates[0].ratio > 1) is (change > 0)
        found_plain += _claims([dataclasses.replace(it, robust=it.plain) for it in estimates])[0]
    return Rates(false_tables / trials, covered / trials, found / trials, found_plain / trials)


class Forecasts(NamedTuple):
    """Rows that were left open, how many of them got a forecast, its mean probability, and the share that it met."""

    open_rows: int
    stated_rows: int
    stated: float
    observed: float


def forecasts(cell: Cell, change: float, *, trials: int, seed: int = 0) -> Forecasts:
    """Make as many more launches as each open row asks for, and look whether they decided."""
    rng = np.random.default_rng(seed)
    open_rows, stated, observed = 0, [], []
    for _ in range(trials):
        sides = _pair(cell, rng, change)
        estimate = _estimate(*sides)
        if _decided(estimate):
            continue
        open_rows += 1
        said = more_launches(estimate, BAND, family=_ROWS_A_CASE)
        if said is not None:
            news = (cell.launch(rng, said.launches), cell.launch(rng, said.launches, change))
            longer = [np.concatenate(it) for it in zip(sides, news, strict=True)]
            stated.append(said.probability)
            observed.append(_decided(_estimate(*longer)))
    means = (float(np.mean(it)) if it else 0.0 for it in (stated, observed))
    return Forecasts(open_rows, len(stated), *means)


class Bands(NamedTuple):
    """The median of the learnt latency bands, and shares of comparisons with one more run.

    `false_claims` of identical code; `passed` of identical code under a limit of `LIMIT`, and `failed` of one that is
    `SLOWER`: the rest is undecided.
    """

    median: float
    false_claims: float
    passed: float
    failed: float


def learn(
    shift: float,
    *,
    calibrated: float | None,
    trials: int,
    runs: int = 3,
    cases: int = 1,
    together: bool = True,
    seed: int = 0,
) -> Bands:
    """Learn a band from runs whose shifts have that standard deviation, and compare one more run with them.

    Args:
        shift: standard deviation of what runs differ by, as a logarithm.
        calibrated: the shift that this machine was calibrated with, with 6 degrees of freedom; None where it was not.
        trials: baselines to learn from.
        runs: of a baseline.
        cases: of a run.
        together: whether a shift hits all cases of a run at once, or each case has its own.
        seed: of the first.
    """
    cell, rng = Cell(0.01, 0.0, 6, cases), np.random.default_rng(seed)
    machine = calibrated_band(LATENCY.name, Between(calibrated, CALIBRATED_DEGREES)) if calibrated else None
    widths, claims, passed, failed = [], 0, 0, 0
    for _ in range(trials):
        levels = np.exp(rng.normal(0, shift, (1 if together else cases, runs + 1)))
        of_cases = np.broadcast_to(levels, (cases, runs + 1))
        made = [[cell.launch(rng, cell.launches) * level for level in of_case] for of_case in of_cases]
        learnt = between_runs([[np.log(run).tolist() for run in case[:runs]] for case in made])
        if learnt is None:
            raise ValueError("a band needs three runs")
        taught = Band(
            metric=LATENCY.name,
            width=learnt.band(runs),
            source=BandSource.BASELINE,
            shift=learnt.shift,
            degrees=learnt.degrees,
            runs=runs,
        )
        (band,) = known_bands([taught], [machine] if machine else [])
        widths.append(band.width)
        estimates = [_estimate(np.concatenate(case[:runs]), case[runs]) for case in made]
        claims += any(holm([estimate.p_beyond(band.width) for estimate in estimates]))
        judged = estimates[0].interval_between_runs(band.width)
        passed += judged.high < 1 + LIMIT
        slower = _estimate(np.concatenate(made[0][:runs]), made[0][runs] * (1 + SLOWER))
        beyond = slower.interval_between_runs(band.width).low > 1 + LIMIT
        failed += beyond and slower.p_beyond(band.width) <= 1 - CONFIDENCE
    return Bands(float(np.median(widths)), claims / trials, passed / trials, failed / trials)


def band_table(trials: int) -> Iterator[str]:
    """Yield what three runs teach, with and without a calibration that is right, half and twice the truth."""
    titles = f"{'shift':>6}{'runs':>5}{'cases':>6}{'calibrated with':>16}{'median band':>12}{'false claims':>13}"
    yield f"{titles}{'limit 5 %: identical passed':>29}{'10 % slower failed':>20}"
    for shift in (0.0, 0.005, 0.01, 0.02, 0.04):
        for runs, cases in ((3, 1), (3, 10), (5, 1)):
            for factor in (None, 0.5, 1.0, 2.0):
                if factor is None or shift > 0:
                    found = learn(shift, calibrated=factor and factor * shift, trials=trials, runs=runs, cases=cases)
                    said = "-" if factor is None else f"{factor * shift:.1%}"
                    rates = f"{found.median:12.1%}{found.false_claims:13.1%}{found.passed:29.1%}{found.failed:20.1%}"
                    yield f"{shift:6.1%}{runs:5}{cases:6}{said:>16}{rates}"


def table(trials: int) -> Iterator[str]:
    """Yield the whole table, a line a cell."""
    yield (
        f"{'noise':>6}{'outliers':>9}{'launches':>9}{'cases':>6}{'false tables':>13}{'coverage':>9}"
        f"{'5 % found':>10}{'10 % found':>11}{'10 %, one launch x1.3':>22}{'10 % found by plain means':>27}"
    )
    for cases in (1, 40):
        for noise in NOISES:
            for outliers in (0.0, OUTLIER_SHARE):
                for launches in LAUNCHES:
                    yield _line(Cell(noise, outliers, launches, cases), max(100, trials // 10) if cases > 1 else trials)
    yield ""
    titles = f"{'noise':>6}{'outliers':>9}{'launches':>9}{'change':>7}{'open':>6}"
    yield f"{titles}{'forecast':>9}{'stated':>8}{'observed':>9}"
    for noise in NOISES:
        for outliers in (0.0, OUTLIER_SHARE):
            for launches in LAUNCHES:
                for change in (0.0, 0.05, 0.10):
                    said = forecasts(Cell(noise, outliers, launches), change, trials=trials // 4)
                    if said.stated_rows:
                        yield (
                            f"{noise:6.0%}{outliers:9.0%}{launches:9}{change:7.0%}{said.open_rows:6}"
                            f"{said.stated_rows:9}{said.stated:8.0%}{said.observed:9.0%}"
                        )


def _line(cell: Cell, trials: int) -> str:
    identical = simulate(cell, 0.0, trials=trials)
    small, large = (simulate(cell, change, trials=trials, seed=1) for change in (0.05, 0.10))
    wild = simulate(cell._replace(outliers=0.0), 0.10, trials=trials, seed=2, slow=1.3)
    return (
        f"{cell.noise:6.0%}{cell.outliers:9.0%}{cell.launches:9}{cell.cases:6}{identical.false_tables:13.1%}"
        f"{identical.covered:9.1%}{small.found:10.1%}{large.found:11.1%}{wild.found:22.1%}"
        f"{large.found_by_plain_means:27.1%}"
    )


def _pair(cell: Cell, rng: np.random.Generator, change: float) -> tuple[_Launches, _Launches]:
    return cell.launch(rng, cell.launches), cell.launch(rng, cell.launches, change)


def _estimate(baseline: _Launches, contender: _Launches) -> LogRatio:
    found = log_ratio(baseline.tolist(), contender.tolist())
    if found is None:
        raise ValueError("a simulated side needs two launches")
    return found


def _claims(estimates: list[LogRatio]) -> list[bool]:
    """Return which cases are called changed; throughput is the inverse of latency here, with the same p value."""
    still = [1.0] * (_ROWS_A_CASE - _TIMINGS)
    p_values = [p for estimate in estimates for p in (*[estimate.p_beyond(BAND)] * _TIMINGS, *still)]
    return list(holm(p_values)[::_ROWS_A_CASE])


def _decided(estimate: LogRatio) -> bool:
    interval = estimate.interval()
    return _claims([estimate])[0] or (interval.low >= 1 / (1 + BAND) and interval.high <= 1 + BAND)
