"""What a choice may ask of a case: every metric by its label, and what is of a case alone: memory, accuracy, cost.

A criterion knows which way is better, how its limits are written and read, and its figure of a result with the
interval that is known: of launches' medians, or of their percentiles.
"""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from resnet_bench import units
from resnet_bench.analysis.deployment_metrics import is_void
from resnet_bench.analysis.metric import Direction, ExactMetric, Metric, NoisyMetric
from resnet_bench.analysis.metrics import ENERGY, LATENCY, METRICS, PEAK_ALLOCATED, PEAK_RSS, THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.verdicts.thresholds import Percentile
from resnet_bench.errors import UsageError, nearest
from resnet_bench.records import Interval, Mode, Precision, Price, Record, Summary

MILLION = 1_000_000
_HOUR_S = 3600


Prices = Mapping[tuple[int, str], Price]  # by run and machine of a result


class Estimate(Record, frozen=True, kw_only=True):
    """A figure in base units with the bounds of its interval, None where launches are too few; exact needs none.

    `borrowed_by` is the precision of a case for which the accuracy of fp32 stands, "" for a figure of its own.
    """

    value: float
    low: float | None = None
    high: float | None = None
    exact: bool = False
    borrowed_by: str = ""

    @property
    def supported(self) -> bool:
        """Whether more is known than what happened to be measured."""
        return self.exact or self.low is not None

    @property
    def least(self) -> float:
        """The lower bound, or the figure where none is known."""
        return self.value if self.low is None else self.low

    @property
    def most(self) -> float:
        """The upper bound, or the figure where none is known."""
        return self.value if self.high is None else self.high

    @property
    def bare(self) -> bool:
        """Whether it is borrowed, and nothing says how far off it may be."""
        return bool(self.borrowed_by) and self.exact

    def counts_beside(self, other: "Estimate") -> bool:
        """Return whether it may be put before another: a bare one only before its own kind."""
        return not self.bare or self.borrowed_by == other.borrowed_by


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One thing that a case can be chosen by.

    Attributes:
        name: words, as in `--for "peak memory"`.
        also: another name that is understood, a metric's.
        key: the column of the report that holds its figure.
        direction: which way is better: a limit is the most, or where higher is better the least.
        base_unit: of its figures.
        parse: a limit as text to base units; a UsageError says what it expects.
        say: base units to text with the unit.
        percentiles: whether a percentile of samples may be asked for.
        estimate: its figure of a result, None where that has none.
        ratios: the summary by whose ratios results are ranked, None where intervals of figures decide.
        from_zero: whether it counts something that there may be none of, so that 0 is a limit.
    """

    name: str
    also: str
    key: str
    direction: Direction
    base_unit: str
    parse: Callable[[str], float]
    say: Callable[[float], str]
    percentiles: bool
    estimate: Callable[[Result, Percentile | None, Prices], Estimate | None]
    ratios: Callable[[Result, Prices], Summary | None] | None
    from_zero: bool = False

    def read(self, text: str) -> float:
        """Read a limit.

        Raises:
            UsageError: it is none.
        """
        return 0.0 if self.from_zero and text.strip() == "0" else self.parse(text)

    def checked(self, limit: float) -> float:
        """Return a limit in base units.

        Raises:
            UsageError: no figure could keep to it or miss it.
        """
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
            raise UsageError(f"limit of {self.name}: {limit!r} is no finite number in base units.")
        if limit < 0 or (limit == 0 and not self.from_zero):
            raise UsageError(f"limit of {self.name}: expected {'0 or more' if self.from_zero else 'more than 0'}.")
        return float(limit)


def find_criterion(name: str) -> Criterion:
    """Return the criterion of that name.

    Raises:
        UsageError: there is none; the message has the nearest.
    """
    spelled = " ".join(name.replace("-", " ").split())
    found = next((it for it in CRITERIA if spelled.lower() == it.name.lower() or spelled == it.also), None)
    if found is None:
        known = [it.name for it in CRITERIA]
        raise UsageError(f"'{name}' is nothing to choose by.{nearest(name, known)} There are: {', '.join(known)}.")
    return found


def _of_metric(metric: Metric) -> Criterion:
    # Where the highest launch counts, a ratio of medians says nothing.
    by_ratios = isinstance(metric, NoisyMetric) and metric.of_launches is statistics.median
    return Criterion(
        name=metric.label,
        also=metric.name,
        key=metric.name,
        direction=metric.direction,
        base_unit=metric.measure.base_unit,
        parse=metric.measure.parse,
        say=lambda value: units.quantity(value, metric.measure.base_unit),
        percentiles=metric is LATENCY,
        estimate=lambda result, percentile, _: _metric_figure(result, metric, percentile),
        ratios=_summary_of(metric) if by_ratios else None,
        from_zero=isinstance(metric, ExactMetric) and metric.measure.parse is units.parse_count,
    )


def _summary_of(metric: Metric) -> Callable[[Result, Prices], Summary | None]:
    return lambda result, _: result.summaries.get(metric.name)


def _metric_figure(result: Result, metric: Metric, percentile: Percentile | None = None) -> Estimate | None:
    value = result.value(metric)
    if value is None:
        return None
    if not isinstance(metric, NoisyMetric):
        return Estimate(value=value, exact=True)
    summary = result.summaries[metric.name]
    if percentile in {None, Percentile.P50}:
        return _with_interval(value, summary.interval)
    tail = getattr(summary, percentile.value)
    known = result.tails.get(percentile.value)
    return None if tail is None else _with_interval(tail, known)


def _with_interval(value: float, known: Interval | None) -> Estimate:
    """Return a figure with its interval, widened to hold it: a peak is the highest launch's, a tail is pooled."""
    if known is None:
        return Estimate(value=value)
    return Estimate(value=value, low=min(value, known.low), high=max(value, known.high))


