"""The roofline: how quick a case could be at best on ceilings that were measured, and how far from that it is.

A layer takes at least the longer of FLOPs / compute ceiling and bytes moved / copy bandwidth (Williams, Waterman and
Patterson 2009, doi:10.1145/1498765.1498785). The bandwidth is that of the quickest copy of at least half as many
bytes (in place, a layer touches half of what it moves), so that data which fit in a cache are not held against
memory. Eager operators cost a launch each: on a CPU one after another, on a device with a queue beside the work. A
compiler may fuse away what is no convolution or matrix product, so for compiled executors those count for nothing:
the bound stays a bound.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from resnet_bench.executors import table as executors
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Case, Ceilings, LayerTime, Part, Precision, Record, Work
from resnet_bench.specs.arithmetic import peak_flop_per_s

_SUM = "Add"


class Bound(StrEnum):
    """What keeps a layer from being quicker: the largest of its three least times."""

    COMPUTE = "compute"
    MEMORY = "memory"
    OVERHEAD = "overhead"


class Least(Record, frozen=True, kw_only=True):
    """The least time that one layer can take on given ceilings, and why."""

    seconds: float
    bound: Bound


class Headroom(Record, frozen=True, kw_only=True):
    """A case against its roofline.

    `least_s` is the bound on the latency of one iteration; `share_of_peak` is MFU: the model's FLOP/s over the
    compute ceiling; `flops` are of the whole iteration, those of no MACs included, and `intensity` is those per byte
    moved, None where nothing moves.
    """

    least_s: float
    flops: int
    ceiling_flop_per_s: float
    intensity: float | None

    def times(self, latency_s: float) -> float:
        """Return how many times the bound a latency is: "2.3x from the roofline"."""
        return latency_s / self.least_s

    def share_of_peak(self, flop_per_s: float) -> float:
        """Return model FLOPs utilisation of an achieved rate."""
        return flop_per_s / self.ceiling_flop_per_s


def least_of_layer(
    flops: int, moved_bytes: int, ceilings: Ceilings, precision: Precision, *, launches: int = 1
) -> Least | None:
    """Return the least time of one eager layer, None where the compute ceiling of its precision is not known."""
    peak = peak_flop_per_s(ceilings, precision)
    if peak is None:
        return None
    times = {
        Bound.COMPUTE: flops / peak,
        Bound.MEMORY: _memory_s(moved_bytes, ceilings),
        Bound.OVERHEAD: launches * ceilings.launch_s,
    }
    bound = max(times, key=lambda kind: times[kind])
    return Least(seconds=times[bound], bound=bound)


def bound_of(layer: LayerTime, ceilings: Ceilings | None, precision: Precision) -> Least | None:
    """Return what bounds a measured row; None for what has no counts, and where no ceiling is known.

    A training row is two passes: its least time is of their sum, the launches twice.
    """
    if ceilings is None or layer.flops is None or layer.moved_bytes is None or layer.part is Part.OUTSIDE:
        return None
    # Both sides of a sum take the gradient as it is: its backward pass launches nothing.
    launches = 2 if layer.backward_s and layer.type != _SUM else 1
    return least_of_layer(layer.flops, layer.moved_bytes, ceilings, precision, launches=launches)


def headroom(
    case: Case, parts: Sequence[Work], ceilings: Sequence[Ceilings], environment: str | None = None
) -> Headroom | None:
    """Return the roofline of a case from the work of its iteration.

    None where that is not known, or there are no ceilings of its machine, device, threads and precision; and for
    several processes, which share what was measured of one.
    """
    found = ceilings_of(case, ceilings, environment)
    if not parts or found is None or case.processes > 1:
        return None
    peak = peak_flop_per_s(found, case.precision)
    if peak is None:
        return None
    least_s = _least_s(parts, case, found, peak)
    if least_s <= 0:
        return None
    flops = sum(work.flops * work.count for work in parts)
    moved = sum(work.moved_bytes * work.count for work in parts)
    return Headroom(least_s=least_s, flops=flops, ceiling_flop_per_s=peak, intensity=flops / moved if moved else None)


def ceilings_of(case: Case, ceilings: Iterable[Ceilings], environment: str | None = None) -> Ceilings | None:
    """Return the ceilings that were measured on a case's device with its number of threads.

    Where a run has several machines, `environment` is the digest of the one that the case was measured on.
    """
    here = (each for each in ceilings if environment in {None, each.environment})
    return next((each for each in here if each.device == case.device and each.threads == case.threads), None)


def _least_s(parts: Sequence[Work], case: Case, ceilings: Ceilings, peak: float) -> float:
    executor = executors.facts(case.executor)
    counted = [part for part in parts if not (executor.fuses and part.fusable)]
    work_s = sum(
        part.count * max(part.flops / peak, _memory_s(part.moved_bytes, ceilings))
        for part in counted
        if part.flops or part.moved_bytes
    )
    launched = sum(part.count for part in parts if part.flops or part.moved_bytes)
    launches_s = ceilings.launch_s * launched if executor.launches_operators else 0.0
    if is_accelerator(case.device):
        return max(work_s, launches_s)  # the host runs ahead of it
    return work_s + launches_s


def _memory_s(moved_bytes: int, ceilings: Ceilings) -> float:
    return moved_bytes / ceilings.byte_per_s(moved_bytes // 2)
