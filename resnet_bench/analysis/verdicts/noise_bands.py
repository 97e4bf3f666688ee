"""The noise bands that repeated runs of one revision teach: what differs between runs beyond their launch noise.

A run's shift hits all of its cases at once, so it counts once: ten cases in three runs are three shifts, not thirty.
Only what a case does on its own in a run is pooled over cases. Three runs are few, and where this machine was
calibrated, what they teach is drawn towards that, each with its own degrees of freedom.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.location import Location, robust
from resnet_bench.analysis.metric import NoisyMetric
from resnet_bench.analysis.metrics import NOISY_METRICS
from resnet_bench.analysis.stats import t_quantile
from resnet_bench.analysis.verdicts.figures import SideFigures, aligned
from resnet_bench.records import Band, BandSource, Case, Digest, Figures, Summary
from resnet_bench.records.conclusions import LARGEST_BAND

NARROWEST_BAND = 0.01  # nobody acts on less
FEWEST_RUNS = 3  # two runs have one difference, which is no spread
MORE_RUNS = 2
_KEPT = 0.25  # of the variance, at least; simulated: less, and steady runs by luck teach bands that claim too much
_WORTH_TELLING = 1.1  # times narrower
_LARGEST_REACH = math.log(LARGEST_BAND)
_Groups = list[list[float]]


class Between(NamedTuple):
    """How runs of one revision differ: standard deviation of a run's shift, as a logarithm, and degrees of freedom."""

    shift: float
    degrees: float

    def band(self, runs: int) -> float:
        """Return the relative change that the mean of so many runs and one more may show, with `CONFIDENCE`."""
        reach = t_quantile(self.degrees, CONFIDENCE) * self.shift * math.sqrt(1 + 1 / runs)
        return max(NARROWEST_BAND, math.expm1(min(reach, _LARGEST_REACH)))


def learn_bands(runs: Sequence[Digest]) -> tuple[Band, ...]:
    """Return the noise band of each metric from at least three runs of identical code.

    Of one that is corrected for drift there are two: rows are compared raw where a side has no reference.
    """
    if len(runs) < FEWEST_RUNS:
        return ()
    of_both = [(metric, figures) for metric in NOISY_METRICS for figures in Figures]
    found = ((metric, figures, between_runs(_log_medians(runs, metric, figures))) for metric, figures in of_both)
    return tuple(
        _band(metric.name, it, runs=len(runs), source=BandSource.BASELINE, figures=figures)
        for metric, figures, it in found
        if it is not None
    )


def between_runs(cases: Sequence[Sequence[Sequence[float]]]) -> Between | None:
    """Return how runs differ, from log launch medians by case and run; None without three runs of two launches.

    A two-way random effects model of cases and runs: y = case + shift of the run + the case's own shift + launch noise.
    The variance of one case's shift is that of run means and of what cases do on their own, less launch noise, of which
    three runs know little: a part of the variance always stays. Cases are pooled (Satterthwaite) only where run means
    vary no more than cases do on their own; else each run is one shift.
    """
    located = [[robust(group) for group in runs if len(group) > 1] for runs in cases]
    count = max((len(runs) for runs in located), default=0)
    whole = [runs for runs in located if len(runs) == count]
    if count < FEWEST_RUNS:
        return None
    means = np.array([[it.mean for it in runs] for runs in whole])
    rest = means - means.mean(axis=0) - means.mean(axis=1, keepdims=True) + means.mean()
    common = float(means.mean(axis=0).var(ddof=1))
    of_cases = float((rest**2).sum() / ((count - 1) * max(1, len(whole) - 1)))
    total = common + of_cases * (1 - 1 / len(whole))
    degrees = count - 1.0
    if len(whole) > 1 and common * len(whole) < of_cases:
        own = 1 - common / total
        degrees /= (1 - own) ** 2 + own**2 / (len(whole) - 1)
    return Between(math.sqrt(max(total - _launch_noise(whole), total * _KEPT)), degrees)


