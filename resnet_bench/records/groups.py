"""What several processes that ran a case at once measured, each by itself and together."""

import statistics

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Index, NonNegativeCount, NonNegativeNumber, PositiveSeconds
from resnet_bench.records.memory import Memory
from resnet_bench.records.samples import Samples, Warmup


class Copy(Record, frozen=True, kw_only=True):
    """One of several processes that ran a case at once, each with a network of its own.

    `cores` are those of the CPU that it alone had, empty where it was bound to none. Its samples are those taken while
    all of them ran; `outside` counts the others.
    """

    cores: tuple[Index, ...] = ()
    warmup: Warmup
    isolated: Samples
    back_to_back: Samples
    memory: Memory
    outside: NonNegativeCount = 0


class Rank(Record, frozen=True, kw_only=True):
    """One of several processes that trained one network together; `cores` as of a copy."""

    cores: tuple[Index, ...] = ()
    memory: Memory


def carried_bytes(size: int, ranks: int) -> float:
    """Return how many bytes each link of a ring carries where so many ranks reduce a buffer of `size` bytes."""
    return size * 2 * (ranks - 1) / ranks


class Communication(Record, frozen=True, kw_only=True):
    """What ranks said to each other in a step: gradients of so many bytes over a `backend`, bucket by bucket.

    `reduced_s` are seconds of steps, `alone_s` of steps that kept their gradients to themselves (torch's `no_sync`),
    taken in turns, each as long as on the slowest rank. `link_byte_per_s` is the best rate of a reduction over them,
    by what each link of a ring carries (`carried_bytes`).
    """

    backend: str
    gradient_bytes: NonNegativeCount
    bucket_bytes: tuple[NonNegativeCount, ...]
    reduced_s: tuple[PositiveSeconds, ...]
    alone_s: tuple[PositiveSeconds, ...]
    link_byte_per_s: NonNegativeNumber

    @property
    def share(self) -> float:
        """The share of a step that goes when nothing is reduced; 0 where such steps are no quicker."""
        return max(0.0, 1 - statistics.median(self.alone_s) / statistics.median(self.reduced_s))

    def reduction_s(self, ranks: int) -> float | None:
        """Return the least time in which so many ranks can reduce the gradients by the best rate, None without one."""
        return carried_bytes(self.gradient_bytes, ranks) / self.link_byte_per_s if self.link_byte_per_s else None
