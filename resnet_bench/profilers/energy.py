"""Energy from the device's total-energy counter, over the back-to-back samples; None where there is no counter.

The counter moves every 20 to 100 ms. The window begins and ends where it moves, the device at work all the while, so
that no step of it is cut; its ends are known to a few milliseconds.
"""

import math

from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Energy
from resnet_bench.records.plan import ENERGY_WINDOW_S

# Work between two looks at the counter; a counter that does not move for so long stands still.
_LOOK_S, _STANDS_STILL_S = 0.005, 1.0


class Meter:
    """A window of work: `start` before the samples, `finish` after them."""

    def __init__(self, workload: Workload, clock: Clock, *, iteration_s: float) -> None:
        self._workload, self._clock = workload, clock
        self._between_looks = max(1, math.ceil(_LOOK_S / iteration_s)) if iteration_s > 0 else 1
        self._began: tuple[float, float] | None = None

    def start(self) -> None:
        """Work until the counter moves."""
        ticked = self._until_it_moves()
        self._began = None if ticked is None else ticked[:2]

    def finish(self, iterations: int) -> Energy | None:
        """Work on until the window is two seconds long and the counter moves; None where it cannot tell.

        Args:
            iterations: how many there were since the start.
        """
        if self._began is None:
            return None
        began_s, before_j = self._began
        while self._clock.now() - began_s < ENERGY_WINDOW_S:
            self._clock.time(self._workload.iterate, self._between_looks)
            iterations += self._between_looks
        ticked = self._until_it_moves()
        if ticked is None:
            return None
        ended_s, after_j, further = ticked
        images = (iterations + further) * self._workload.case.batch_size
        return Energy(energy_j=after_j - before_j, window_s=ended_s - began_s, images=images)

    def _until_it_moves(self) -> tuple[float, float, int] | None:
        """Return when the counter moved, what it says, and the iterations until then; None where it never does."""
        workload, iterations = self._workload, 0
        start_s, first_j = self._clock.now(), workload.instruments.energy_j(workload.device)
        while first_j is not None and self._clock.now() - start_s < _STANDS_STILL_S:
            self._clock.time(workload.iterate, self._between_looks)
            iterations += self._between_looks
            said_j = workload.instruments.energy_j(workload.device)
            if said_j is not None and said_j > first_j:
                return self._clock.now(), said_j, iterations
        return None
