"""Summaries of noisy metrics. The unit of replication is the launch, never the sample.

Samples of one process share its memory layout, clocks and neighbours, so an interval over pooled samples is far too
narrow. Each launch is reduced to the median of its samples first. The interval is of the trimmed mean of the
logarithms of those medians (`analysis.location`): one slow launch hardly widens it, and the unit does not matter.
It speaks about this run's launches: a machine that was different on another day is outside of it.
"""

import math
import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.drift import correct
from resnet_bench.analysis.location import robust
from resnet_bench.analysis.metric import CorrectedForm, NoisyMetric
from resnet_bench.analysis.nominals import of_launches
from resnet_bench.records import CorrectedSummary, Interval, Measurement, Nominal, Summary

P99_MIN_SAMPLES = 100
MIN_LAUNCHES = 3
_NORMAL_MAD = 1.4826  # standard deviation of normal noise over its median absolute deviation
_LARGEST_LOG = 700.0  # exp() still fits in a float


def summarize(measurement: Measurement, metric: NoisyMetric, nominals: Sequence[Nominal] = ()) -> Summary | None:
    """Summarize one noisy metric of a measurement, in base units.

    Args:
        measurement: a case with its launches.
        metric: what to summarize.
        nominals: of the run (`analysis.nominals`); that of these very launches where theirs is not among them.

    Returns:
        None where no launch has the metric. The interval is None below three launches, p99 below 100 samples.
    """
    per_launch = launch_samples(measurement, metric)
    if not per_launch:
        return None
    medians = tuple(statistics.median(samples) for samples in per_launch)
    pooled = sorted(value for samples in per_launch for value in samples)
    center = statistics.median(pooled)
    p50, p90, p95, p99 = percentiles(pooled, (50, 90, 95, 99))
    return Summary(
        metric=metric.name,
        median=statistics.median(medians),
        interval=center_interval(medians),
        mad=statistics.median([abs(value - center) for value in pooled]),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99 if len(pooled) >= P99_MIN_SAMPLES else None,
        launches=len(medians),
        samples=len(pooled),
        launch_medians=medians,
        corrected=corrected(measurement, metric.corrected, nominals) if metric.corrected else None,
    )


def corrected(
    measurement: Measurement, form: CorrectedForm, nominals: Sequence[Nominal] = ()
) -> CorrectedSummary | None:
    """Summarize launches corrected for drift, None where they have no reference, or not the same one."""
    launches = measurement.launches
    samples = [form.samples(launch) for launch in launches]
    if not samples or any(it.reference is None for it in samples):
        return None
    found = correct(samples, nominal=of_launches(launches, nominals), threads=measurement.case.threads)
    if found is None:
        return None
    values = tuple(form.of_iteration(measurement.case.batch_size, value) for value in found.launch_s)
    doubt = found.correction.coefficient_deviation * found.correction.offset
    interval = center_interval(values)
    return CorrectedSummary(
        median=statistics.median(values),
        interval=None if interval is None else doubted(interval, doubt),
        launch_medians=values,
        correction=found.correction,
    )


def doubted(interval: Interval, doubt: float) -> Interval:
    """Return an interval widened by a doubt about its place: a standard deviation of the logarithm."""
    if not doubt:
        return interval
    center = math.sqrt(interval.low * interval.high)
    half = math.hypot(math.log(interval.high / center), special.ndtri(0.5 + interval.confidence / 2) * doubt)
    return Interval(low=center * exponential(-half), high=center * exponential(half), confidence=interval.confidence)


def launch_samples(measurement: Measurement, metric: NoisyMetric) -> tuple[tuple[float, ...], ...]:
    """Return the samples of each replicate that has the metric, in order of launches."""
    return tuple(samples for launch in metric.replicates(measurement.launches) if (samples := metric.extract(launch)))


def percentiles(ordered: Sequence[float], shares: Sequence[float]) -> tuple[float, ...]:
    """Return percentiles of values in rising order, with linear interpolation between neighbours.

    numpy's default definition, at a tenth of its cost for the few dozen samples of a launch.
    """
    found = []
    for share in shares:
        position = share / 100 * (len(ordered) - 1)
        below = math.floor(position)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (ordered[above] - ordered[below]) * (position - below))
    return tuple(found)


def center_interval(medians: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return the interval of the centre of launch medians, or None with fewer than three.

    With two, the quantile of t is 64 standard errors: an interval that says nothing and hides every figure.

    On logarithms, widened to hold the median of the medians where outlying launches pull the mean away.
    Values that have no logarithm (a peak of 0 bytes) are treated on the linear scale.
    """
    if len(medians) < MIN_LAUNCHES:
        return None
    center = statistics.median(medians)
    if min(medians) <= 0:
        low, high = interval_of(medians, confidence)
    else:
        low, high = (exponential(bound) for bound in interval_of([math.log(value) for value in medians], confidence))
    return Interval(low=min(low, center), high=max(high, center), confidence=confidence)


def interval_of(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided interval of where at least two values lie."""
    found = robust(values)
    half = t_quantile(found.degrees, confidence) * found.error
    return found.mean - half, found.mean + half


def normal_deviation(deviations: ArrayLike) -> float:
    """Return the standard deviation of normal noise whose median size is that of `deviations`, of any shape."""
    return _NORMAL_MAD * float(np.median(np.abs(deviations)))


def t_quantile(degrees: float, confidence: float) -> float:
    """Return the half-width in standard errors of a two-sided t interval."""
    return float(special.stdtrit(degrees, 0.5 + confidence / 2))


def exponential(value: float) -> float:
    """Return e to the `value`, kept finite so that a hopelessly wide interval can still be saved."""
    return math.exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, value)))
