"""Measurements of many commits as series in commit order, with the commits where their levels changed.

Points are joined only where identity agrees: the case, the machine, Python, torch, what was executed, the protocol,
and a benchmark's version. Anything else is a new series, because nobody can tell a regression from a changed
configuration afterwards. Runs with uncommitted changes are left out: their commit does not say what was measured.
"""

import datetime as dt
import itertools
import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from resnet_bench.analysis import changes
from resnet_bench.analysis.comparability import facts
from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import EXACT_METRICS, find_metric
from resnet_bench.analysis.stats import center_interval
from resnet_bench.errors import StoreError
from resnet_bench.git import order
from resnet_bench.git.order import Ordering
from resnet_bench.machine.names import rename
from resnet_bench.records import (
    Case,
    Change,
    History,
    HistoryCommit,
    HistorySeries,
    Interval,
    Launch,
    Outcome,
    Run,
    SeriesSource,
)
from resnet_bench.records.asv import AsvResults, AsvValue

MIN_CHANGE = 0.03
_EXACT = frozenset(metric.name for metric in EXACT_METRICS)
_EXACT_IN_ASV = frozenset(metric.asv.name for metric in EXACT_METRICS)
_ASV_UNITS = {"seconds": "s", "bytes": "B"}


class _Key(NamedTuple):
    """What points must share to be joined."""

    source: SeriesSource
    machine: str
    metric: str
    case: str
    version: str
    identity: tuple[tuple[str, str], ...]


class _Points(NamedTuple):
    """One series before its commits are in order; a commit may have several values."""

    unit: str
    values: dict[str, list[AsvValue | None]]


_Found = dict[_Key, _Points]
_Told = tuple[str, str, str, tuple[float, ...]]


def build(
    results: Sequence[AsvResults],
    runs: Sequence[Run],
    *,
    sources: Sequence[str],
    repository: Path,
    branch: str = "HEAD",
    min_change: float = MIN_CHANGE,
    notes: Sequence[str] = (),
) -> tuple[History, Ordering]:
    """Build the history of asv's results and of runs.

    Args:
        results: results folders as read.
        runs: run directories as loaded.
        sources: what was read, in words.
        repository: where commits are put in order.
        branch: whose history it is.
        min_change: smallest relative change of a noisy metric to report.
        notes: what the caller has to say already.

    Raises:
        StoreError: no commit is left.
        UsageError: there is no such branch.
    """
    found: _Found = {}
    dates: dict[str, int] = {}
    said = [*notes, *(note for result in results for note in result.notes)]
    read = {run.header.commit.revision for run in runs if run.header.commit and not run.header.commit.dirty}
    for result in results:
        said += _add_asv(result, found, dates, read=read)
    said += _add_runs(runs, found, dates)
    ordering = order.order(dates, repository, branch=branch)
    said += ordering.notes
    if not ordering.commits:
        raise StoreError(f"{', '.join(sources)}: no measured commit is in the history of {branch}; {' '.join(said)}")
    place = {revision: position for position, revision in enumerate(ordering.commits)}
    series = [one for key, points in found.items() if (one := _series(key, points, place, min_change)).commits]
    series.sort(key=lambda it: (it.source, it.machine, it.metric, it.case, it.commits[0]))
    failing, tried = _failing(found, place)
    history = History(
        sources=tuple(sources),
        order=ordering.kind,
        min_change=min_change,
        commits=tuple(HistoryCommit(revision=it, date=_moment(dates[it])) for it in ordering.commits),
        series=tuple(series),
        failing=failing,
        notes=(*said, *_new_identities(series, ordering.commits), *_failing_note(failing, tried)),
    )
    return history, ordering


def _add_asv(results: AsvResults, found: _Found, dates: dict[str, int], *, read: Collection[str]) -> list[str]:
    """Add asv's values, but not what runs of the revisions that are `read` themselves exported to it."""
    again = 0
    for file in results.files:
        dates.setdefault(file.revision, file.date)
        for row in file.rows:
            if file.revision in read and row.exported:
                again += len(row.cases)
                continue
            unit = results.units[row.benchmark]
            for case, value in zip(row.cases, row.values, strict=True):
                key = _Key(SeriesSource.ASV, file.machine, row.benchmark, case, row.version, file.identity)
                points = found.get(key)
                if points is None:
                    points = found[key] = _Points(_ASV_UNITS.get(unit, unit), {})
                points.values.setdefault(file.revision, []).append(value)
    values = f"{again} value{'' if again == 1 else 's'}"
    return [f"{values} that runs exported to asv count once: the runs themselves are read here."] if again else []


