"""Iterations without marks and with them, in turns, so that drift of the machine hits both alike. Imports torch.

Before each turn without marks the reference takes a burst: by those, layers that were timed on different days can be
brought to the machine's one nominal speed.
"""

import math

from torch import nn

from resnet_bench.profilers.clock import Clock, Marker, Timing
from resnet_bench.profilers.interleaving import Bursts
from resnet_bench.profilers.reference import Reference
from resnet_bench.profilers.sampler import samples_of
from resnet_bench.profilers.timeline import Cut, Timeline
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Samples, StopReason, TimedBy, TimingProtocol

_TURN_S = 0.1
_TURN_ITERATIONS = 12


class LayerTurns:
    """Takes turns of a workload; `cuts` are the iterations with marks.

    The first of several in a turn is left out: it runs on caches and code that the other kind left behind.
    """

    def __init__(
        self, workload: Workload, network: nn.Module, clock: Clock, marker: Marker, reference: Reference | None
    ) -> None:
        self.cuts: list[Cut] = []
        self._timings: list[Timing] = []
        self._workload = workload
        self._clock = clock
        self._by_device = marker.timed_by is TimedBy.DEVICE_EVENTS
        self._timeline = Timeline(network, marker)
        first_s = clock.time(workload.iterate, 1).host_s
        self._count = max(1, min(_TURN_ITERATIONS, math.ceil(_TURN_S / first_s))) if first_s > 0 else 1
        turns = None if reference is None else reference.turns(clock, iteration_s=first_s)(first_s)
        self._bursts = None if turns is None else Bursts(turns._replace(block=max(1, self._count - 1)), clock)

    def take(self) -> None:
        """Take one turn of each kind."""
        iterate, step = self._workload.iterate, self._workload.step
        if self._bursts is not None:
            self._bursts.before_sample(len(self._timings), iterate)
        taken = [self._clock.time(iterate, 1) for _ in range(self._count)]
        self._timings += taken[1:] or taken
        timeline = self._timeline
        with timeline.inference(iterate) if step is None else timeline.training(step) as cut:
            cuts = [cut() for _ in range(self._count)]
        self.cuts += cuts[1:] or cuts

    @property
    def whole_s(self) -> list[float]:
        """Seconds of each iteration without marks, by the device's own clock where that timed the marks."""
        return [
            timing.device_s if self._by_device and timing.device_s is not None else timing.host_s
            for timing in self._timings
        ]

    def finish(self, stopped_by: StopReason) -> Samples:
        """Take the last burst, and return the iterations without marks as a run would have them."""
        reference = None if self._bursts is None else self._bursts.finish(len(self._timings))
        return samples_of(
            self._timings, reference, protocol=TimingProtocol.ISOLATED, iterations=1, stopped_by=stopped_by
        )
