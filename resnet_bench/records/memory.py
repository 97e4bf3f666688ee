"""What a process takes of memory at its peaks."""

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import NonNegativeCount


class Memory(Record, frozen=True, kw_only=True):
    """Bytes; `allocated` is tensors, `reserved` the allocator's cache, `rss` the process.

    `beside_bytes` is what of `allocated` is known to be no part of the network: the workspace that the device's library
    of products keeps, a second input where it is transferred. None where no such thing is known. `late_bytes` of it
    come with the last layer alone: the workspace of a captured graph's own stream.
    """

    weights_bytes: NonNegativeCount | None = None
    peak_allocated_bytes: NonNegativeCount | None = None
    peak_reserved_bytes: NonNegativeCount | None = None
    warmup_peak_allocated_bytes: NonNegativeCount | None = None
    peak_rss_bytes: NonNegativeCount | None = None
    device_process_bytes: NonNegativeCount | None = None
    device_total_bytes: NonNegativeCount | None = None
    beside_bytes: NonNegativeCount | None = None
    late_bytes: NonNegativeCount = 0
