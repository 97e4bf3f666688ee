"""Runs reduced to what a comparison needs, and the noise bands that repeated runs of one revision teach.

Launches of several runs are pooled case by case: they are replicates of one revision on one machine. What differs
between the runs beyond their launch noise (another day, another neighbour) is the noise band.
"""

import math
from collections.abc import Sequence

import numpy as np

from resnet_bench.analysis.comparability import differences_of_runs
from resnet_bench.analysis.metrics import EXACT_METRICS, NOISY_METRICS, NoisyMetric, Source
from resnet_bench.analysis.stats import launch_samples, summarize, t_quantile
from resnet_bench.errors import StoreError
from resnet_bench.records import Band, BandSource, CaseDigest, Digest, Executed, Measurement, Run

NARROWEST_BAND = 0.01  # nobody acts on less


def digest(run: Run, name: str | None = None) -> Digest:
    """Reduce one run."""
    header = run.header
    return Digest(
        name=name or header.id,
        created_at=header.created_at,
        runs=(header.id,),
        commit=header.commit,
        protocol=header.protocol,
        identities={environment.id: environment.identity for environment in header.environments},
        cases=tuple(_case_digest(measurement) for measurement in run.measurements),
        skips=run.skips,
        missing=run.missing,
        warnings=run.warnings,
    )


def pool(runs: Sequence[Run], name: str) -> Digest:
    """Reduce several runs of one revision to one digest; three or more teach it noise bands.

    Raises:
        StoreError: the runs are not comparable with each other, of several revisions, or one is given twice.
    """
    first = digest(runs[0], name)
    for position, other in enumerate(runs[1:], start=1):
        why = _why_apart(first, digest(other)) or _why_no_replicate(runs[:position], other)
        if why:
            raise StoreError(
                f"runs {runs[0].header.id} and {other.header.id} cannot share the baseline '{name}': {why}; "
                "set a baseline from separate runs of one revision, machine and protocol."
            )
    merged = tuple(_merge([_find(run, key) for run in runs]) for key in _keys(runs))
    measured = {measurement.case.key for measurement in merged}
    skips = {skip.case.key: skip for run in runs for skip in run.skips if skip.case.key not in measured}
    missing = {case.key: case for run in runs for case in run.missing if case.key not in measured}
    return Digest(
        name=name,
        created_at=runs[-1].header.created_at,
        runs=tuple(run.header.id for run in runs),
        commit=runs[-1].header.commit,
        protocol=first.protocol,
        identities={id_: identity for run in runs for id_, identity in digest(run).identities.items()},
        bands=learn_bands(runs),
        cases=tuple(_case_digest(measurement) for measurement in merged),
        skips=tuple(skips.values()),
        missing=tuple(case for key, case in missing.items() if key not in skips),
        warnings=tuple(text for run in runs for text in run.warnings),
    )


def learn_bands(runs: Sequence[Run]) -> tuple[Band, ...]:
    """Return the noise band of each metric from at least three runs of identical code.

    The variance of run centres that launch noise does not explain, pooled over cases, gives the 99 % bound of the
    difference between two runs (a one-way random effects model on logarithms of launch medians).
    """
    if len(runs) < 3:  # noqa: PLR2004 - two runs have one difference, which is no spread
        return ()
    return tuple(
        Band(metric=metric.name, width=width, source=BandSource.BASELINE)
        for metric in NOISY_METRICS
        if (width := _band_width(runs, metric)) is not None
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
    return max(NARROWEST_BAND, math.expm1(t_quantile(degrees, 0.99) * between))


def _band_width(runs: Sequence[Run], metric: NoisyMetric) -> float | None:
    return excess_band([[_log_medians(_find(run, key), metric) for run in runs] for key in _keys(runs)])


def _why_apart(first: Digest, other: Digest) -> str:
    """Return why two runs are no repetitions of each other, "" where they are."""
    exact = {it.case.key: it.exact for it in first.cases}
    shared = [it for it in other.cases if it.case.key in exact]
    if not shared:
        return "they share no case"
    for differing in differences_of_runs(first, other):
        return f"they differ in {differing.field} ({differing.baseline} and {differing.contender})"
    commits = [it.commit.revision[:12] for it in (first, other) if it.commit is not None]
    if len(set(commits)) > 1:
        return f"they measured commits {' and '.join(commits)}"
    for it in shared:
        for metric in (metric for metric in EXACT_METRICS if metric.source is Source.PROFILE):
            left, right = exact[it.case.key].get(metric.name), it.exact.get(metric.name)
            if left is not None and right is not None and left != right:
                return f"{it.case.model} has {left:,} and {right:,} {metric.label}"
    return ""


def _why_no_replicate(former: Sequence[Run], other: Run) -> str:
    """Return why the launches of a run would count twice, "" where they are new."""
    held = {id_ for run in former for id_ in run.header.merged or (run.header.id,)}
    twice = [id_ for id_ in other.header.merged or (other.header.id,) if id_ in held]
    return f"{twice[0]} is given twice, and a launch counts once" if twice else ""


def _keys(runs: Sequence[Run]) -> list[str]:
    """Return the cases that any of the runs measured, in order."""
    return list(dict.fromkeys(measurement.case.key for run in runs for measurement in run.measurements))


def _log_medians(measurement: Measurement | None, metric: NoisyMetric) -> list[float]:
    if measurement is None:
        return []
    medians = [float(np.median(samples)) for samples in launch_samples(measurement, metric)]
    return [math.log(value) for value in medians if value > 0]


def _find(run: Run, key: str) -> Measurement | None:
    return next((measurement for measurement in run.measurements if measurement.case.key == key), None)


def _merge(parts: Sequence[Measurement | None]) -> Measurement:
    present = [part for part in parts if part is not None]
    return Measurement(
        case=present[0].case,
        profile=present[0].profile,
        launches=tuple(launch for part in present for launch in part.launches),
    )


def _case_digest(measurement: Measurement) -> CaseDigest:
    executed: list[Executed] = []
    for launch in measurement.launches:
        if launch.executed not in executed:
            executed.append(launch.executed)
    exact = {metric.name: metric.extract(measurement) for metric in EXACT_METRICS}
    summaries = (summarize(measurement, metric) for metric in NOISY_METRICS)
    return CaseDigest(
        case=measurement.case,
        environments=tuple(sorted({launch.environment for launch in measurement.launches})),
        executed=tuple(executed),
        exact={name: value for name, value in exact.items() if value is not None},
        summaries=tuple(summary for summary in summaries if summary is not None),
    )
