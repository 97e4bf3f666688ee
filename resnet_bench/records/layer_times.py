"""Where the time of one iteration goes, layer by layer, as measured."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, NonNegativeCount, NonNegativeSeconds, PositiveSeconds
from resnet_bench.records.plan import Case
from resnet_bench.records.profiles import Work
from resnet_bench.records.samples import Samples


class TimedBy(StrEnum):
    """What layers were timed with.

    host_clock: marks of the host's clock, on a device that has finished when the call returns. device_events: events
    queued with the work. synchronised_host_clock: the host's clock with a synchronisation at each mark, for devices
    whose events carry no time. profiler: torch's profiler, where compiled code has no modules left to mark. kernels:
    the durations of the kernels that each call launched, from torch's profiler.
    """

    HOST_CLOCK = "host_clock"
    DEVICE_EVENTS = "device_events"
    SYNCHRONISED_HOST_CLOCK = "synchronised_host_clock"
    PROFILER = "profiler"
    KERNELS = "kernels"


class Part(StrEnum):
    """What a row is.

    module: one call of a module without children. operator: what runs between such calls and is known by name (the
    residual sum). fused: kernels that cannot be said to belong to one module. outside: the rest of the iteration.
    """

    MODULE = "module"
    OPERATOR = "operator"
    FUSED = "fused"
    OUTSIDE = "outside"


# Rows of no layer: what lies between and around calls, and a device's idle time while the host catches up.
BETWEEN, WAITING = "outside modules", "the device waits for the host"


class LayerTime(Record, frozen=True, kw_only=True):
    """One row; rows stand in the order in which they first run, and their times add up to the parts' sum.

    `call` counts the calls of the same module from 1. `macs` are of the forward pass; `flops` and `moved_bytes` are
    of the whole iteration (forward, or forward and backward), None where no closed form is known. `backward_s` and
    `optimizer_s` are None where there is no such phase. `launch_s` is what the host took to start it, which is no part
    of its time; None where that was not measured apart.
    """

    name: str
    type: str
    part: Part
    call: Count = 1
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    forward_s: NonNegativeSeconds
    backward_s: NonNegativeSeconds | None = None
    optimizer_s: NonNegativeSeconds | None = None
    launch_s: NonNegativeSeconds | None = None
    macs: NonNegativeCount = 0
    flops: NonNegativeCount | None = None
    moved_bytes: NonNegativeCount | None = None

    @property
    def time_s(self) -> float:
        """Seconds of one iteration spent here."""
        return self.forward_s + (self.backward_s or 0.0) + (self.optimizer_s or 0.0)

    @property
    def intensity(self) -> float | None:
        """Arithmetic intensity in FLOP per byte moved."""
        return self.flops / self.moved_bytes if self.flops is not None and self.moved_bytes else None


class LayerProfile(Record, frozen=True, kw_only=True, tag="layer_profile"):
    """The measured layers of one case.

    `whole_s` is an iteration without instruments, `instrumented_s` one with them; both are means over the quickest
    quarter of their iterations, which took turns. `overhead_s` is what the instruments were measured to cost and was
    taken off the layers. `not_run` names static layers that had no call; `work` is what
    the whole iteration asks of the device, for its roofline; `samples` are the iterations without instruments, in time
    order and with the reference between them, None of older profiles and of compiled code.
    """

    case: Case
    environment: str
    started_at: str
    timed_by: TimedBy
    iterations: Count
    whole_s: PositiveSeconds
    instrumented_s: PositiveSeconds
    overhead_s: NonNegativeSeconds
    layers: Annotated[tuple[LayerTime, ...], Meta(min_length=1)]
    not_run: tuple[str, ...] = ()
    work: tuple[Work, ...] = ()
    disturbances: tuple[str, ...] = ()
    run: str = ""
    samples: Samples | None = None

    @property
    def parts_s(self) -> float:
        """The sum of all rows."""
        return sum(layer.time_s for layer in self.layers)

    @property
    def disagreement(self) -> float:
        """How far the parts' sum is from the whole, relative to it: 0.01 is 1 % more."""
        return self.parts_s / self.whole_s - 1 if self.whole_s else 0.0

    @property
    def called_more_than_once(self) -> dict[str, int]:
        """Modules that run more than once in an iteration, with their number of calls."""
        calls: dict[str, int] = {}
        for layer in self.layers:
            if layer.part is Part.MODULE:
                calls[layer.name] = max(calls.get(layer.name, 0), layer.call)
        return {name: count for name, count in calls.items() if count > 1}
