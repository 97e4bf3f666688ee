"""What launch pairs of identical code teach about a machine: noise bands, launch counts and false alarms."""

import math
from collections.abc import Sequence

import numpy as np

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.metrics import TIMINGS
from resnet_bench.analysis.stats import MIN_LAUNCHES, normal_deviation, t_quantile
from resnet_bench.analysis.verdicts.noise_bands import FEWEST_RUNS, NARROWEST_BAND, between_runs, calibrated_band
from resnet_bench.analysis.verdicts.ratio import POWER, degrees
from resnet_bench.analysis.verdicts.sequential import LOOKS, UNCHANGED_CONFIDENCE, detectable_change, first_decision
from resnet_bench.records import Band, Verdict
from resnet_bench.records.calibration import CaseCalibration

REPORTED_PAIRS = (6, 10, 20)
RELABELLINGS = 400
WORTHWHILE = 0.05
MOST_LAUNCHES = 50
MOST_PARTS = 7
WIDEST_BAND = 0.25  # a gate with a wider band would sleep; better the default and honest "inconclusive" rows


def calibrate_case(
    case: str, turns: Sequence[tuple[Sequence[float], Sequence[float]]], *, band: float, seed: int
) -> CaseCalibration:
    """Reduce launch pairs of identical code (seconds per iteration of each turn, both sides) to what they show.

    The false alarm rate is that of the sequential gate over `RELABELLINGS` random swaps of the sides within pairs,
    which leave identical code identical; its own error is large with few pairs.
    """
    logs = [np.log(np.asarray(right)) - np.log(np.asarray(left)) for left, right in turns]
    ratios = np.array([float(np.median(it)) for it in logs])
    rng = np.random.default_rng(seed)
    alarms = 0
    for _ in range(RELABELLINGS):
        drawn = rng.choice(ratios, size=LOOKS[-1]) * rng.choice((-1.0, 1.0), size=LOOKS[-1])
        alarms += first_decision(drawn.tolist(), band=band).verdict in {Verdict.IMPROVED, Verdict.REGRESSED}
    spread = float(ratios.std(ddof=1))
    return CaseCalibration(
        case=case,
        pairs=len(ratios),
        within_launch=float(np.median([normal_deviation(it - np.median(it)) for it in logs])),
        between_launches=spread,
        bias=float(ratios.mean()),
        false_alarm_rate=alarms / RELABELLINGS,
        detectable={str(pairs): detectable_change(spread, pairs, band=band) for pairs in REPORTED_PAIRS},
    )


def pairs_needed(cases: Sequence[CaseCalibration], *, band: float) -> int | None:
    """Return after how many launch pairs `ab` finds a change of `WORTHWHILE`, None if not even at its last look."""
    spread = max((case.between_launches for case in cases), default=0.0)
    return next((look for look in LOOKS if detectable_change(spread, look, band=band) <= WORTHWHILE), None)


def paired_band(cases: Sequence[CaseCalibration]) -> float | None:
    """Return the band within which `ab` shows identical code to be in 95 of 100 comparisons of the noisiest case.

    None where that is wider than a gate should be.
    """
    spread = max(case.between_launches for case in cases)
    quantile = t_quantile(LOOKS[-1] - 1, UNCHANGED_CONFIDENCE)
    width = math.expm1(2 * quantile * spread / math.sqrt(LOOKS[-1]))  # estimate and its interval both reach so far
    return None if width > WIDEST_BAND else max(NARROWEST_BAND, math.ceil(width * 1000) / 1000)


def launches_needed(sides: Sequence[Sequence[float]], *, band: float) -> int | None:
    """Return how many launches a side separate runs need for the same, from each case's launch medians."""
    spread = max(float(np.log(np.asarray(medians)).std(ddof=1)) for medians in sides)
    for count in range(MIN_LAUNCHES, MOST_LAUNCHES + 1):
        quantiles = t_quantile(degrees(count), CONFIDENCE) + t_quantile(degrees(count), 2 * POWER - 1)
        if math.expm1(math.log1p(band) + quantiles * spread * math.sqrt(2 / count)) <= WORTHWHILE:
            return count
    return None


def noise_bands(sides: Sequence[Sequence[float]]) -> tuple[Band, ...]:
    """Return the timings' bands that parts of the session teach, from each case's launch medians in time order.

    Each part stands for a run of its own. Nothing where the session was too unsteady to learn a band from.
    """
    parts = min(MOST_PARTS, max(FEWEST_RUNS, min(map(len, sides)) // 2))
    found = between_runs(
        [[np.log(part).tolist() for part in np.array_split(np.asarray(medians), parts)] for medians in sides]
    )
    if found is None or found.band(1) > WIDEST_BAND:
        return ()
    return tuple(calibrated_band(metric.name, found) for metric in TIMINGS)
