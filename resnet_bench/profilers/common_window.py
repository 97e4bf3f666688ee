"""The time in which all of several processes ran, and the samples that lie in it. Never torch."""

from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

import msgspec

from resnet_bench.records import Moments, Samples


class Window(NamedTuple):
    """Seconds since the moment that the processes share."""

    from_s: float
    to_s: float


def window(moments: Sequence[Moments]) -> Window:
    """Return from when to when all ran; it ends before it begins where they never did."""
    return Window(max(it.from_s for it in moments), min(it.to_s for it in moments))


def inside(samples: Samples, common: Window) -> Samples | None:
    """Return the samples that began and ended in the window, None where there is none.

    Page faults, which are counted of all samples together, stay what they are.
    """
    moments = samples.moments
    if moments is None:
        return samples
    kept = [
        common.from_s <= began and began + elapsed <= common.to_s
        for began, elapsed in zip(moments.began_s, samples.elapsed_s, strict=True)
    ]
    if not any(kept):
        return None
    return msgspec.structs.replace(
        samples,
        elapsed_s=_of(samples.elapsed_s, kept),
        device_elapsed_s=None if samples.device_elapsed_s is None else _of(samples.device_elapsed_s, kept),
        cpu_s=None if samples.cpu_s is None else _of(samples.cpu_s, kept),
        moments=msgspec.structs.replace(moments, began_s=_of(moments.began_s, kept)),
    )


def _of(values: Sequence[float], kept: Sequence[bool]) -> tuple[float, ...]:
    return tuple(compress(values, kept))
