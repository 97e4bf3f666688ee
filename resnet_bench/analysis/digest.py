"""Runs reduced to what a comparison needs.

Launches of several runs are pooled case by case: they are replicates of one revision on one machine. What differs
between the runs beyond their launch noise (another day, another neighbour) is the noise band.
"""

from collections.abc import Sequence

from resnet_bench.analysis.metric import Source
from resnet_bench.analysis.metrics import EXACT_METRICS, NOISY_METRICS
from resnet_bench.analysis.nominals import nominals_of
from resnet_bench.analysis.stats import summarize
from resnet_bench.analysis.verdicts import trend
from resnet_bench.analysis.verdicts.comparability import differences_of_runs
from resnet_bench.analysis.verdicts.noise_bands import learn_bands
from resnet_bench.errors import StoreError
from resnet_bench.machine.identity import former_id
from resnet_bench.records import Case, CaseDigest, Digest, Executed, Measurement, Nominal, Run


def digest(run: Run, name: str | None = None, *, nominals: Sequence[Nominal] | None = None) -> Digest:
    """Reduce one run; `nominals` are its own, or those that it shares with the runs beside it."""
    header = run.header
    known = nominals_of([run]) if nominals is None else nominals
    return Digest(
        name=name or run.name,
        created_at=header.created_at,
        runs=(header.id,),
        merged=header.merged,
        commit=header.commit,
        protocol=header.protocol,
        identities={environment.id: environment.identity for environment in header.environments},
        former_ids=tuple(sorted({former_id(it) for it in header.environments} - {it.id for it in header.environments})),
        cases=tuple(digest_case(measurement, known) for measurement in run.measurements),
        skips=run.skips,
        missing=run.missing,
        warnings=run.warnings,
        set_aside=run.set_aside,
    )


def digests_of(runs: Sequence[Run], names: Sequence[str | None] = ()) -> list[Digest]:
    """Reduce runs that are shown beside each other: corrected figures of one machine are given for one speed."""
    nominals = nominals_of(runs)
    return [digest(run, name, nominals=nominals) for run, name in zip(runs, names or [None] * len(runs), strict=True)]


def pool(runs: Sequence[Run], name: str) -> Digest:
    """Reduce several runs of one revision to one digest; three or more teach it noise bands.

    Raises:
        StoreError: the runs are not comparable with each other, of several revisions, or one is given twice.
    """
    digests = digests_of(runs)
    for position, other in enumerate(runs[1:], start=1):
        why = _why_apart(digests[0], digests[position]) or _why_no_replicate(runs[:position], other)
        if why:
            raise StoreError(
                f"runs {runs[0].name} and {other.name} cannot share the baseline '{name}': {why}; "
                "set a baseline from separate runs of one revision, machine and protocol."
            )
    cases = _pooled_cases(runs, digests)
    measured = {it.case for it in cases}
    skips = {skip.case: skip for run in runs for skip in run.skips if skip.case not in measured}
    missing = dict.fromkeys(case for run in runs for case in run.missing if case not in measured)
    return Digest(
        name=name,
        created_at=runs[-1].header.created_at,
        runs=tuple(run.header.id for run in runs),
        merged=tuple(id_ for run in runs for id_ in run.header.merged),
        commit=runs[-1].header.commit,
        protocol=digests[0].protocol,
        identities={id_: identity for it in digests for id_, identity in it.identities.items()},
        former_ids=tuple(sorted({id_ for it in digests for id_ in it.former_ids})),
        bands=learn_bands(digests),
        cases=cases,
        skips=tuple(skips.values()),
        missing=tuple(case for case in missing if case not in skips),
        warnings=(*(text for run in runs for text in run.warnings), *filter(None, map(trend.note, digests))),
        set_aside=tuple(text for run in runs for text in run.set_aside),
    )


def _pooled_cases(runs: Sequence[Run], digests: Sequence[Digest]) -> tuple[CaseDigest, ...]:
    """Reduce each case that any run measured, in order; what a single run has is reduced already."""
    if len(runs) == 1:
        return digests[0].cases
    parts: dict[Case, list[Measurement]] = {}
    for run in runs:
        for measurement in run.measurements:
            parts.setdefault(measurement.case, []).append(measurement)
    nominals = nominals_of(runs)
    return tuple(digest_case(_merge(found), nominals) for found in parts.values())


def _why_apart(first: Digest, other: Digest) -> str:
    """Return why two runs are no repetitions of each other, "" where they are."""
    exact = {it.case: it.exact for it in first.cases}
    shared = [it for it in other.cases if it.case in exact]
    if not shared:
        return "they share no case"
    for differing in differences_of_runs(first, other):
        return f"they differ in {differing.field} ({differing.baseline} and {differing.contender})"
    commits = [it.commit.revision[:12] for it in (first, other) if it.commit is not None]
    if len(set(commits)) > 1:
        return f"they measured commits {' and '.join(commits)}"
    for it in shared:
        for metric in (metric for metric in EXACT_METRICS if metric.source is Source.PROFILE):
            left, right = exact[it.case].get(metric.name), it.exact.get(metric.name)
            if left is not None and right is not None and left != right:
                return f"{it.case.model} has {left:,} and {right:,} {metric.label}"
    return ""


def _why_no_replicate(former: Sequence[Run], other: Run) -> str:
    """Return why the launches of a run would count twice, "" where they are new."""
    held = {id_ for run in former for id_ in run.header.merged or (run.header.id,)}
    twice = [id_ for id_ in other.header.merged or (other.header.id,) if id_ in held]
    return f"{twice[0]} is given twice, and a launch counts once" if twice else ""


def _merge(parts: Sequence[Measurement]) -> Measurement:
    return Measurement(
        case=parts[0].case,
        profile=parts[0].profile,
        launches=tuple(launch for part in parts for launch in part.launches),
    )


def digest_case(measurement: Measurement, nominals: Sequence[Nominal] = ()) -> CaseDigest:
    """Reduce one case to its metrics and to how and where it was executed; `nominals` are those of its run."""
    executed: list[Executed] = []
    for launch in measurement.launches:
        if launch.executed not in executed:
            executed.append(launch.executed)
    exact = {metric.name: metric.extract(measurement) for metric in EXACT_METRICS}
    summaries = (summarize(measurement, metric, nominals) for metric in NOISY_METRICS)
    return CaseDigest(
        case=measurement.case,
        environments=tuple(sorted({launch.environment for launch in measurement.launches})),
        executed=tuple(executed),
        exact={name: value for name, value in exact.items() if value is not None},
        summaries=tuple(summary for summary in summaries if summary is not None),
    )
