"""How a reference takes turns with the samples: a burst before and after each block of them.

The rules of the host are those of a trial of 418 launches. A burst each 30 to 100 ms follows the machine's speed, one a
second does not. Short iterations are slower right after a burst, which empties the caches, so the first ones are no
samples; long ones get several passes a burst, because one pass of 1 ms has 3 % of noise of its own.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from resnet_bench.profilers.clock import Clock, Timing
from resnet_bench.records import ReferenceSamples
from resnet_bench.specs.reference import MOST_PASSES

# Fewer bursts say too little of a launch whose samples agree at once.
LEAST_BURSTS = 8


class Rules(NamedTuple):
    """When bursts are taken, how long they are, and what is no sample after one.

    Attributes:
        block_s: samples of a block take about so long.
        share: of it that a burst takes, about.
        most_share: of the time that a burst takes at most, however long a pass is: blocks are longer then.
        undisturbed_s: iterations of so long and more are not disturbed by a burst.
        refill_s: of shorter ones those of so long after a burst are no samples.
        most_discarded: of them at most.
    """

    block_s: float
    share: float
    most_share: float
    undisturbed_s: float
    refill_s: float
    most_discarded: int


ON_HOST = Rules(block_s=0.06, share=0.05, most_share=1.0, undisturbed_s=0.03, refill_s=0.015, most_discarded=3)
# Not from a trial. Clocks move within tenths of seconds. A device's memory fills its caches in tens of microseconds;
# where an iteration is as short as that, more of them are none. A slow device may take 50 ms for a pass.
ON_DEVICE = Rules(block_s=0.06, share=0.05, most_share=0.25, undisturbed_s=0.03, refill_s=0.001, most_discarded=3)


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
    run: Callable[[], None],
    version: str,
    *,
    pass_s: float,
    iteration_s: float,
    sample_s: float,
    rules: Rules = ON_HOST,
) -> Interleaving:
    """Return the turns for iterations and samples that last so long.

    Args:
        run: one pass of the reference.
        version: which reference it is.
        pass_s: what a pass takes, in seconds.
        iteration_s: what an iteration of the case takes, in seconds.
        sample_s: what a sample of one or more iterations takes, in seconds.
        rules: of where it runs.
    """
    wanted_s = rules.share * max(sample_s, rules.block_s)
    passes = max(1, min(MOST_PASSES, round(wanted_s / pass_s) - 1)) if pass_s > 0 else 1
    block_s = max(rules.block_s, (1 + passes) * pass_s * (1 / rules.most_share - 1))
    return Interleaving(
        run=run,
        version=version,
        passes=passes,
        block=max(1, round(block_s / sample_s)) if sample_s > 0 else 1,
        discarded=_discarded(iteration_s, rules),
    )


def _discarded(iteration_s: float, rules: Rules) -> int:
    if iteration_s >= rules.undisturbed_s:
        return 0
    most = rules.most_discarded
    return most if iteration_s <= 0 else min(most, math.ceil(rules.refill_s / iteration_s))


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
            elapsed_s=tuple(seconds_of(timing) / self._turns.passes for timing in self._timings),
            cpu_s=cpu_s if len(cpu_s) == len(self._timings) else None,
        )

    def _take(self, taken: int) -> None:
        self._taken.append(taken)
        # Beside a network the first pass is slower by half: its data are no longer in the caches. That is the network's
        # doing, and would make the machine look slow.
        self._clock.time(self._turns.run, 1)
        self._timings.append(self._clock.time(self._turns.run, self._turns.passes))


def seconds_of(timing: Timing) -> float:
    """Return what passes took: by the device's own events where they tell it, which leaves the host's part out."""
    return timing.device_s or timing.host_s
