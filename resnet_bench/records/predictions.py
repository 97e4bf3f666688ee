"""What is predicted of a case before it is measured, and how that was judged."""

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import NonNegativeCount, NonNegativeNumber, NonNegativeSeconds, PositiveSeconds, Share
from resnet_bench.records.conclusions import Interval
from resnet_bench.records.layer_library import LayerShape
from resnet_bench.records.nominals import Nominal
from resnet_bench.records.plan import Case


class PredictionError(Record, frozen=True, kw_only=True):
    """What past predictions say of the next: `bias` and `deviation` of ln(measured / predicted), of so many degrees.

    `judged` predictions of other families stand behind it, of which `missed` lay outside of their interval; `widening`
    is by how much intervals are wider than those would have been, 1 where they held.
    """

    bias: float
    deviation: NonNegativeNumber
    degrees: NonNegativeNumber
    judged: NonNegativeCount
    missed: NonNegativeCount = 0
    widening: NonNegativeNumber = 1.0


class MissingLayer(Record, frozen=True, kw_only=True):
    """A layer that the library lacks: how often it occurs, its least time on the ceilings, and what is assumed.

    Both are None where there are no ceilings.
    """

    shape: LayerShape
    count: NonNegativeCount
    least_s: NonNegativeSeconds | None
    assumed_s: NonNegativeSeconds | None


class PredictedLatency(Record, frozen=True, kw_only=True):
    """The predicted latency of a case with its interval, and what it is made of, in seconds of one iteration.

    `interval` is None where layers are missing and nothing bounds them; then `latency_s` is of the layers known alone.
    `host_s` is what the host takes to start it all, on a device with a queue; the larger of both times is the latency.
    `library_deviation` and `model_error` are where the interval comes from; `known_share` is the share of the latency
    that was timed layer by layer. `nominal` is the speed of the machine that it is for, None where no
    reference told any: one of no run is that which it had while layers were timed.
    """

    case: Case
    family: str
    latency_s: NonNegativeSeconds
    interval: Interval | None
    forward_s: NonNegativeSeconds
    backward_s: NonNegativeSeconds | None
    optimizer_s: NonNegativeSeconds | None
    between_s: NonNegativeSeconds
    host_s: NonNegativeSeconds | None
    layers: NonNegativeCount
    distinct_layers: NonNegativeCount
    missing: tuple[MissingLayer, ...]
    known_share: Share
    parameters: NonNegativeCount
    macs: NonNegativeCount
    peak_bytes: NonNegativeCount | None
    library_deviation: NonNegativeNumber
    model_error: PredictionError
    nominal: Nominal | None = None

    @property
    def half_width(self) -> float | None:
        """Half of the interval's width, relative to the latency."""
        if self.interval is None:
            return None
        return (self.interval.high - self.interval.low) / 2 / self.latency_s

    def covers(self, latency_s: float) -> bool:
        """Say whether a measured latency lies in the interval."""
        return self.interval is not None and self.interval.low <= latency_s <= self.interval.high


class JudgedPrediction(Record, frozen=True, kw_only=True):
    """A prediction beside what was measured; it was made without what the library learnt of that very model.

    `raw_s` is what was measured before it was brought to nominal speed, None where it was not. `disturbed` is what was
    measured beside something else on the machine and not brought to any speed: nothing is learnt from that.
    """

    predicted: PredictedLatency
    measured_s: PositiveSeconds
    measured_at: str
    raw_s: PositiveSeconds | None = None
    disturbed: bool = False

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted.latency_s / self.measured_s - 1

    @property
    def covered(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.predicted.covers(self.measured_s)
