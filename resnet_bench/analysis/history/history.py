"""Measurements of many commits as series in commit order, with the commits where their levels changed."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from resnet_bench import units
from resnet_bench.analysis.history import series_pool
from resnet_bench.analysis.history.points import Collected, collect_asv
from resnet_bench.analysis.history.progress import Progress, silent
from resnet_bench.analysis.history.run_points import collect_runs
from resnet_bench.analysis.history.series import MIN_CHANGE
from resnet_bench.analysis.history.suspicion import FALSE_ALARMS
from resnet_bench.errors import StoreError
from resnet_bench.git import order
from resnet_bench.git.order import Ordering
from resnet_bench.records import History, HistoryCommit, HistorySeries, Run
from resnet_bench.records.asv import AsvResults
from resnet_bench.words import counted, listed


def build(
    results: Sequence[AsvResults],
    runs: Sequence[Run],
    *,
    sources: Sequence[str],
    repository: Path,
    branch: str = "HEAD",
    min_change: float = MIN_CHANGE,
    notes: Sequence[str] = (),
    progress: Progress = silent,
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
        progress: hears how many series were judged.

    Raises:
        StoreError: no commit is left.
        UsageError: there is no such branch.
    """
    found: Collected = {}
    dates: dict[str, int] = {}
    said = [*notes, *(note for result in results for note in result.notes)]
    read = {run.header.commit.revision for run in runs if run.header.commit and not run.header.commit.dirty}
    for result in results:
        said += collect_asv(result, found, dates, read=read)
    said += collect_runs(runs, found, dates)
    ordering = order.order(dates, repository, branch=branch)
    said += ordering.notes
    if not ordering.commits:
        raise StoreError(f"{', '.join(sources)}: no measured commit is in the history of {branch}; {' '.join(said)}")
    place = {revision: position for position, revision in enumerate(ordering.commits)}
    newest, failing, tried = _newest(found, place)
    series = [one for key, points in found.items() if (one := points.in_order(key, place)).commits]
    series.sort(key=lambda it: (it.source, it.machine, it.metric, it.case, it.commits[0]))
    series, faults = series_pool.judge(series, min_change, newest=newest, progress=progress)
    history = History(
        sources=tuple(sources),
        order=ordering.kind,
        min_change=min_change,
        commits=tuple(HistoryCommit(revision=it, date=_moment(dates[it])) for it in ordering.commits),
        series=tuple(series),
        failing=failing,
        unjudged=len(faults),
        false_alarm_rate=FALSE_ALARMS,
        notes=(
            *said,
            *_new_identities(series, ordering.commits),
            *faults,
            *_suspicion_note(series),
            *_failing_note(failing, tried),
            *_empty_note(found, place),
        ),
    )
    return history, ordering


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


def _newest(found: Collected, place: Mapping[str, int]) -> tuple[dict[str, int], int, int]:
    """Return the newest commit of each machine, and how many series failed there, of how many.

    A gate must not take a failure for good. A benchmark that never gave a value has no series to show, and counts too.
    """
    newest: dict[str, int] = {}
    tries: list[tuple[str, int, bool]] = []
    for key, points in found.items():
        if tried := points.tried(place):
            newest[key.machine] = max(newest.get(key.machine, 0), tried[0])
            tries.append((key.machine, *tried))
    return newest, sum(failed and at == newest[machine] for machine, at, failed in tries), len(tries)


def _suspicion_note(series: Sequence[HistorySeries]) -> list[str]:
    """Say what a suspicion is, where there is one."""
    if not any(one.suspected for one in series):
        return []
    rate = units.percent_short(FALSE_ALARMS)
    note = (
        f"A suspicion is about the newest one or two commits, which say too little for a change: at most {rate} of "
        "steady series are suspected wrongly. Three commits at the new level make it a change; "
        "`resnet-bench ab` measures two commits against each other now."
    )
    return [note]


def _failing_note(failing: int, total: int) -> list[str]:
    return [f"{failing} of {total} series failed at the newest commit."] if failing else []


def _empty_note(found: Collected, place: Mapping[str, int]) -> list[str]:
    """Name the series that have no value to show: asv's null is a failure, its NaN was skipped."""
    names: dict[str, list[str]] = {"failed": [], "skipped": []}
    for key, points in found.items():
        if kind := points.without_value(place):
            names[kind].append(f"{key.metric} ({key.case})" if key.case else key.metric)
    count = sum(map(len, names.values()))
    said = [f"{len(of)} {kind} ({listed(sorted(set(of)))})" for kind, of in names.items() if of]
    have = "has" if count == 1 else "have"
    series = counted(count, "series", "series")
    return [f"{series} {have} no value at any commit, and no row: {', '.join(said)}."] if count else []


def _moment(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
