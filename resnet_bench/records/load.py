"""What a device's driver said while the samples ran: an idle device tells nothing of one that works."""

from msgspec import field

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, Duration, NonNegativeNumber, NonNegativeSeconds, Share


class Spread(Record, frozen=True, kw_only=True):
    """The least, the median and the most of several readings."""

    least: float
    median: float
    most: float


class UnderLoad(Record, frozen=True, kw_only=True):
    """A device while it took samples, in `readings` readings over `window_s`; None is what it cannot tell.

    `throttled` is the share of the readings in which a reason held clocks back; `held_back_s` is what the driver itself
    counted of that in the whole window. A power cap under load is a fact, and no disturbance.
    """

    readings: Count
    window_s: Duration
    sm_clock_hz: Spread | None = None
    memory_clock_hz: Spread | None = None
    power_w: Spread | None = None
    power_limit_w: NonNegativeNumber | None = None
    temperature_c: Spread | None = None
    throttled: dict[str, Share] = field(default_factory=dict)
    held_back_s: dict[str, NonNegativeSeconds] = field(default_factory=dict)
