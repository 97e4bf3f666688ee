"""How a reference takes turns with the samples: a burst before and after each block of them.

The rules are those of a trial of 418 launches. A burst each 30 to 100 ms follows the machine's speed, one a second does
not. Short iterations are slower right after a burst, which empties the caches, so the first ones are no samples; long
ones get several passes a burst, because one pass of 1 ms has 3 % of noise of its own.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from resnet_bench.profilers.clock import Clock, Timing
from resnet_bench.records import ReferenceSamples
from resnet_bench.specs.reference import MOST_PASSES

# Samples of a block take about so long, bursts about such a share of it.
BLOCK_S = 0.06
SHARE = 0.05
# Iterations of 30 ms and more are not disturbed; of shorter ones those of the first 15 ms, up to three.
UNDISTURBED_S = 0.03
REFILL_S = 0.015
MOST_DISCARDED = 3
# Fewer bursts say too little of a launch whose samples agree at once.
LEAST_BURSTS = 8


class Interleaving(NamedTuple):
    """The turns of one launch.

    Attributes:
        run: one pass of the reference.
        version: which reference it is.
        passes: passes a burst that are timed; one that is not goes before them.
        block: samples between two bursts.
        discarded: iterations after a burst that are no samples.
    """

    run: Callable[[], None]
    version: str
    passes: int
    block: int
    discarded: int


def interleaving(
    run: Callable[[], None], version: str, *, pass_s: float, iteration_s: float, sample_s: float
) -> Interleaving:
    """Return the turns for iterations and samples that last so long.

    Args:
        run: one pass of the reference.
        version: which reference it is.
        pass_s: what a pass takes, in seconds.
        iteration_s: what an iteration of the case takes, in seconds.
        sample_s: what a sample of one or more iterations takes, in seconds.
    """
    block = max(1, round(BLOCK_S / sample_s)) if sample_s > 0 else 1
    wanted_s = SHARE * max(sample_s, BLOCK_S)
    return Interleaving(
        run=run,
        version=version,
        passes=max(1, min(MOST_PASSES, round(wanted_s / pass_s) - 1)) if pass_s > 0 else 1,
        block=block,
        discarded=_discarded(iteration_s),
    )


def _discarded(iteration_s: float) -> int:
    if iteration_s >= UNDISTURBED_S:
        return 0
    return MOST_DISCARDED if iteration_s <= 0 else min(MOST_DISCARDED, math.ceil(REFILL_S / iteration_s))


class Bursts:
    """The bursts of one series of samples; `before_sample` takes one where its turn has come."""

    def __init__(self, turns: Interleaving, clock: Clock) -> None:
        self._turns = turns
        self._clock = clock
        self._taken: list[int] = []
        self._timings: list[Timing] = []

    def __len__(self) -> int:
        return len(self._timings)

    def before_sample(self, taken: int, iterate: Callable[[], object]) -> None:
        """Take a burst where a block of samples begins, and the iterations after it that are no samples."""
        if taken % self._turns.block == 0:
            self._take(taken)
            if self._turns.discarded:
                self._clock.time(iterate, self._turns.discarded)

    def finish(self, taken: int) -> ReferenceSamples:
        """Take the burst after the last sample, and return all of them."""
        self._take(taken)
        cpu_s = tuple(timing.cpu_s / self._turns.passes for timing in self._timings if timing.cpu_s is not None)
        return ReferenceSamples(
            version=self._turns.version,
            passes=self._turns.passes,
            taken=tuple(self._taken),
            elapsed_s=tuple(timing.host_s / self._turns.passes for timing in self._timings),
            cpu_s=cpu_s if len(cpu_s) == len(self._timings) else None,
        )

    def _take(self, taken: int) -> None:
        self._taken.append(taken)
        # Beside a network the first pass is slower by half: its data are no longer in the caches. That is the network's
        # doing, and would make the machine look slow.
        self._clock.time(self._turns.run, 1)
        self._timings.append(self._clock.time(self._turns.run, self._turns.passes))
