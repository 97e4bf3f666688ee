"""The launches of several copies as one: samples that were taken while all of them ran. Never torch."""

import statistics
from collections.abc import Sequence

import msgspec

from resnet_bench.child.together import in_all, warnings_of
from resnet_bench.machine.devices import kind_of
from resnet_bench.profilers.common_window import inside, window
from resnet_bench.profilers.contention import judged
from resnet_bench.records import Contention, Copy, Launch, Moments, Protocol, Samples

_Pair = tuple[Samples, Samples]


def joined(
    launches: Sequence[Launch], given: Sequence[tuple[int, ...]], *, protocol: Protocol, others_share: float | None
) -> Launch | None:
    """Return one launch of all copies, that of the slowest with what is of all; None where they never ran together.

    Args:
        launches: one of each copy, in their order.
        given: the cores of each.
        protocol: by which they were measured.
        others_share: of all cores, what processes beside the copies used meanwhile.
    """
    kept = _inside([(it.isolated, it.back_to_back) for it in launches])
    if kept is None:
        return None
    copies = tuple(
        Copy(
            cores=own,
            warmup=it.warmup,
            isolated=isolated,
            back_to_back=queued,
            memory=it.memory,
            outside=_count((it.isolated, it.back_to_back)) - _count((isolated, queued)),
        )
        for it, own, (isolated, queued) in zip(launches, given, kept, strict=True)
    )
    slowest = max(range(len(copies)), key=lambda place: statistics.median(copies[place].isolated.iteration_s))
    found = launches[slowest]
    return msgspec.structs.replace(
        found,
        warmup=copies[slowest].warmup,
        isolated=copies[slowest].isolated,
        back_to_back=copies[slowest].back_to_back,
        memory=in_all([it.memory for it in copies]),
        contention=_contention(launches, found, others_share),
        warnings=warnings_of(launches, given, protocol=protocol),
        copies=copies,
    )


def _inside(pairs: Sequence[_Pair]) -> list[_Pair] | None:
    """Return of each copy its samples while all ran, None where one has none."""
    found = []
    for series in zip(*pairs, strict=True):
        common = window([_moments(it) for it in series])
        found.append([inside(it, common) for it in series])
    isolated, queued = found
    kept = [(one, other) for one, other in zip(isolated, queued, strict=True) if one and other]
    return kept if len(kept) == len(pairs) else None


def _moments(samples: Samples) -> Moments:
    if samples.moments is None:
        raise ValueError("a copy that says nothing of when its samples were taken")
    return samples.moments


def _count(pair: _Pair) -> int:
    return sum(len(it.elapsed_s) for it in pair)


def _contention(launches: Sequence[Launch], slowest: Launch, others_share: float | None) -> Contention:
    """Return what disturbed the copies; to each of them all others looked like strangers."""
    case = slowest.case
    seen = [it.contention.foreign_gpu_processes for it in launches]
    known = [it for it in seen if it is not None]
    throttled = {
        reason
        for it in launches
        for reason in (*it.before.throttle_reasons, *it.after.throttle_reasons, *(it.load.throttled if it.load else ()))
    }
    return judged(
        others_share,
        needed_cores=case.copies * (case.threads + kind_of(case.device).host_cores),
        foreign=max(0, min(known) - (case.copies - 1)) if known else None,
        throttled=throttled,
    )
