"""What several processes at once give over one: images/s of all together, against as many times those of one."""

import statistics
from collections.abc import Callable, Sequence

import msgspec

from resnet_bench.analysis.best import Gain, gain_over
from resnet_bench.analysis.claims import Standing, standing
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.records import Case, Interval, Measurement, Record, Scaling


class GroupPoint(Record, frozen=True, kw_only=True):
    """So many processes; `gain` is their throughput over that of one, None where one was not measured."""

    processes: int
    result: Result
    gain: Gain | None

    @property
    def efficiency(self) -> Gain | None:
        """T(N) / (N T(1)): the gain over what as many times one would give."""
        if self.gain is None:
            return None
        interval = self.gain.interval
        return Gain(
            ratio=self.gain.ratio / self.processes,
            interval=interval
            and Interval(
                low=interval.low / self.processes,
                high=interval.high / self.processes,
                confidence=interval.confidence,
            ),
        )


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
    return _scalings(results, lambda case: case.copies, copies=1)


def of_ranks(results: Sequence[Result]) -> tuple[GroupScaling, ...]:
    """Return each training step that was measured with several numbers of ranks; weak and strong scaling apart.

    One rank is the step of a process alone, without anything that reduces gradients.
    """
    found: list[GroupScaling] = []
    for scaling in Scaling:
        own = [it for it in results if it.case.world_size == 1 or it.case.scaling is scaling]
        found += _scalings(own, lambda case: case.world_size, world_size=1, scaling=Scaling.WEAK, nodes=1)
    return tuple(found)


def _scalings(results: Sequence[Result], number_of: Callable[[Case], int], **alone: object) -> tuple[GroupScaling, ...]:
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if result.throughput is not None:
            key = (result.run, msgspec.structs.replace(result.case, **alone))
            groups.setdefault(key, []).append(result)
    return tuple(_scaling(found, number_of) for found in groups.values() if len(found) > 1)


def _scaling(found: Sequence[Result], number_of: Callable[[Case], int]) -> GroupScaling:
    ordered = sorted(found, key=lambda it: number_of(it.case))
    one = ordered[0] if number_of(ordered[0].case) == 1 else None
    return GroupScaling(
        points=tuple(
            GroupPoint(processes=number_of(it.case), result=it, gain=None if one is None else gain_over(one, it))
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
