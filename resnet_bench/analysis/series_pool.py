"""Many series judged, in processes beside this one where they are long: a fault of one series is a note on it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import msgspec

from resnet_bench.analysis.series import judged
from resnet_bench.records import Change, HistorySeries, Suspicion
from resnet_bench.words import counted

_WORTH_PROCESSES = 50_000  # points; a process takes half a second to start
_CHUNK = 20_000

Progress = Callable[[str], None]
_Judgement = tuple[tuple[Change, ...], Suspicion | None] | str


def silent(_text: str) -> None:
    """Hear of progress and say nothing."""


def judge(
    series: Sequence[HistorySeries],
    min_change: float,
    *,
    newest: Mapping[str, int],
    progress: Progress = silent,
    processes: int | None = None,
) -> tuple[list[HistorySeries], list[str]]:
    """Return the series with their changes and suspicions, and a note for each that could not be judged.

    Args:
        series: in any order.
        min_change: smallest relative change of a noisy metric to report.
        newest: the newest commit that each machine measured.
        progress: hears how far it is.
        processes: how many to start at most; by default as many as there are processors.
    """
    chunks = list(_chunks(series))
    of_chunk = partial(_judge_chunk, min_change, dict(newest))
    wanted = min(len(chunks), processes or len(os.sched_getaffinity(0)))
    found: list[_Judgement] = []
    if wanted > 1 and sum(len(one.values) for one in series) >= _WORTH_PROCESSES:
        with ProcessPoolExecutor(wanted, mp_context=get_context("spawn")) as pool:
            for part in pool.map(of_chunk, chunks):
                found += part
                progress(_so_far(len(found), len(series)))
    else:
        for chunk in chunks:
            found += of_chunk(chunk)
            progress(_so_far(len(found), len(series)))
    return _told(series, found)


def _so_far(done: int, total: int) -> str:
    return f"judged {done:,} of {counted(total, 'series', 'series')}"


def _chunks(series: Sequence[HistorySeries]) -> Iterator[list[HistorySeries]]:
    """Yield the series without what nobody needs to judge them, a few thousand points at a time."""
    chunk: list[HistorySeries] = []
    points = 0
    for one in series:
        chunk.append(msgspec.structs.replace(one, low=(), high=(), identity={}))
        points += len(one.values)
        if points >= _CHUNK:
            yield chunk
            chunk, points = [], 0
    if chunk:
        yield chunk


def _judge_chunk(min_change: float, newest: Mapping[str, int], chunk: Sequence[HistorySeries]) -> list[_Judgement]:
    return [_judge_one(one, min_change, newest) for one in chunk]


def _judge_one(one: HistorySeries, min_change: float, newest: Mapping[str, int]) -> _Judgement:
    try:
        found = judged(one, min_change, newest=one.commits[-1] == newest.get(one.machine))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other series have nothing to do with it
        return f"{type(error).__name__}: {error}"
    return found.changes, found.suspected


def _told(series: Sequence[HistorySeries], found: Sequence[_Judgement]) -> tuple[list[HistorySeries], list[str]]:
    told, faults = [], []
    for one, judgement in zip(series, found, strict=True):
        if isinstance(judgement, str):
            name = " ".join(filter(None, (one.metric, one.case, "on", one.machine)))
            faults.append(f"{name} could not be judged ({judgement}); please report this line with its values.")
            told.append(one)
        else:
            told.append(msgspec.structs.replace(one, changes=judgement[0], suspected=judgement[1]))
    return told, faults
