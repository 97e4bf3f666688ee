"""What a device can do at best, as measured on it; a data sheet's word stands beside, never instead."""

from typing import Annotated

import msgspec
from msgspec import Meta

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, Index, NonNegativeSeconds, PositiveNumber
from resnet_bench.records.nominals import Nominal
from resnet_bench.records.plan import Precision, host_threads


class Rate(Record, frozen=True, kw_only=True):
    """The best rates seen of a matrix product and of a convolution, in FLOP/s (2 per multiply-accumulate).

    None where the device has no such arithmetic.
    """

    precision: Precision
    matmul_flop_per_s: PositiveNumber | None
    convolution_flop_per_s: PositiveNumber | None

    @property
    def flop_per_s(self) -> float | None:
        """The ceiling: the higher of the two."""
        return max((rate for rate in (self.matmul_flop_per_s, self.convolution_flop_per_s) if rate), default=None)


class Bandwidth(Record, frozen=True, kw_only=True):
    """The best rate of a copy whose source and target together are `moved_bytes`: small ones stay in caches."""

    moved_bytes: Count
    byte_per_s: PositiveNumber


class Ceilings(Record, frozen=True, kw_only=True, tag="ceilings"):
    """Measured ceilings of one device with a number of CPU threads, 0 of an accelerator; the copies by rising size.

    `launch_s` is what one more operator costs when it has nothing to compute. `attempts` is how often the measurement
    was made because something else used the machine; `disturbances` says in words what still did in the last one.
    `nominal` is the reference's in runs of before it was made of launches (`Header.nominals`), and is used no more.
    """

    environment: str
    device: str
    threads: Index
    measured_at: str
    rates: tuple[Rate, ...]
    bandwidths: Annotated[tuple[Bandwidth, ...], Meta(min_length=1)]
    launch_s: NonNegativeSeconds
    attempts: Count = 1
    disturbances: tuple[str, ...] = ()
    nominal: Nominal | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "threads", host_threads(self.device, self.threads))

    def byte_per_s(self, moved_bytes: int) -> float:
        """Return the best rate of any copy that moves at least as much: what `moved_bytes` cannot be moved faster than.

        Beyond the largest copy measured, that one's rate.
        """
        fitting = [it.byte_per_s for it in self.bandwidths if it.moved_bytes >= moved_bytes]
        return max(fitting, default=self.bandwidths[-1].byte_per_s)

    @property
    def memory_byte_per_s(self) -> float:
        """The rate of the largest copy: of memory, not of caches."""
        return self.bandwidths[-1].byte_per_s
