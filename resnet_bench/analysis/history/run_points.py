"""What runs say of each series: launches of all runs of a commit pooled, corrected for drift where all of them can be.

Runs with uncommitted changes are left out: their commit does not say what was measured.
"""

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.history.points import Collected, SeriesKey, SeriesPoints
from resnet_bench.analysis.metric import NoisyMetric
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.stats import center_interval
from resnet_bench.analysis.verdicts.comparability import facts
from resnet_bench.analysis.verdicts.figures import aligned
from resnet_bench.errors import StoreError
from resnet_bench.machine.names import rename
from resnet_bench.records import Case, Figures, Launch, Run, SeriesSource, Summary
from resnet_bench.records.asv import AsvValue
from resnet_bench.storage.dates import seconds
from resnet_bench.words import counted

_Told = tuple[str, str, str, tuple[float, ...]]
_CORRECTED = "are corrected for drift by their reference"
_AS_MEASURED = "are judged as measured, not corrected for drift: not all of them have the same reference"


class _Pooled(NamedTuple):
    figures: Figures
    launch_medians: Mapping[str, Sequence[float]]


def collect_runs(runs: Sequence[Run], found: Collected, dates: dict[str, int]) -> list[str]:
    """Add the launches of all runs, pooled by commit and each once; return notes of what was left out."""
    notes: list[str] = []
    exact: dict[SeriesKey, dict[str, float]] = {}
    noisy: dict[SeriesKey, dict[str, list[Summary]]] = {}
    for revision, run in _committed(runs, dates, notes):
        for key, value in _values(run):
            if isinstance(value, Summary):
                noisy.setdefault(key, {}).setdefault(revision, []).append(value)
            else:
                exact.setdefault(key, {})[revision] = value
    for key, by_revision in exact.items():
        found[key] = _points(key, {it: AsvValue(value, None, None) for it, value in by_revision.items()})
    corrected = mixed = 0
    for key, summaries in noisy.items():
        pooled = _pooled(key, summaries)
        found[key] = _points(key, {it: _center(them) for it, them in pooled.launch_medians.items()}, pooled.figures)
        corrected += pooled.figures is Figures.CORRECTED
        mixed += pooled.figures is Figures.RAW and any(it.corrected for of in summaries.values() for it in of)
    for count, said in ((corrected, _CORRECTED), (mixed, _AS_MEASURED)):
        notes += [f"{counted(count, 'series', plural='series')} of runs {said}."] if count else []
    return [*notes, *(f"{run.name}: {warning}" for run in runs for warning in run.warnings)]


def _committed(runs: Sequence[Run], dates: dict[str, int], notes: list[str]) -> Iterator[tuple[str, Run]]:
    """Yield each run's revision and what it has that no earlier one had; dates and notes are added to."""
    left_out: dict[str, list[str]] = {}
    seen: set[_Told] = set()
    copies: dict[str, int] = {}
    for run in runs:
        commit = run.header.commit
        if commit is None or commit.dirty:
            why = "uncommitted changes" if commit else "no commit"
            left_out.setdefault(why, []).append(run.name)
            continue
        try:
            dates.setdefault(commit.revision, int(seconds(commit.committed_at)))
        except StoreError as error:
            left_out.setdefault(f"a damaged commit ({error})", []).append(run.name)
            continue
        once = _without(run, seen)
        if left := _launches(run) - _launches(once):
            copies[run.header.id] = left
        seen |= {_told(measurement.case, it) for measurement in once.measurements for it in measurement.launches}
        yield commit.revision, once
    notes += [f"runs with {why} are left out: {', '.join(ids)}." for why, ids in left_out.items()]
    notes += [
        f"{count} launches of {id_} stand in another of these runs too and count once." for id_, count in copies.items()
    ]


def _told(case: Case, launch: Launch) -> _Told:
    """Return what tells one launch from all others, whichever run it stands in."""
    return launch.environment, rename(case, "").key, launch.started_at, launch.isolated.elapsed_s


def _without(run: Run, seen: Collection[_Told]) -> Run:
    """Return the run without the launches that were read already: a joined run lies beside the runs that it joins."""
    measurements = []
    for measurement in run.measurements:
        launches = tuple(it for it in measurement.launches if _told(measurement.case, it) not in seen)
        if launches:
            measurements.append(msgspec.structs.replace(measurement, launches=launches))
    return msgspec.structs.replace(run, measurements=tuple(measurements))


def _launches(run: Run) -> int:
    return sum(len(measurement.launches) for measurement in run.measurements)


def _values(run: Run) -> Iterator[tuple[SeriesKey, Summary | float]]:
    """Yield what noisy metrics come to, and the value of exact ones."""
    reduced = digest(run)
    hosts = {environment.id: environment.state.hostname for environment in run.header.environments}
    for measurement, case in zip(run.measurements, reduced.cases, strict=True):
        machine = hosts.get(measurement.launches[0].environment, "")
        # The host names the machine: a joined run's case is the one that it was before the runs were joined.
        words = rename(case.case, "").key
        identity = tuple((field, value) for _, field, value in facts(case, reduced))
        for summary in case.summaries:
            yield SeriesKey(SeriesSource.RUN, machine, summary.metric, words, "", identity), summary
        for name, value in case.exact.items():
            yield SeriesKey(SeriesSource.RUN, machine, name, words, "", identity), float(value)


def _points(key: SeriesKey, values: Mapping[str, AsvValue], figures: Figures = Figures.RAW) -> SeriesPoints:
    points = SeriesPoints(find_metric(key.metric).measure.base_unit, figures)
    for revision, value in values.items():
        points.add(revision, value)
    return points


def _pooled(key: SeriesKey, summaries: Mapping[str, Sequence[Summary]]) -> _Pooled:
    """Return launch medians by commit, all by the same kind of figures: a level is no level where they are mixed."""
    metric = find_metric(key.metric)
    form = metric.corrected if isinstance(metric, NoisyMetric) else None
    flat = [(revision, it) for revision, of_commit in summaries.items() for it in of_commit]
    sides = aligned([it for _, it in flat], form) if form is not None else None
    figures = Figures.RAW if sides is None else Figures.CORRECTED
    values = [it.launch_medians for it in sides or (summary for _, summary in flat)]
    pooled: dict[str, list[float]] = {}
    for (revision, _), medians in zip(flat, values, strict=True):
        pooled.setdefault(revision, []).extend(medians)
    return _Pooled(figures, pooled)


def _center(medians: Sequence[float]) -> AsvValue:
    interval = center_interval(medians)
    return AsvValue(statistics.median(medians), interval.low if interval else None, interval.high if interval else None)
