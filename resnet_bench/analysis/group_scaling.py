"""What several processes at once give over one: images/s of all together, against as many times those of one."""

import statistics
from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.best import Gain, gain_over
from resnet_bench.analysis.claims import Standing, standing
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.records import Measurement, Record


class GroupPoint(Record, frozen=True, kw_only=True):
    """So many processes; `gain` is their throughput over that of one, None where one was not measured."""

    processes: int
    result: Result
    gain: Gain | None


class GroupScaling(Record, frozen=True, kw_only=True):
    """Cases that differ by the number of processes alone, by rising number; `best` counts in their order."""

    points: tuple[GroupPoint, ...]
    best: Standing

    @property
    def one(self) -> Result | None:
        """The case of one process."""
        return next((it.result for it in self.points if it.processes == 1), None)


def of_copies(results: Sequence[Result]) -> tuple[GroupScaling, ...]:
    """Return each case that was measured with several numbers of copies, in order of first appearance."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if result.throughput is not None:
            alone = msgspec.structs.replace(result.case, copies=1)
            groups.setdefault((result.run, alone), []).append(result)
    return tuple(_scaling(found) for found in groups.values() if len(found) > 1)


def _scaling(found: Sequence[Result]) -> GroupScaling:
    ordered = sorted(found, key=lambda it: it.case.copies)
    one = ordered[0] if ordered[0].case.copies == 1 else None
    return GroupScaling(
        points=tuple(
            GroupPoint(processes=it.case.copies, result=it, gain=None if one is None else gain_over(one, it))
            for it in ordered
        ),
        best=standing([it.throughput for it in ordered if it.throughput], THROUGHPUT.direction),
    )


def latencies_of_copies_s(measurement: Measurement) -> tuple[float, ...]:
    """Return the latency of each copy in s: the median over launches of its medians; one of a process alone."""
    by_launch = [
        [statistics.median(it.isolated.iteration_s) for it in launch.copies or (launch,)]
        for launch in measurement.launches
    ]
    return tuple(statistics.median(it) for it in zip(*by_launch, strict=True))