def _peak(result: Result, _percentile: Percentile | None, _prices: Prices) -> Estimate | None:
    told = (PEAK_ALLOCATED, PEAK_RSS) if result.tells_allocated else (PEAK_RSS,)
    figures = (_metric_figure(result, metric) for metric in told)
    return next((it for it in figures if it is not None), None)


def borrows_accuracy(result: Result) -> bool:
    """Say whether the accuracy that stands for a case is of fp32, and the case computes something else."""
    if result.accuracy is None or result.accuracy_given or result.case.mode is not Mode.INFERENCE:
        return False
    return result.case.precision is not Precision.FP32 or bool(_changed(result))


def _changed(result: Result) -> float | None:
    """Return the share of images that get another class than in eager float32, None where that says nothing."""
    near = result.agreement
    if near is None or near.top1_agreement is None or is_void(near) or not result.case.weights:
        return None
    return 1 - near.top1_agreement


def _accuracy(result: Result, _percentile: Percentile | None, _prices: Prices) -> Estimate | None:
    """Return the accuracy of eager float32, with as much room as images of another class leave."""
    known, changed = result.accuracy, _changed(result)
    if known is None:
        return None
    lent = result.case.precision.value if borrows_accuracy(result) else ""
    if changed:
        return Estimate(value=known, low=max(0.0, known - changed), high=min(1.0, known + changed), borrowed_by=lent)
    return Estimate(value=known, exact=True, borrowed_by="" if changed == 0 else lent)


def price_of(result: Result, prices: Prices) -> Price | None:
    """Return what an hour of a result's machine costs: as asked with, else as its suite says."""
    return prices.get((result.run, result.case.machine)) or result.price


def _cost(result: Result, _percentile: Percentile | None, prices: Prices) -> Estimate | None:
    speed = _metric_figure(result, THROUGHPUT)
    price = price_of(result, prices)
    if speed is None or price is None or not speed.least:
        return None
    scale = price.per_hour / _HOUR_S * MILLION
    return Estimate(
        value=scale / speed.value,
        low=speed.high and scale / speed.high,
        high=speed.low and scale / speed.low,
    )


def _images_for_money(result: Result, prices: Prices) -> Summary | None:
    """Return the throughput as images a second for each unit of money an hour: costs are ranked by its ratios."""
    summary, price = result.throughput, price_of(result, prices)
    if summary is None or price is None:
        return None
    per = 1 / price.per_hour
    corrected = summary.corrected and msgspec.structs.replace(
        summary.corrected, launch_medians=tuple(it * per for it in summary.corrected.launch_medians)
    )
    medians = tuple(it * per for it in summary.launch_medians)
    return msgspec.structs.replace(summary, median=summary.median * per, launch_medians=medians, corrected=corrected)


def _amount(text: str) -> float:
    try:
        return units.parse_count(text)
    except UsageError as error:
        raise UsageError(f"'{text}' is not a plain amount; costs are in the currency of the price.") from error


def cost_words(value: float, currency: str) -> str:
    """Return a cost of a million images: 12.34 USD."""
    return f"{units.significant(value, 3)} {currency}"


def kilowatt_hours(energy_j_per_image: float) -> float:
    """Return the energy of a million images in kWh."""
    return energy_j_per_image * MILLION / (1000 * _HOUR_S)


ACCURACY = Criterion(
    name="accuracy",
    also="acc@1",
    key="accuracy",
    direction=Direction.HIGHER,
    base_unit="share",
    parse=units.parse_percent,
    say=units.percent,
    percentiles=False,
    estimate=_accuracy,
    ratios=None,
)
PEAK_MEMORY = Criterion(
    name="peak memory",
    also="peak_bytes",
    key="peak_bytes",
    direction=Direction.LOWER,
    base_unit="B",
    parse=units.parse_bytes,
    say=lambda value: units.quantity(value, "B"),
    percentiles=False,
    estimate=_peak,
    ratios=None,
)
COST = Criterion(
    name="cost",
    also="cost_per_million_images",
    key="cost_per_million_images",
    direction=Direction.LOWER,
    base_unit="per million images",
    parse=_amount,
    say=lambda value: units.significant(value, 3),
    percentiles=False,
    estimate=_cost,
    ratios=_images_for_money,
)
_OF_METRIC = {metric.name: _of_metric(metric) for metric in METRICS}
TIME, SPEED, POWER = (_OF_METRIC.pop(metric.name) for metric in (LATENCY, THROUGHPUT, ENERGY))
# What a bare limit ("200 ms") is of: the first whose unit it has.
CRITERIA = (TIME, SPEED, PEAK_MEMORY, POWER, ACCURACY, COST, *_OF_METRIC.values())
