"""A live comparison: its two sides, the launch pairs that were made, and what they decide."""

import math
import statistics
from collections.abc import Sequence
from enum import StrEnum

from resnet_bench.records.base import Record
from resnet_bench.records.conclusions import Interval, Verdict
from resnet_bench.records.launches import Agreement
from resnet_bench.records.plan import Case

WAITING_TOLERANCE = 0.02


class PackageFrom(StrEnum):
    """Where `import resnet_bench` leads in a side's process: to the revision's code, or to what is installed here."""

    REVISION = "revision"
    ENVIRONMENT = "environment"


class Side(Record, frozen=True, kw_only=True):
    """Where a side's model code lies, what to call it, and the interpreter of its own where it has one."""

    label: str
    root: str
    python: str | None = None
    package: PackageFrom = PackageFrom.REVISION


class Start(StrEnum):
    """How a launch begins: forked from a server that has imported torch, or with an interpreter of its own."""

    FORKED = "forked"
    SPAWNED = "spawned"


class Until(StrEnum):
    """When to stop making launch pairs: at a decision for every case, or when `pairs` are made."""

    DECIDED = "decided"
    EXHAUSTED = "exhausted"


class Decision(Record, frozen=True, kw_only=True):
    """What the pairs so far say. `ratio` is contender / baseline; the interval holds at all looks together.

    `by_code`: nothing was measured for it, because the code is the same as that of the other side, or of a commit that
    was measured before; the reason says which.
    """

    verdict: Verdict
    ratio: float
    interval: Interval | None
    detectable: float | None
    pairs: int
    reason: str
    by_code: bool = False


class Matchup(Record, frozen=True, kw_only=True):
    """One question: a case on each side (equal, unless configurations are compared)."""

    baseline: Case
    contender: Case


class PairedSamples(Record, frozen=True, kw_only=True):
    """One launch pair of one matchup: seconds per iteration of each turn on both sides, in time order.

    For one thread on the CPU also the seconds of CPU that it got: what a neighbour takes from it is not in those.
    `core` is the one that both sides took their turns on, None where they were not bound to one.
    """

    pair: int
    baseline_s: tuple[float, ...]
    contender_s: tuple[float, ...]
    baseline_cpu_s: tuple[float, ...] = ()
    contender_cpu_s: tuple[float, ...] = ()
    core: int | None = None

    @property
    def by_cpu_time(self) -> bool:
        """Whether CPU time is compared: there is one, and neither side waits for something of its own."""
        return bool(self.baseline_cpu_s) and abs(self._waiting(0) - self._waiting(1)) <= WAITING_TOLERANCE

    @property
    def judged_s(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Both sides' seconds per iteration that are compared: of CPU time, or elapsed where a side waits."""
        if self.by_cpu_time:
            return self.baseline_cpu_s, self.contender_cpu_s
        return self.baseline_s, self.contender_s

    @property
    def log_ratio(self) -> float:
        """Median log(contender / baseline) of the turns as judged."""
        return _median_log_ratio(*self.judged_s)

    @property
    def elapsed_log_ratio(self) -> float:
        """Median log(contender / baseline) of the turns' elapsed time."""
        return _median_log_ratio(self.baseline_s, self.contender_s)

    def _waiting(self, side: int) -> float:
        """Return the smallest share of a turn that a side spent off the CPU: its own waiting, not a neighbour's."""
        elapsed, cpu = ((self.baseline_s, self.baseline_cpu_s), (self.contender_s, self.contender_cpu_s))[side]
        return min(1 - got / lasted if lasted > 0 else 0.0 for got, lasted in zip(cpu, elapsed, strict=True))


def _median_log_ratio(baseline_s: Sequence[float], contender_s: Sequence[float]) -> float:
    """Return the median, NaN where a turn took no time."""
    if min(*baseline_s, *contender_s) <= 0:
        return math.nan
    both = zip(baseline_s, contender_s, strict=True)
    return statistics.median(math.log(contender / baseline) for baseline, contender in both)


class MatchupResult(Record, frozen=True, kw_only=True):
    """A matchup with its launch pairs and the decision.

    The agreements are each side's with eager float32 of its own code, None for that itself; `remarks` say what could
    not be compared. `code` is a digest of all that the contender's side read.
    """

    matchup: Matchup
    turns: tuple[PairedSamples, ...]
    decision: Decision
    baseline_agreement: Agreement | None = None
    contender_agreement: Agreement | None = None
    remarks: tuple[str, ...] = ()
    code: str = ""
