"""What a peak is the peak of: an allocator's bytes, or the whole process. One is never held against the other."""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.metrics import PEAK_ALLOCATED, PEAK_RSS
from resnet_bench.analysis.results import Result
from resnet_bench.report.table import Column


def by_allocator(result: Result) -> bool:
    """Say whether a result's peak is what its device's allocator handed out, not its process' RSS."""
    return result.tells_allocated and result.value(PEAK_ALLOCATED) is not None


def peak_words(results: Sequence[Result]) -> str:
    """Return what the peaks of these results are: "peak allocated", "peak RSS", or "peak memory" where they differ."""
    found = {by_allocator(it) for it in results if it.peak_bytes is not None}
    if len(found) != 1:
        return "peak memory"
    return PEAK_ALLOCATED.label if True in found else PEAK_RSS.label


def named_by_peak(columns: Sequence[Column], results: Sequence[Result]) -> tuple[Column, ...]:
    """Return columns of which that of the peaks is named by what they are."""
    words = peak_words(results)
    return tuple(
        msgspec.structs.replace(it, title=it.title.replace("peak memory", words))
        if it.key.partition(".")[0] == "peak_bytes"
        else it
        for it in columns
    )
