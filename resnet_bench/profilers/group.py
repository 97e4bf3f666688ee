"""Ranks of a process group that measure in step: a sample begins with a barrier, and lasts as long as the slowest.

All that decides how it goes on (times, and what the clock says) is the same on every rank, so that each of them takes
as many samples. It is said over gloo, whatever gradients go over.
"""

import datetime as dt
import statistics
from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist

from resnet_bench.errors import UnsupportedError
from resnet_bench.profilers.clock import Clock, Marker, Timing
from resnet_bench.records.groups import carried_bytes

_CONTROL = "gloo"
_REDUCED_BYTES = (2**20, 2**22, 2**24, 2**26)
_REDUCTIONS = 5


def refuse_missing(backend: str) -> None:
    """Refuse ranks where torch has no way for them to speak with each other.

    Raises:
        UnsupportedError: it was built without one.
    """
    for wanted in dict.fromkeys((backend, _CONTROL)):
        if not dist.is_available() or not dist.is_backend_available(wanted):
            raise UnsupportedError(f"several ranks here need {wanted}, and this torch was built without it.")


class RankGroup:
    """The ranks, once all of them have joined; the rendezvous is told by the environment, as torchrun sets it.

    Raises:
        UnsupportedError: this torch has no way for them to speak with each other.
    """

    def __init__(self, device: torch.device, backend: str, *, limit_s: float) -> None:
        refuse_missing(backend)
        self.backend = backend
        self._device = device
        limit = dt.timedelta(seconds=limit_s)
        dist.init_process_group(self.backend, timeout=limit)
        self._control = (
            dist.group.WORLD if self.backend == _CONTROL else dist.new_group(backend=_CONTROL, timeout=limit)
        )
        self.size = dist.get_world_size()
        self.rank = dist.get_rank()

    def barrier(self) -> None:
        """Wait for all ranks."""
        dist.barrier(group=self._control)

    def most(self, values: Sequence[float]) -> list[float]:
        """Return the largest of each value among the ranks."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def total(self, value: float) -> float:
        """Return the sum of a value over the ranks."""
        return self._reduced([value], dist.ReduceOp.SUM)[0]

    def of_first(self, value: float) -> float:
        """Return rank 0's value."""
        held = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(held, 0, group=self._control)
        return float(held[0])

    def each(self, text: str) -> list[str]:
        """Return what each rank says, by rank."""
        said: list[object] = [None] * self.size
        dist.all_gather_object(said, text, group=self._control)
        return [str(it) for it in said]

    def reduced_byte_per_s(self, clock: Clock, gradient_bytes: int) -> float:
        """Return the best rate of a reduction over all ranks, in bytes a second of what each link carries.

        That is bytes x 2 (N - 1) / N by the time, as nccl-tests has it (PERFORMANCE.md, bus bandwidth): a ring carries
        so much of a buffer of those bytes. Best of some sizes, and of that of the gradients.
        """
        rates = []
        for size in (*_REDUCED_BYTES, gradient_bytes):
            values = torch.zeros(max(1, size // 4), dtype=torch.float32, device=self._device)
            clock.time(lambda held=values: dist.all_reduce(held), 1)  # type: ignore[misc]
            taken = [clock.time(lambda held=values: dist.all_reduce(held), 1).host_s for _ in range(_REDUCTIONS)]  # type: ignore[misc]
            rates.append(carried_bytes(values.nbytes, self.size) / statistics.median(taken))
        return max(rates)

    def _reduced(self, values: Sequence[float], how: "dist.ReduceOp.RedOpType") -> list[float]:
        held = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(held, op=how, group=self._control)
        return [float(it) for it in held]


class GroupClock:
    """A clock that all ranks share: a sample begins at a barrier and lasts as long as on the slowest rank.

    What is of the process alone (CPU time, page faults) is this rank's.
    """

    def __init__(self, clock: Clock, group: RankGroup) -> None:
        self._clock = clock
        self._group = group

    def now(self) -> float:
        """Return rank 0's time; to be asked on all ranks alike."""
        return self._group.of_first(self._clock.now())

    def pause(self, seconds: float) -> None:
        """Let the host do nothing for so long."""
        self._clock.pause(seconds)

    def time(self, iterate: Callable[[], object], count: int, *, meanwhile: Callable[[], None] | None = None) -> Timing:
        """Run iterations on all ranks at once and return the time of the slowest."""
        self._group.barrier()
        own = self._clock.time(iterate, count, meanwhile=meanwhile)
        host_s, device_s = self._group.most([own.host_s, -1.0 if own.device_s is None else own.device_s])
        return own._replace(host_s=host_s, device_s=None if own.device_s is None else device_s)

    def marker(self) -> Marker:
        """Return this rank's marker."""
        return self._clock.marker()
