"""The table of metrics: what is compared, in which unit, which way is better, and under which policy.

An exact metric follows from the model alone: any difference is a change. A noisy metric is measured: launches are
its replicates and a difference counts only beyond a noise band. Values stay in base units; `show` is for tables.
A value that a launch could not give is an empty tuple (noisy) or None (exact), never 0.
"""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis import measures
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.deployment_metrics import AGREEMENT_METRICS, CONVERSION_METRICS
from resnet_bench.analysis.metric import (
    AsvForm,
    CorrectedForm,
    Direction,
    ExactMetric,
    Metric,
    MetricColumn,
    NoisyMetric,
    Place,
    Sense,
    Source,
    data_column,
    one,
)
from resnet_bench.errors import ConfigError, nearest
from resnet_bench.records import Launch, Measurement, Samples


def find_metric(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        ConfigError: there is no such metric; the message has the nearest name.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise ConfigError(f"'{name}' is not a metric.{nearest(name, list(_BY_NAME))} Metrics: {', '.join(_BY_NAME)}.")


def _throughput(launch: Launch) -> tuple[float, ...]:
    if launch.copies:
        return one(sum(statistics.median(_rates(launch, it.back_to_back)) for it in launch.copies))
    return _rates(launch, launch.back_to_back)


def _rates(launch: Launch, queued: Samples) -> tuple[float, ...]:
    return tuple(launch.case.images_an_iteration / seconds for seconds in queued.iteration_s if seconds > 0)


def _compile(launch: Launch) -> tuple[float, ...]:
    return one(launch.compilation.compile_s if launch.compilation else None)


def _energy(launch: Launch) -> tuple[float, ...]:
    return one(launch.energy.energy_j / launch.energy.images if launch.energy and launch.energy.images else None)


def _highest_whole(medians: Sequence[float]) -> int:
    return round(max(medians))


def _predicted_peak(measurement: Measurement) -> int | None:
    """On a device with what its allocator's rounding and its library of products add to the network; of all copies."""
    profile = measurement.profile
    if profile is None or profile.predicted_memory is None or measurement.case.world_size > 1:
        return None  # ranks keep buckets of gradients beside the network
    of_one = (it.copies[0].memory if it.copies else it.memory for it in measurement.launches)
    memory = next((it for it in of_one if it.beside_bytes is not None), None)
    beside = (None, 0) if memory is None else (memory.beside_bytes, memory.late_bytes)
    return profile.predicted_memory.on_device(*beside) * measurement.case.copies


def _graph_breaks(measurement: Measurement) -> int | None:
    # The worst launch speaks: a break that comes and goes is a break.
    return max((it.compilation.graph_breaks for it in measurement.launches if it.compilation), default=None)


LATENCY = NoisyMetric(
    name="latency_s",
    label="latency",
    measure=measures.MILLISECONDS,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="latency p50",
        unit="ms",
        show=units.milliseconds,
        help=f"Time of one iteration: median over launches of each launch's median, "
        f"with its {CONFIDENCE_TEXT} interval.",
        place=Place.SIDE_BY_SIDE,
        rank=None,
        bounds=("latency_low_s", "latency_high_s"),
    ),
    asv=AsvForm(name="latency_s", unit="seconds", sense=Sense.AS_IS),
    extract=lambda launch: launch.isolated.iteration_s,
    of_launches=statistics.median,
    band=0.02,
    corrected=CorrectedForm(
        name="latency_corrected_s",
        bounds=("latency_corrected_low_s", "latency_corrected_high_s"),
        samples=lambda launch: launch.isolated,
        of_iteration=lambda _, iteration_s: iteration_s,
    ),
)
THROUGHPUT = NoisyMetric(
    name="throughput_images_per_s",
    label="throughput",
    measure=measures.IMAGES_PER_SECOND,
    direction=Direction.HIGHER,
    column=MetricColumn(
        title="throughput",
        unit="images/s",
        show=units.per_second,
        help="Images per second with iterations back to back, of all processes together, with its "
        f"{CONFIDENCE_TEXT} interval.",
        place=Place.SIDE_BY_SIDE,
        rank=None,
        bounds=("throughput_low_images_per_s", "throughput_high_images_per_s"),
    ),
    asv=AsvForm(name="seconds_per_image", unit="seconds", sense=Sense.INVERTED),
    extract=_throughput,
    of_launches=statistics.median,
    band=0.02,
    corrected=CorrectedForm(
        name="throughput_corrected_images_per_s",
        bounds=("throughput_corrected_low_images_per_s", "throughput_corrected_high_images_per_s"),
        samples=lambda launch: launch.back_to_back,
        of_iteration=lambda batch_size, iteration_s: batch_size / iteration_s,
    ),
)
COMPILE = NoisyMetric(
    name="compile_s",
    label="compile time",
    measure=measures.SECONDS,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="compile",
        unit="",
        show=units.duration,
        help="Cold compilation, median over launches.",
        place=Place.TABLE,
        rank=2,
        bounds=None,
    ),
    asv=AsvForm(name="compile_s", unit="seconds", sense=Sense.AS_IS),
    extract=_compile,
    of_launches=statistics.median,
    band=0.10,
    corrected=None,
)
ENERGY = NoisyMetric(
    name="energy_j_per_image",
    label="energy",
    measure=measures.JOULES_PER_IMAGE,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="energy",
        unit="J/image",
        show=units.joules,
        help="",
        place=Place.TABLE,
        rank=7,
        bounds=None,
    ),
    asv=AsvForm(name="energy_j_per_image", unit="J/image", sense=Sense.AS_IS),
    extract=_energy,
    of_launches=statistics.median,
    band=0.03,
    corrected=None,
)
PEAK_ALLOCATED = NoisyMetric(
    name="peak_allocated_bytes",
    label="peak allocated",
    measure=measures.MEBIBYTES,
    direction=Direction.LOWER,
    column=data_column("peak allocated", measures.MEBIBYTES, ""),
    asv=AsvForm(name="peak_allocated_bytes", unit="bytes", sense=Sense.AS_IS),
    extract=lambda launch: one(launch.memory.peak_allocated_bytes),
    of_launches=_highest_whole,
    band=0.005,
    corrected=None,
)
PEAK_RESERVED = NoisyMetric(
    name="peak_reserved_bytes",
    label="peak reserved",
    measure=measures.MEBIBYTES,
    direction=Direction.LOWER,
    column=data_column("peak reserved", measures.MEBIBYTES, ""),
    asv=AsvForm(name="peak_reserved_bytes", unit="bytes", sense=Sense.AS_IS),
    extract=lambda launch: one(launch.memory.peak_reserved_bytes),
    of_launches=_highest_whole,
    band=0.01,
    corrected=None,
)
PEAK_RSS = NoisyMetric(
    name="peak_rss_bytes",
    label="peak RSS",
    measure=measures.MEBIBYTES,
    direction=Direction.LOWER,
    column=data_column("peak RSS", measures.MEBIBYTES, ""),
    asv=AsvForm(name="peak_rss_bytes", unit="bytes", sense=Sense.AS_IS),
    extract=lambda launch: one(launch.memory.peak_rss_bytes),
    of_launches=_highest_whole,
    band=0.15,  # a process keeps one of a few layouts for life: 453 to 522 MiB, seen of one case of identical code
    corrected=None,
)
PARAMETERS = ExactMetric(
    name="parameters",
    label="parameters",
    measure=measures.COUNT,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="params",
        unit="",
        show=units.scaled,
        help="Parameters of the model.",
        place=Place.TABLE,
        rank=5,
        bounds=None,
    ),
    asv=AsvForm(name="parameters", unit="parameters", sense=Sense.AS_IS),
    extract=lambda measurement: measurement.profile.parameters if measurement.profile else None,
    source=Source.PROFILE,
)
MACS = ExactMetric(
    name="macs",
    label="MACs",
    measure=measures.COUNT,
    direction=Direction.LOWER,
    column=data_column(
        "MACs of the batch", measures.COUNT, "Multiply-accumulates of one forward pass of the whole batch."
    ),
    asv=AsvForm(name="macs", unit="MACs", sense=Sense.AS_IS),
    extract=lambda measurement: measurement.profile.macs if measurement.profile else None,
    source=Source.PROFILE,
)
ACTIVATIONS = ExactMetric(
    name="activations",
    label="activations",
    measure=measures.COUNT,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="activations",
        unit="",
        show=units.scaled,
        help="Outputs of convolution and linear layers.",
        place=Place.DATA,
        rank=None,
        bounds=None,
    ),
    asv=AsvForm(name="activations", unit="activations", sense=Sense.AS_IS),
    extract=lambda measurement: measurement.profile.activations if measurement.profile else None,
    source=Source.PROFILE,
)
PREDICTED_PEAK = ExactMetric(
    name="predicted_peak_bytes",
    label="predicted peak memory",
    measure=measures.BYTES,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="predicted allocated",
        unit="MiB",
        show=units.mebibytes,
        help="Predicted peak of tensors, without convolution workspace and without the process itself.",
        place=Place.TABLE,
        rank=10,
        bounds=None,
    ),
    asv=AsvForm(name="predicted_peak_bytes", unit="bytes", sense=Sense.AS_IS),
    extract=_predicted_peak,
    source=Source.PROFILE,
)
GRAPH_BREAKS = ExactMetric(
    name="graph_breaks",
    label="graph breaks",
    measure=measures.COUNT,
    direction=Direction.LOWER,
    column=data_column(
        "graph breaks", measures.COUNT, "Graph breaks of the compiled model, those of the worst launch."
    ),
    asv=AsvForm(name="graph_breaks", unit="graph breaks", sense=Sense.AS_IS),
    extract=_graph_breaks,
    source=Source.LAUNCH,
)

_BESIDE = (*CONVERSION_METRICS, *AGREEMENT_METRICS)
NOISY_METRICS = (LATENCY, THROUGHPUT, COMPILE, ENERGY, PEAK_ALLOCATED, PEAK_RESERVED, PEAK_RSS, *_BESIDE)
EXACT_METRICS = (PARAMETERS, MACS, ACTIVATIONS, PREDICTED_PEAK, GRAPH_BREAKS)
METRICS: tuple[Metric, ...] = NOISY_METRICS + EXACT_METRICS
TIMINGS = (LATENCY, THROUGHPUT)  # both are times of the same iterations

_BY_NAME = {metric.name: metric for metric in METRICS}
POSITION = {metric.name: position for position, metric in enumerate(METRICS)}
