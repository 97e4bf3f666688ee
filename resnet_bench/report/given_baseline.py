"""What rows of a report are a ratio to, beside one another: a baseline, with each row's ratio as it was judged."""

from resnet_bench.records import Record


class GivenBaseline(Record, frozen=True, kw_only=True):
    """A baseline; `ratios` are those of each row's throughput to it with their bounds, None where nothing compares."""

    name: str
    ratios: tuple[tuple[float, float | None, float | None] | None, ...]
