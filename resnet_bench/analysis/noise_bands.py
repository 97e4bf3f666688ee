"""The noise bands that repeated runs of one revision teach: what differs between runs beyond their launch noise."""

import math
from collections.abc import Sequence

import numpy as np

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.metrics import NOISY_METRICS
from resnet_bench.analysis.stats import t_quantile
from resnet_bench.records import Band, BandSource, Case, Digest

NARROWEST_BAND = 0.01  # nobody acts on less
_Groups = list[list[float]]


def learn_bands(runs: Sequence[Digest]) -> tuple[Band, ...]:
    """Return the noise band of each metric from at least three runs of identical code.

    The variance of run centres that launch noise does not explain, pooled over cases, bounds the difference between
    two runs with `CONFIDENCE` (a one-way random effects model on logarithms of launch medians).
    """
    if len(runs) < 3:  # noqa: PLR2004 - two runs have one difference, which is no spread
        return ()
    medians = _log_medians(runs)
    return tuple(
        Band(metric=metric.name, width=width, source=BandSource.BASELINE)
        for metric in NOISY_METRICS
        if (width := excess_band(list(medians.get(metric.name, {}).values()))) is not None
    )


def excess_band(cases: Sequence[Sequence[Sequence[float]]]) -> float | None:
    """Return the relative band from log launch medians by case and run; None without three runs of two launches."""
    excess: list[float] = []
    degrees = 0
    for runs in cases:
        groups = [group for group in runs if len(group) > 1]
        if len(groups) > 2:  # noqa: PLR2004 - two runs have one difference, which is no spread
            explained = float(np.mean([np.var(group, ddof=1) / len(group) for group in groups]))
            excess.append(float(np.var([np.mean(group) for group in groups], ddof=1)) - explained)
            degrees += len(groups) - 1
    if not excess:
        return None
    between = math.sqrt(2 * max(0.0, float(np.mean(excess))))
    return max(NARROWEST_BAND, math.expm1(t_quantile(degrees, CONFIDENCE) * between))


def _log_medians(runs: Sequence[Digest]) -> dict[str, dict[Case, _Groups]]:
    """Return logarithms of launch medians by metric and case: a group for each run that has them."""
    found: dict[str, dict[Case, _Groups]] = {}
    for run in runs:
        for it in run.cases:
            for summary in it.summaries:
                group = [math.log(value) for value in summary.launch_medians if value > 0]
                found.setdefault(summary.metric, {}).setdefault(it.case, []).append(group)
    return found