def known_bands(learnt: Iterable[Band], calibrated: Iterable[Band]) -> tuple[Band, ...]:
    """Return a band for each metric that either knows: where both do, the learnt one drawn towards the calibrated one.

    A calibration is of what was measured; corrected figures, which differ less, are drawn towards that too. One that
    does not say how it came to be, of an earlier release, outranks what runs taught.
    """
    ours = {(band.metric, band.figures): band for band in learnt}
    machines = {band.metric: band for band in calibrated}
    alone = (band for metric, band in machines.items() if (metric, Figures.RAW) not in ours)
    return (*(_joined(band, machines.get(band.metric)) for band in ours.values()), *alone)


def calibrated_band(metric: str, found: Between) -> Band:
    """Return the band of a machine, between one run and another."""
    return _band(metric, found, runs=1, source=BandSource.CALIBRATION)


def in_words(band: Band, *, beside: Iterable[Band] = ()) -> str:
    """Say what a band means, and what more runs would bring; `beside` are all that it is said with."""
    width = units.percent_short(band.width)
    two = any(it.metric == band.metric and it.figures is not band.figures for it in beside)
    kind = " corrected for drift" if band.figures is Figures.CORRECTED else " as measured" if two else ""
    said = f"noise band of {band.metric}{kind}: {width} ({band.source}); changes below {width} cannot be seen"
    if band.shift is None or band.degrees is None or band.runs is None or band.runs < FEWEST_RUNS:
        return said
    # A calibration stays what it is, so of both bands only runs add to the degrees.
    of_a_run = 1.0 if band.source is BandSource.BOTH else band.degrees / (band.runs - 1)
    later = Between(band.shift, band.degrees + MORE_RUNS * of_a_run)
    narrower = later.band(band.runs + MORE_RUNS)
    if narrower > band.width / _WORTH_TELLING:
        return said
    return f"{said}; two more runs would bring it to about {units.percent_short(narrower)}"


def _band(metric: str, found: Between, *, runs: int, source: BandSource, figures: Figures = Figures.RAW) -> Band:
    return Band(
        metric=metric,
        width=found.band(runs),
        source=source,
        shift=found.shift,
        degrees=found.degrees,
        runs=runs,
        figures=figures,
    )


def _joined(learnt: Band, calibrated: Band | None) -> Band:
    if calibrated is None:
        return learnt
    both = [
        Between(band.shift, band.degrees)
        for band in (learnt, calibrated)
        if band.shift is not None and band.degrees is not None
    ]
    if len(both) < 2 or learnt.runs is None:  # noqa: PLR2004 - the learnt and the calibrated one
        return msgspec.structs.replace(calibrated, figures=learnt.figures)
    degrees = sum(it.degrees for it in both)
    shift = math.sqrt(sum(it.degrees * it.shift**2 for it in both) / degrees)
    return _band(
        learnt.metric, Between(shift, degrees), runs=learnt.runs, source=BandSource.BOTH, figures=learnt.figures
    )


def _launch_noise(cases: Sequence[Sequence[Location]]) -> float:
    return float(np.mean([it.variance for runs in cases for it in runs]))


def _log_medians(runs: Sequence[Digest], metric: NoisyMetric, figures: Figures) -> list[_Groups]:
    """Return logarithms of launch medians by case: a group for each run that has them; corrected, where all have."""
    summaries: dict[Case, list[Summary]] = {}
    for run in runs:
        for it in run.cases:
            for summary in it.summaries:
                if summary.metric == metric.name:
                    summaries.setdefault(it.case, []).append(summary)
    sides = (_sides(metric, of_runs, figures) for of_runs in summaries.values())
    return [[[math.log(value) for value in side.launch_medians if value > 0] for side in of_case] for of_case in sides]


def _sides(metric: NoisyMetric, summaries: Sequence[Summary], figures: Figures) -> Sequence[SideFigures]:
    if figures is Figures.RAW:
        return [SideFigures(summary.launch_medians) for summary in summaries]
    return (aligned(summaries, metric.corrected) if metric.corrected else None) or ()
