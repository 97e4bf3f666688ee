"""What a metric is: everything that the house knows about one compared quantity, in one record.

No fact has a default: whoever adds a metric to `analysis.metrics` is asked for all of them, and every reader (reports,
thresholds, comparisons, history, asv's files) works from these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from resnet_bench.records import Launch, Measurement, Samples


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Policy(StrEnum):
    """How a difference is judged."""

    EXACT = "exact"
    NOISY = "noisy"


class Place(StrEnum):
    """Where a column of the report stands.

    DATA: in JSON and CSV alone. TABLE: also in the table of a single run. SIDE_BY_SIDE: also for each of several runs.
    """

    DATA = "data"
    TABLE = "table"
    SIDE_BY_SIDE = "side by side"


class Sense(StrEnum):
    """How a metric goes to asv, where more is worse: as it is, or as one over it."""

    AS_IS = "as it is"
    INVERTED = "inverted"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A unit and how people write it.

    Attributes:
        base_unit: unit of the values in records, "" for a count.
        unit: unit of what `show` prints.
        show: base units to text without the unit, by way of `resnet_bench.units`.
        parse: text with a unit to base units; a UsageError says what it expects.
    """

    base_unit: str
    unit: str
    show: Callable[[float | None], str]
    parse: Callable[[str], float]


@dataclass(frozen=True, kw_only=True)
class MetricColumn:
    """A metric as a column of the report.

    Attributes:
        title: heading.
        unit: unit of what `show` prints here, "" where `show` says it itself.
        show: base units to text; may be shorter than the metric's own.
        help: one sentence that explains it, "" where the heading does.
        place: where it stands.
        rank: place in the order in which columns go where room is short, 1 first; None stays.
        bounds: keys of the columns that hold its interval, None where the report shows none.
    """

    title: str
    unit: str
    show: Callable[[float | None], str]
    help: str
    place: Place
    rank: int | None
    bounds: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class AsvForm:
    """A metric as a benchmark of asv, where more is worse and units have asv's names."""

    name: str
    unit: str
    sense: Sense

    def value(self, value: float) -> float:
        """Return a value in base units as asv shall have it; infinite where there is no inverse."""
        if self.sense is Sense.AS_IS:
            return value
        return 1 / value if value else float("inf")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One comparable quantity.

    Attributes:
        name: field name in JSON, with its base unit.
        label: words for a heading, without the unit.
        measure: its unit, and how people write it.
        direction: which way is better.
        column: how the report shows it.
        asv: how asv shall have it.
    """

    name: str
    label: str
    measure: Measure
    direction: Direction
    column: MetricColumn
    asv: AsvForm

    @property
    def policy(self) -> Policy:
        """The policy that the metric's class stands for."""
        return Policy.EXACT if isinstance(self, ExactMetric) else Policy.NOISY

    @property
    def unit(self) -> str:
        """Unit of what `show` prints."""
        return self.measure.unit

    def show(self, value: float | None) -> str:
        """Return a value in base units as text without the unit."""
        return self.measure.show(value)


@dataclass(frozen=True, kw_only=True)
class CorrectedForm:
    """How a metric is corrected for drift: a time of iterations beside which a reference was timed.

    Attributes:
        name: field name in JSON, with the base unit.
        bounds: keys of the columns that hold its interval.
        samples: those of a launch.
        of_iteration: batch size and seconds of an iteration to the metric.
    """

    name: str
    bounds: tuple[str, str]
    samples: Callable[[Launch], Samples]
    of_iteration: Callable[[int, float], float]


@dataclass(frozen=True, kw_only=True)
class NoisyMetric(Metric):
    """A measured quantity: launches are its replicates.

    Attributes:
        extract: a launch's samples in time order, empty where unavailable.
        of_launches: launch medians to the one figure that the report shows.
        band: relative noise band that is assumed on a machine that was not calibrated.
        corrected: how it is corrected for the machine's drift, None where no reference sees what moves it.
    """

    extract: Callable[[Launch], tuple[float, ...]]
    of_launches: Callable[[Sequence[float]], float]
    band: float
    corrected: CorrectedForm | None

    def replicates(self, launches: Sequence[Launch]) -> Sequence[Launch]:
        """Return the launches that are replicates of each other: all of them."""
        return launches


@dataclass(frozen=True, kw_only=True)
class ComputedMetric(NoisyMetric):
    """What is computed of an output, not timed: one launch has no noise of the machine in it, and decides.

    Compilers choose anew in each launch, so that several are replicates; but only of the same images.
    """

    def replicates(self, launches: Sequence[Launch]) -> Sequence[Launch]:
        """Return the launches that compared most images; the others compare fewer, and look for faults alone."""
        compared = [(it.agreement.images, it) for it in launches if it.agreement is not None]
        most = max((images for images, _ in compared), default=0)
        return [it for images, it in compared if images == most]


class Source(StrEnum):
    """Where an exact value comes from: the static profile is the same on every machine, a launch is not."""

    PROFILE = "profile"
    LAUNCH = "launch"


@dataclass(frozen=True, kw_only=True)
class ExactMetric(Metric):
    """A quantity without noise; `extract` gives it for a measurement, None where unavailable."""

    extract: Callable[[Measurement], int | None]
    source: Source


def data_column(title: str, measure: Measure, explanation: str) -> MetricColumn:
    """Return the column of a metric that the tables people read leave out."""
    return MetricColumn(
        title=title,
        unit=measure.unit,
        show=measure.show,
        help=explanation,
        place=Place.DATA,
        rank=None,
        bounds=None,
    )


def one(value: float | None) -> tuple[float, ...]:
    """Return the samples of a launch that has one value, none where it is unavailable."""
    return () if value is None else (float(value),)
