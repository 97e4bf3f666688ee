"""Many series judged, in processes beside this one where they are long: a fault of one series is a note on it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Self

import msgspec

import resnet_bench
from resnet_bench.analysis.history.progress import Progress, silent
from resnet_bench.analysis.history.series_worker import Chunk, Judgement, judge_chunk
from resnet_bench.records import HistorySeries
from resnet_bench.words import counted

_WORTH_PROCESSES = 50_000  # points; a process takes half a second to start
_CHUNK = 20_000
_HOME = Path(resnet_bench.__file__).parents[1]
# By the module's own name, wherever it is: a process that cannot import it leaves all of the work to this one.
START = f"import sys; sys.path.insert(0, sys.argv[1]); from {judge_chunk.__module__} import main; main()"


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
        progress: hears how many were judged.
        processes: how many to start at most; by default as many as there are processors.
    """
    chunks = list(_chunks(series, min_change, dict(newest)))
    count = min(len(chunks), processes or len(os.sched_getaffinity(0)))
    if sum(len(one.values) for one in series) < _WORTH_PROCESSES:
        count = 1
    found: list[Judgement] = []
    for judgements in _of_processes(chunks, count) if count > 1 else map(judge_chunk, chunks):
        found += judgements
        progress(f"judged {len(found):,} of {counted(len(series), 'series', 'series')}")
    return _told(series, found)


def _chunks(series: Sequence[HistorySeries], min_change: float, newest: dict[str, int]) -> Iterator[Chunk]:
    """Yield the series a few thousand points at a time."""
    waiting: list[HistorySeries] = []
    points = 0
    for one in series:
        waiting.append(msgspec.structs.replace(one, low=(), high=(), identity={}))
        points += len(one.values)
        if points >= _CHUNK:
            yield Chunk(series=tuple(waiting), min_change=min_change, newest=newest)
            waiting, points = [], 0
    if waiting:
        yield Chunk(series=tuple(waiting), min_change=min_change, newest=newest)


class _Worker:
    """A process of its own interpreter: forking one that has threads of numpy's, or importing a script, is not safe."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-c", START, str(_HOME)]
        variables = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, chunk: Chunk) -> list[Judgement]:
        """Return the judgements of a chunk; where the process died, this one makes them."""
        sent, answers = self._process.stdin, self._process.stdout
        if sent is None or answers is None:  # for the type checker: both are pipes
            raise ValueError("the worker has no pipes")
        try:
            sent.write(msgspec.json.encode(chunk) + b"\n")
            sent.flush()
            return msgspec.json.decode(answers.readline(), type=list[Judgement])
        except (OSError, msgspec.DecodeError):
            return judge_chunk(chunk)


def _of_processes(chunks: Sequence[Chunk], count: int) -> Iterator[list[Judgement]]:
    """Yield the judgements of each chunk in order, `count` of them made at a time."""
    with ExitStack() as stack:
        free: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(_Worker()))

        def ask(chunk: Chunk) -> list[Judgement]:
            worker = free.get()
            try:
                return worker.ask(chunk)
            finally:
                free.put(worker)

        yield from stack.enter_context(ThreadPoolExecutor(count)).map(ask, chunks)


def _told(series: Iterable[HistorySeries], found: Iterable[Judgement]) -> tuple[list[HistorySeries], list[str]]:
    told, faults = [], []
    for one, judgement in zip(series, found, strict=True):
        told.append(msgspec.structs.replace(one, changes=judgement.changes, suspected=judgement.suspected))
        if judgement.fault is not None:
            name = " ".join(filter(None, (one.metric, one.case, "on", one.machine)))
            faults.append(f"{name} could not be judged ({judgement.fault}); please report this line with its values.")
    return told, faults
