"""One launch of a case of several copies: as many processes at once, each measured as any launch is.

This process holds them together and is idle meanwhile. Never torch. Whatever ends one copy ends all of them, and is the
launch's skip; its reason names the copy.
"""

import contextlib
import time
from collections.abc import Sequence

import msgspec
import psutil

from resnet_bench import scratch
from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.converted import converted, workplace
from resnet_bench.child.joined import joined
from resnet_bench.child.together import LateError, cores_for, deadline_s, death, skip_of
from resnet_bench.child.troop import Lost, Member, Troop
from resnet_bench.executors import table as executors
from resnet_bench.machine import memory_kills
from resnet_bench.profilers.contention import CpuWatch
from resnet_bench.records import Launch, Skip, SkipReason, remarks
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.messages import CopyRequest, MeasureRequest

# Samples are taken between the second time that all meet (loaded is the first) and the fifth.
_SAMPLING, _SAMPLED = 2, 5


def measure(request: MeasureRequest) -> Launch | Skip:
    """Measure one launch.

    Raises:
        UnsupportedError: there are too few cores.
        ResNetBenchError: as a copy raised it.
    """
    given = cores_for(request.case)
    if not executors.facts(request.case.executor).converts:
        return _measured(request, given)
    with workplace(request) as folder:  # before any copy is bound to its cores, and once for all of them
        made = converted(request, folder)
        if isinstance(made, Skip):
            return made
        launch = _measured(msgspec.structs.replace(request, artifacts=str(folder)), given)
    if not made.now or not isinstance(launch, Launch) or launch.conversion is None:
        return launch
    took = msgspec.structs.replace(launch.conversion, convert_s=made.said.convert_s)
    return msgspec.structs.replace(launch, conversion=took)


def _measured(request: MeasureRequest, given: Sequence[tuple[int, ...]]) -> Launch | Skip:
    case, kills_before = request.case, memory_kills.count()
    watch = _Watch()
    with scratch.folder("copies") as folder, Troop(_requests(request, given), folder) as members:
        try:
            answers = members.answers(deadline_s(request), on_met=watch.on_met)
        except LateError as late:
            why = remarks.not_finished(request.limit_s)
            return skip_of(request, SkipReason.TIMEOUT, remarks.of_copies(late.numbers, case.copies, why))
    for number, answer in enumerate(answers, start=1):
        if isinstance(answer, Failed):
            raise answer.exception()
        if isinstance(answer, Lost | Skip):
            reason, why = death(answer.status, kills_before) if isinstance(answer, Lost) else _of(answer)
            return skip_of(request, reason, remarks.of_copies([number], case.copies, why))
    launches = [it for it in answers if isinstance(it, Launch)]
    made = joined(launches, given, protocol=request.protocol, others_share=watch.others_share)
    if made is None:
        return skip_of(request, SkipReason.CRASHED, remarks.not_together(case.copies))
    return msgspec.structs.replace(made, started_at=BEGAN_AT, duration_s=time.perf_counter() - BEGAN_S)


def _of(skip: Skip) -> tuple[SkipReason, str]:
    return skip.reason, skip.detail


def _requests(request: MeasureRequest, given: Sequence[tuple[int, ...]]) -> list[CopyRequest]:
    asked = msgspec.structs.asdict(request)
    return [
        CopyRequest(**asked, number=number, cores=own, origin_s=BEGAN_S) for number, own in enumerate(given, start=1)
    ]


class _Watch:
    """What other processes used of the CPU while the copies took samples."""

    def __init__(self) -> None:
        self._cpu: CpuWatch | None = None
        self.others_share: float | None = None

    def on_met(self, times: int, members: Sequence[Member]) -> None:
        """Begin and end with the samples."""
        with contextlib.suppress(psutil.Error):  # one has just ended, which is seen next
            if times == _SAMPLING:
                self._cpu = CpuWatch(lambda: _used_s(members))
            elif times == _SAMPLED and self._cpu is not None:
                self.others_share = self._cpu.others_share()


def _used_s(members: Sequence[Member]) -> float:
    """Return the CPU time of this process and of the members, which are all alive."""
    processes = (psutil.Process(), *(psutil.Process(it.pid) for it in members))
    times = (it.cpu_times() for it in processes)
    return float(sum(it.user + it.system for it in times))
