"""What is common to launches of several processes, whoever holds them together. Never torch."""

import signal
from collections.abc import Sequence

import msgspec

from resnet_bench.child.began import BEGAN_S
from resnet_bench.errors import UnsupportedError
from resnet_bench.machine import cores, memory_kills
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.machine.environment import logical_cores
from resnet_bench.records import Case, Launch, Memory, Protocol, ReferenceUse, Skip, SkipReason, remarks
from resnet_bench.wire.messages import MeasureRequest

# The parent gives up at the limit itself, and would not know which process was late.
_MARGIN_SHARE, _MARGIN_S, _LARGEST_MARGIN_SHARE = 0.1, 10.0, 0.5
# How long processes may take to end that were told to, and how long it then takes to say so.
ENDING_S, _SAYING_S = 3.0, 2.0


class LateError(Exception):
    """The time is up, and the processes of these `numbers` have come less far than others; all where none has."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(numbers)
        self.numbers = numbers


def cores_for(case: Case) -> tuple[tuple[int, ...], ...]:
    """Return the cores of each process of a case on each node, none for those that are bound to none.

    Raises:
        UnsupportedError: there are too few, or the case is none that several processes can run.
    """
    why = remarks.no_group(case, logical_cores())
    if why:
        raise UnsupportedError(why)
    bound = () if is_accelerator(case.device) else cores.apart(case.processes_of_node, case.threads)
    return bound or ((),) * case.processes_of_node


def deadline_s(request: MeasureRequest) -> float:
    """Return the moment of this process's clock at which a launch is given up."""
    margin_s = max(ENDING_S + _SAYING_S, min(_MARGIN_S, _MARGIN_SHARE * request.limit_s))
    return BEGAN_S + request.limit_s - min(margin_s, _LARGEST_MARGIN_SHARE * request.limit_s)


def skip_of(request: MeasureRequest, reason: SkipReason, detail: str) -> Skip:
    """Return the launch as a skip."""
    return Skip(case=request.case, index=request.index, reason=reason, detail=detail)


def death(status: int, kills_before: int) -> tuple[SkipReason, str]:
    """Tell from the status with which a process ended what it died of, and from what the kernel has counted since."""
    if status == -signal.SIGKILL and memory_kills.count() > kills_before:
        return SkipReason.OUT_OF_MEMORY, remarks.want_of_memory()
    return SkipReason.CRASHED, remarks.ended(status)


def in_all(memories: Sequence[Memory]) -> Memory:
    """Return what several processes take together; what one of them cannot tell of is not known of all."""
    told = {name: [getattr(it, name) for it in memories] for name in Memory.__struct_fields__}
    summed = {name: None if None in found else sum(found) for name, found in told.items()}
    of_device = max((it for it in told["device_total_bytes"] if it is not None), default=None)  # the same one for all
    return msgspec.convert(summed | {"device_total_bytes": of_device}, Memory)


def warnings_of(launches: Sequence[Launch], given: Sequence[tuple[int, ...]], *, protocol: Protocol) -> tuple[str, ...]:
    """Return what the launches of several processes say, each once, and what is said of all of them.

    That is whether their cores are no cores of their own, and that the reference which was asked for stood beside none.

    Args:
        launches: one of each process.
        given: the cores of each on one node.
        protocol: by which they were measured.
    """
    said = [text for it in launches for text in it.warnings]
    said += [remarks.shared_cores(len(launches))] if cores.share_a_core(given) else []
    said += [remarks.no_reference_together()] if protocol.reference is ReferenceUse.ON else []
    return tuple(dict.fromkeys(said))
