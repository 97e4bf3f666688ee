"""A process that judges series: a chunk a line on standard input, its judgements a line on standard output."""

import signal
import sys

import msgspec

from resnet_bench.analysis.history.series import judged
from resnet_bench.records import Change, HistorySeries, Record, Suspicion


class Chunk(Record, frozen=True, kw_only=True):
    """Series to be judged, without what nobody needs for it; `newest` is the newest commit of each machine."""

    series: tuple[HistorySeries, ...]
    min_change: float
    newest: dict[str, int]


class Judgement(Record, frozen=True, kw_only=True):
    """What was found in one series, or the `fault` that kept it from being judged."""

    changes: tuple[Change, ...] = ()
    suspected: Suspicion | None = None
    fault: str | None = None


def judge_chunk(chunk: Chunk) -> list[Judgement]:
    """Return a judgement for each series of the chunk, in its order."""
    return [_judge(one, chunk) for one in chunk.series]


def _judge(one: HistorySeries, chunk: Chunk) -> Judgement:
    try:
        found = judged(one, chunk.min_change, newest=one.commits[-1] == chunk.newest.get(one.machine))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other series have nothing to do with it
        return Judgement(fault=f"{type(error).__name__}: {error}")
    return Judgement(changes=found.changes, suspected=found.suspected)


def main() -> None:
    """Answer until standard input ends, which it does with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    chunks = msgspec.json.Decoder(Chunk)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(judge_chunk(chunks.decode(line))) + b"\n")
        sys.stdout.buffer.flush()
