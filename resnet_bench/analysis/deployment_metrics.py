"""Metrics of what a runtime loads, and of how close any case is to eager float32: rows of `analysis.metrics`."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis import measures
from resnet_bench.analysis.metric import (
    AsvForm,
    ComputedMetric,
    Direction,
    MetricColumn,
    NoisyMetric,
    Place,
    Sense,
    data_column,
    one,
)
from resnet_bench.records import Agreement, Launch

# Fewer distinct classes than this among the images, and that the largest logit is the same says nothing.
FEWEST_CLASSES = 8


def is_void(agreement: Agreement) -> bool:
    """Say whether it has a top-1 agreement that says nothing, because too few classes are distinct."""
    return agreement.classes is not None and agreement.classes < FEWEST_CLASSES


def _convert_s(launch: Launch) -> tuple[float, ...]:
    return one(launch.conversion.convert_s if launch.conversion else None)


def _load_s(launch: Launch) -> tuple[float, ...]:
    return one(launch.conversion.load_s if launch.conversion else None)


def _artifact_bytes(launch: Launch) -> tuple[float, ...]:
    return one(launch.conversion.artifact_bytes if launch.conversion else None)


def _first_inference_s(launch: Launch) -> tuple[float, ...]:
    return one(launch.warmup.first_iteration_s if launch.conversion else None)


def _sqnr_db(launch: Launch) -> tuple[float, ...]:
    if launch.agreement is None:
        return ()
    found = launch.agreement.sqnr_db
    if found is not None and found <= 0:  # of gradients that rounding turns around: no ratio of it means anything
        return ()
    return one(measures.EXACT_DB if found is None else found)


def _top1(launch: Launch) -> tuple[float, ...]:
    if launch.agreement is None or is_void(launch.agreement):
        return ()
    return one(launch.agreement.top1_agreement)


def _largest(medians: Sequence[float]) -> float:
    return max(medians)


def _least(medians: Sequence[float]) -> float:
    return min(medians)


CONVERT = NoisyMetric(
    name="convert_s",
    label="conversion",
    measure=measures.SECONDS,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="convert",
        unit="",
        show=units.duration,
        help="What the exporter took to make the artefact that a runtime loads, in a process of its own.",
        place=Place.TABLE,
        rank=2,
        bounds=None,
    ),
    asv=AsvForm(name="convert_s", unit="seconds", sense=Sense.AS_IS),
    extract=_convert_s,
    of_launches=statistics.median,
    band=0.10,
    corrected=None,
)
ARTIFACT = NoisyMetric(
    name="artifact_bytes",
    label="artefact",
    measure=measures.MEBIBYTES,
    direction=Direction.LOWER,
    column=MetricColumn(
        title="artefact",
        unit="MiB",
        show=units.mebibytes,
        help="Size of the files that a runtime loads.",
        place=Place.TABLE,
        rank=2,
        bounds=None,
    ),
    asv=AsvForm(name="artifact_bytes", unit="bytes", sense=Sense.AS_IS),
    extract=_artifact_bytes,
    of_launches=_largest,
    band=0.01,
    corrected=None,
)
LOAD = NoisyMetric(
    name="load_s",
    label="load time",
    measure=measures.SECONDS,
    direction=Direction.LOWER,
    column=data_column("load", measures.SECONDS, "What the runtime took to load the artefact, its import included."),
    asv=AsvForm(name="load_s", unit="seconds", sense=Sense.AS_IS),
    extract=_load_s,
    of_launches=statistics.median,
    band=0.10,
    corrected=None,
)
FIRST_INFERENCE = NoisyMetric(
    name="first_inference_s",
    label="first inference",
    measure=measures.MILLISECONDS,
    direction=Direction.LOWER,
    column=data_column("first inference", measures.MILLISECONDS, "Time of the first iteration after loading."),
    asv=AsvForm(name="first_inference_s", unit="seconds", sense=Sense.AS_IS),
    extract=_first_inference_s,
    of_launches=statistics.median,
    band=0.10,
    corrected=None,
)
SQNR = ComputedMetric(
    name="sqnr_db",
    label="SQNR",
    measure=measures.DECIBELS,
    direction=Direction.HIGHER,
    column=MetricColumn(
        title="SQNR",
        unit="dB",
        show=measures.DECIBELS.show,
        help="Signal to error of the logits against eager float32's, their mean over the images subtracted; in "
        "training of all gradients together; the least of the launches with most images.",
        place=Place.TABLE,
        rank=2,
        bounds=None,
    ),
    asv=AsvForm(name="sqnr_db", unit="1/dB", sense=Sense.INVERTED),
    extract=_sqnr_db,
    of_launches=_least,
    band=0.05,
    corrected=None,
)
TOP1_AGREEMENT = ComputedMetric(
    name="top1_agreement",
    label="agreement",
    measure=measures.SHARE,
    direction=Direction.HIGHER,
    column=data_column(
        "top-1 as eager",
        measures.SHARE,
        "Images with the same largest logit as in eager float32; none is given below 8 distinct classes.",
    ),
    asv=AsvForm(name="top1_agreement", unit="1/share", sense=Sense.INVERTED),
    extract=_top1,
    of_launches=_least,
    band=0.01,
    corrected=None,
)

CONVERSION_METRICS = (CONVERT, ARTIFACT, LOAD, FIRST_INFERENCE)
AGREEMENT_METRICS = (SQNR, TOP1_AGREEMENT)