def _add_runs(runs: Sequence[Run], found: _Found, dates: dict[str, int]) -> list[str]:
    """Pool the launches of all runs of a commit, each once; return what was left out."""
    left_out: dict[str, list[str]] = {}
    pooled: dict[_Key, dict[str, list[float]]] = {}
    seen: set[_Told] = set()
    copies: dict[str, int] = {}
    for run in runs:
        commit = run.header.commit
        if commit is None or commit.dirty:
            why = "uncommitted changes" if commit else "no commit"
            left_out.setdefault(why, []).append(run.header.id)
            continue
        dates.setdefault(commit.revision, _seconds(commit.committed_at))
        once = _without(run, seen)
        if left := _launches(run) - _launches(once):
            copies[run.header.id] = left
        seen |= {_told(measurement.case, it) for measurement in once.measurements for it in measurement.launches}
        for key, values in _run_values(once):
            pooled.setdefault(key, {}).setdefault(commit.revision, []).extend(values)
    for key, by_revision in pooled.items():
        points = found[key] = _Points(find_metric(key.metric).measure.base_unit, {})
        for revision, medians in by_revision.items():
            points.values[revision] = [_center(key, medians)]
    return [
        *(f"runs with {why} are left out: {', '.join(ids)}." for why, ids in left_out.items()),
        *(
            f"{count} launches of {id_} stand in another of these runs too and count once."
            for id_, count in copies.items()
        ),
        *(f"{run.header.id}: {warning}" for run in runs for warning in run.warnings),
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


def _run_values(run: Run) -> Iterator[tuple[_Key, tuple[float, ...]]]:
    """Yield launch medians of noisy metrics and the value of exact ones."""
    reduced = digest(run)
    hosts = {environment.id: environment.state.hostname for environment in run.header.environments}
    for measurement, case in zip(run.measurements, reduced.cases, strict=True):
        machine = hosts.get(measurement.launches[0].environment, "")
        # The host names the machine: a joined run's case is the one that it was before the runs were joined.
        words = rename(case.case, "").key
        identity = tuple((field, value) for _, field, value in facts(case, reduced))
        for summary in case.summaries:
            yield _Key(SeriesSource.RUN, machine, summary.metric, words, "", identity), summary.launch_medians
        for name, value in case.exact.items():
            yield _Key(SeriesSource.RUN, machine, name, words, "", identity), (float(value),)


def _center(key: _Key, medians: Sequence[float]) -> AsvValue:
    if key.metric in _EXACT:
        return AsvValue(medians[-1], None, None)
    interval = center_interval(medians)
    return AsvValue(statistics.median(medians), interval.low if interval else None, interval.high if interval else None)


def _series(key: _Key, points: _Points, place: Mapping[str, int], min_change: float) -> HistorySeries:
    at: list[tuple[int, AsvValue]] = []
    failed = skipped = 0
    for revision, several in points.values.items():
        if revision not in place:
            continue
        good = [value for value in several if value is not None and math.isfinite(value.value)]
        failed += sum(value is None for value in several)
        skipped += sum(value is not None and not math.isfinite(value.value) for value in several)
        if len(good) == 1:
            at.append((place[revision], good[0]))
        elif good:
            at.append((place[revision], AsvValue(statistics.median(value.value for value in good), None, None)))
    at.sort(key=lambda item: item[0])
    higher_is_better, exact = _known_of(key)
    series = HistorySeries(
        source=key.source,
        machine=key.machine,
        case=key.case,
        metric=key.metric,
        unit=points.unit,
        higher_is_better=higher_is_better,
        exact=exact,
        version=key.version,
        identity=dict(key.identity),
        commits=tuple(position for position, _ in at),
        values=tuple(value.value for _, value in at),
        low=tuple(value.low for _, value in at),
        high=tuple(value.high for _, value in at),
        failed=failed,
        skipped=skipped,
    )
    return msgspec.structs.replace(series, changes=find_changes(series, min_change))


def _known_of(key: _Key) -> tuple[bool, bool]:
    """Return whether higher is better and whether the metric is exact; more is worse in asv."""
    if key.source is SeriesSource.ASV:
        name = key.metric.rpartition(".")[2].removeprefix("track_")
        return False, name in _EXACT_IN_ASV
    return find_metric(key.metric).direction is Direction.HIGHER, key.metric in _EXACT


def find_changes(series: HistorySeries, min_change: float) -> tuple[Change, ...]:
    """Return the change points of a series that are at least `min_change` large; of an exact metric all."""
    values = series.values
    steps = list(changes.jumps(values) if series.exact else changes.find_steps(values))
    while True:
        levels = _levels(values, [step.first for step in steps])
        sizes = [_relative(before, new) for before, new in itertools.pairwise(levels)]
        if series.exact or not sizes or min(sizes) >= min_change:
            break
        del steps[sizes.index(min(sizes))]
    bounds = [0, *(step.first for step in steps), len(values)]
    found = []
    for number, step in enumerate(steps):
        before, new = levels[number], levels[number + 1]
        worse = (new < before) == series.higher_is_better
        found.append(
            Change(
                last_before=series.commits[step.first - 1],
                first_after=series.commits[step.first],
                after=series.commits[step.earliest - 1],
                by=series.commits[step.latest],
                before=before,
                new=new,
                ratio=new / before if before else None,
                interval=None
                if series.exact
                else _interval(values[bounds[number] : step.first], values[step.first : bounds[number + 2]]),
                outcome=Outcome.REGRESSED if worse else Outcome.IMPROVED,
                repaired_by=_repaired(series, steps, levels, number, min_change) if worse else None,
            )
        )
    return tuple(found)


def _levels(values: Sequence[float], starts: Sequence[int]) -> list[float]:
    bounds = [0, *starts, len(values)]
    return [changes.center(values[start:end]) for start, end in itertools.pairwise(bounds) if end > start]


def _relative(before: float, new: float) -> float:
    return abs(new / before - 1) if before else math.inf


def _interval(before: Sequence[float], after: Sequence[float]) -> Interval | None:
    if min(*before, *after) <= 0:
        return None
    low, high = changes.ratio_interval(before, after, CONFIDENCE)
    return Interval(low=low, high=high, confidence=CONFIDENCE)


def _repaired(
    series: HistorySeries, steps: Sequence[changes.Step], levels: Sequence[float], number: int, min_change: float
) -> int | None:
    """Return the commit from which on the level is no worse than before the regression, None where it still is."""
    tolerance = 0.0 if series.exact else min_change
    sign = -1 if series.higher_is_better else 1
    limit = levels[number] + sign * abs(levels[number]) * tolerance
    back = None
    for later in range(len(levels) - 1, number + 1, -1):
        if sign * (levels[later] - limit) > 0:
            break
        back = series.commits[steps[later - 1].first]
    return back


def _new_identities(series: Sequence[HistorySeries], revisions: Sequence[str]) -> list[str]:
    """Say where a case goes on under another identity: what changed, from which commit on, for how many series."""
    groups: dict[tuple[str, str, str, str], list[HistorySeries]] = {}
    for one in series:
        groups.setdefault((one.source, one.machine, one.metric, one.case), []).append(one)
    counts: dict[str, int] = {}
    for group in groups.values():
        for before, now in itertools.pairwise(group):
            if now.commits[0] > before.commits[-1]:
                text = f"{_differences(before, now)} from {revisions[now.commits[0]][:10]} on"
                counts[text] = counts.get(text, 0) + 1
    return [
        f"{count} series start{'s' if count == 1 else ''} anew and {'is' if count == 1 else 'are'} not joined: {text}."
        for text, count in counts.items()
    ]


def _differences(before: HistorySeries, now: HistorySeries) -> str:
    left = before.identity | {"benchmark version": before.version[:10]}
    right = now.identity | {"benchmark version": now.version[:10]}
    names = [name for name in {**left, **right} if left.get(name) != right.get(name)]
    return ", ".join(f"{name} {left.get(name) or 'none'} became {right.get(name) or 'none'}" for name in names)


def _failing(found: _Found, place: Mapping[str, int]) -> tuple[int, int]:
    """Return how many series failed at their machine's newest commit, of how many: a gate must not take that for good.

    A benchmark that never gave a value has no series to show, and counts all the same.
    """
    newest: dict[str, int] = {}
    tries: list[tuple[str, int, bool]] = []
    for key, points in found.items():
        tried = [revision for revision in points.values if revision in place]
        if tried:
            last = max(tried, key=place.__getitem__)
            newest[key.machine] = max(newest.get(key.machine, 0), place[last])
            tries.append((key.machine, place[last], all(value is None for value in points.values[last])))
    return sum(failed and at == newest[machine] for machine, at, failed in tries), len(tries)


def _failing_note(failing: int, total: int) -> list[str]:
    return [f"{failing} of {total} series failed at the newest commit."] if failing else []


def _moment(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _seconds(moment: str) -> int:
    return int(dt.datetime.fromisoformat(moment).timestamp())
