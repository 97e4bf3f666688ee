"""The table of metrics: what is compared, in which unit, which way is better, and under which policy.

An exact metric follows from the model alone: any difference is a change. A noisy metric is measured: launches are
its replicates and a difference counts only beyond a noise band. Values stay in base units; `show` is for tables.
A value that a launch could not give is an empty tuple (noisy) or None (exact), never 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from resnet_bench import units
from resnet_bench.errors import ConfigError, nearest
from resnet_bench.records import Launch, Measurement


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Policy(StrEnum):
    """How a difference is judged."""

    EXACT = "exact"
    NOISY = "noisy"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One comparable quantity.

    Attributes:
        name: field name in JSON, with its base unit.
        label: words for a heading, without the unit.
        unit: unit of what `show` prints.
        direction: which way is better.
        show: base units to text without the unit, by way of `resnet_bench.units`.
    """

    name: str
    label: str
    unit: str
    direction: Direction
    show: Callable[[float | None], str]

    @property
    def policy(self) -> Policy:
        """The policy that the metric's class stands for."""
        return Policy.EXACT if isinstance(self, ExactMetric) else Policy.NOISY


@dataclass(frozen=True, kw_only=True)
class NoisyMetric(Metric):
    """A measured quantity; `extract` gives a launch's samples in time order, empty where unavailable.

    `band` is the relative noise band that is assumed on a machine that was not calibrated.
    """

    extract: Callable[[Launch], tuple[float, ...]]
    band: float


class Source(StrEnum):
    """Where an exact value comes from: the static profile is the same on every machine, a launch is not."""

    PROFILE = "profile"
    LAUNCH = "launch"


@dataclass(frozen=True, kw_only=True)
class ExactMetric(Metric):
    """A quantity without noise; `extract` gives it for a measurement, None where unavailable."""

    extract: Callable[[Measurement], int | None]
    source: Source = Source.PROFILE


def find_metric(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        ConfigError: there is no such metric; the message has the nearest name.
    """
    for metric in METRICS:
        if metric.name == name:
            return metric
    names = [metric.name for metric in METRICS]
    raise ConfigError(f"'{name}' is no metric.{nearest(name, names)} Metrics: {', '.join(names)}.")


def _latency(launch: Launch) -> tuple[float, ...]:
    return launch.isolated.iteration_s


def _throughput(launch: Launch) -> tuple[float, ...]:
    return tuple(launch.case.batch_size / seconds for seconds in launch.back_to_back.iteration_s)


def _compile(launch: Launch) -> tuple[float, ...]:
    return _one(launch.compilation.compile_s if launch.compilation else None)


def _energy(launch: Launch) -> tuple[float, ...]:
    return _one(launch.energy.energy_j / launch.energy.images if launch.energy and launch.energy.images else None)


def _one(value: float | None) -> tuple[float, ...]:
    return () if value is None else (float(value),)


def _predicted_peak(measurement: Measurement) -> int | None:
    profile = measurement.profile
    return profile.predicted_memory.peak_bytes if profile and profile.predicted_memory else None


def _graph_breaks(measurement: Measurement) -> int | None:
    # The worst launch speaks: a break that comes and goes is a break.
    return max((it.compilation.graph_breaks for it in measurement.launches if it.compilation), default=None)


def _count(value: float | None) -> str:
    return units.grouped(None if value is None else int(value))


NOISY_METRICS: tuple[NoisyMetric, ...] = (
    NoisyMetric(
        name="latency_s",
        label="latency",
        unit="ms",
        direction=Direction.LOWER,
        show=units.milliseconds,
        extract=_latency,
        band=0.02,
    ),
    NoisyMetric(
        name="throughput_images_per_s",
        label="throughput",
        unit="images/s",
        direction=Direction.HIGHER,
        show=units.per_second,
        extract=_throughput,
        band=0.02,
    ),
    NoisyMetric(
        name="compile_s",
        label="compile time",
        unit="s",
        direction=Direction.LOWER,
        show=units.seconds,
        extract=_compile,
        band=0.10,
    ),
    NoisyMetric(
        name="energy_j_per_image",
        label="energy",
        unit="J/image",
        direction=Direction.LOWER,
        show=units.joules,
        extract=_energy,
        band=0.03,
    ),
    NoisyMetric(
        name="peak_allocated_bytes",
        label="peak allocated",
        unit="MiB",
        direction=Direction.LOWER,
        show=units.mebibytes,
        extract=lambda launch: _one(launch.memory.peak_allocated_bytes),
        band=0.005,
    ),
    NoisyMetric(
        name="peak_reserved_bytes",
        label="peak reserved",
        unit="MiB",
        direction=Direction.LOWER,
        show=units.mebibytes,
        extract=lambda launch: _one(launch.memory.peak_reserved_bytes),
        band=0.01,
    ),
    NoisyMetric(
        name="peak_rss_bytes",
        label="peak RSS",
        unit="MiB",
        direction=Direction.LOWER,
        show=units.mebibytes,
        extract=lambda launch: _one(launch.memory.peak_rss_bytes),
        band=0.02,
    ),
)

EXACT_METRICS: tuple[ExactMetric, ...] = (
    ExactMetric(
        name="parameters",
        label="parameters",
        unit="",
        direction=Direction.LOWER,
        show=_count,
        extract=lambda measurement: measurement.profile.parameters if measurement.profile else None,
    ),
    ExactMetric(
        name="macs",
        label="MACs",
        unit="",
        direction=Direction.LOWER,
        show=_count,
        extract=lambda measurement: measurement.profile.macs if measurement.profile else None,
    ),
    ExactMetric(
        name="activations",
        label="activations",
        unit="",
        direction=Direction.LOWER,
        show=_count,
        extract=lambda measurement: measurement.profile.activations if measurement.profile else None,
    ),
    ExactMetric(
        name="predicted_peak_bytes",
        label="predicted peak memory",
        unit="B",
        direction=Direction.LOWER,
        show=_count,
        extract=_predicted_peak,
    ),
    ExactMetric(
        name="graph_breaks",
        label="graph breaks",
        unit="",
        direction=Direction.LOWER,
        show=_count,
        extract=_graph_breaks,
        source=Source.LAUNCH,
    ),
)

METRICS: tuple[Metric, ...] = NOISY_METRICS + EXACT_METRICS
