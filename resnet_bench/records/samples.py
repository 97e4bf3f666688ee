"""What was timed of one case in one process, in time order, and the reference timed in turns with it."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, NonNegativeCount, NonNegativeSeconds, PositiveSeconds


class StopReason(StrEnum):
    """Why warm-up or sampling ended."""

    STABLE = "stable"
    SETTLED = "settled"
    INTERVAL = "interval"
    BUDGET = "budget"
    MAXIMUM = "maximum"


class TimingProtocol(StrEnum):
    """isolated: synchronise every iteration (latency). back_to_back: queue, then synchronise (throughput)."""

    ISOLATED = "isolated"
    BACK_TO_BACK = "back_to_back"


class ReferenceSamples(Record, frozen=True, kw_only=True):
    """A fixed kernel timed in turns with the samples, in time order: seconds of one pass, a value a burst.

    `taken` says how many samples had been taken when each burst began: the first burst stands before all of them, the
    last one after. A burst has so many timed `passes`, after one that is not timed. `version` names the kernels, which
    stay what they are whatever is measured. `elapsed_s` is by the device's own events where it has them,
    `cpu_s` the CPU time of the process.
    """

    version: str
    passes: Count = 1
    taken: tuple[NonNegativeCount, ...]
    elapsed_s: tuple[PositiveSeconds, ...]
    cpu_s: tuple[NonNegativeSeconds, ...] | None = None

    def __post_init__(self) -> None:
        if not self.taken or {len(self.taken)} != {len(it) for it in (self.elapsed_s, self.cpu_s) if it is not None}:
            raise ValueError("a reference has one value a burst, and one burst at least")

    def in_turns_with(self, samples: int) -> bool:
        """Whether the bursts are in time order, from before the first of so many samples to after the last."""
        return (self.taken[0], self.taken[-1]) == (0, samples) and list(self.taken) == sorted(self.taken)


class Moments(Record, frozen=True, kw_only=True):
    """When samples were taken, in seconds since a moment that all processes of a group share.

    `began_s` is of each sample; from `from_s` to `to_s` the process iterated without a pause, samples or none.
    """

    began_s: tuple[NonNegativeSeconds, ...]
    from_s: NonNegativeSeconds
    to_s: NonNegativeSeconds


class Samples(Record, frozen=True, kw_only=True):
    """Elapsed times of samples of `iterations_per_sample` iterations each, in time order.

    `elapsed_s` is the host's clock from the first call to the end of the last synchronisation; `device_elapsed_s` is
    what the device's own events say of the same samples, where it has them; `cpu_s` is the CPU time that the process
    got, all its threads together, on the host; `page_faults` are minor ones of all samples together. `moments` are of
    a process that ran beside others.
    """

    protocol: TimingProtocol
    iterations_per_sample: Count
    elapsed_s: Annotated[tuple[PositiveSeconds, ...], Meta(min_length=1)]
    device_elapsed_s: tuple[NonNegativeSeconds, ...] | None = None
    cpu_s: tuple[NonNegativeSeconds, ...] | None = None
    page_faults: NonNegativeCount | None = None
    moments: Moments | None = None
    reference: ReferenceSamples | None = None
    stopped_by: StopReason

    def __post_init__(self) -> None:
        if self.cpu_s is not None and len(self.cpu_s) != len(self.elapsed_s):
            raise ValueError("cpu_s has one value a sample")
        if self.moments is not None and len(self.moments.began_s) != len(self.elapsed_s):
            raise ValueError("moments have one value a sample")
        if self.reference is not None and not self.reference.in_turns_with(len(self.elapsed_s)):
            raise ValueError("a reference has its first burst before all samples, and its last one after them")

    @property
    def iteration_s(self) -> tuple[float, ...]:
        """Seconds per iteration, one value per sample."""
        return tuple(elapsed / self.iterations_per_sample for elapsed in self.elapsed_s)


class Warmup(Record, frozen=True, kw_only=True):
    """Iterations before sampling; the first one (allocation, autotuning, compilation) apart.

    `queued_s` are seconds an iteration of queues of several, in time order, which brought a device to its steady state;
    `skipped_steps` are iterations before all of these whose optimizer step the loss scaler skipped.
    """

    first_iteration_s: NonNegativeSeconds
    iteration_s: tuple[NonNegativeSeconds, ...]
    stopped_by: StopReason
    queued_s: tuple[NonNegativeSeconds, ...] = ()
    skipped_steps: NonNegativeCount = 0


class Phases(Record, frozen=True, kw_only=True):
    """Training iterations timed in parts, in a pass of its own: seconds per iteration."""

    forward_s: tuple[NonNegativeSeconds, ...]
    backward_s: tuple[NonNegativeSeconds, ...]
    optimizer_s: tuple[NonNegativeSeconds, ...]
