"""The columns of the long table, in their order.

A metric's column follows from the metric; one that the layout below does not name stands before the counts.
"""

from collections.abc import Collection, Iterator

from resnet_bench.analysis.deployment_metrics import ARTIFACT, CONVERT, FIRST_INFERENCE, LOAD
from resnet_bench.analysis.metric import Place
from resnet_bench.analysis.metrics import (
    ACTIVATIONS,
    COMPILE,
    ENERGY,
    LATENCY,
    METRICS,
    PARAMETERS,
    PEAK_ALLOCATED,
    PEAK_RESERVED,
    PEAK_RSS,
    PREDICTED_PEAK,
    THROUGHPUT,
)
from resnet_bench.analysis.results import CaseStatus
from resnet_bench.report.labels import AXES, axis_columns
from resnet_bench.report.sections.agreement_columns import AGREEMENT_COLUMNS
from resnet_bench.report.sections.certainty_columns import CERTAINTY_COLUMNS
from resnet_bench.report.sections.cost_columns import COST_COLUMNS
from resnet_bench.report.sections.result_column import (
    ResultColumn,
    corrected_columns,
    metric_columns,
    of_axis,
    of_headroom,
    of_latency,
    of_profile,
    of_quantiles,
    of_result,
)
from resnet_bench.report.table import Column, ColumnKind

_CASE_COLUMNS = (
    ResultColumn(
        column=Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True, facet=True),
        place=Place.DATA,
        value=lambda line: line.run,
    ),
    *(of_axis(column) for column in axis_columns(("model",), facet=False)),
    of_result(
        Column(key="family", title="family", kind=ColumnKind.NAME, facet=True), Place.DATA, lambda result: result.family
    ),
    # Every axis but the model, as a case has them; the machine stands before what it has.
    *(of_axis(column) for column in axis_columns((AXES[0], "batch_size", *AXES[1:]), facet=True)),
    of_result(
        Column(key="status", title="status", kind=ColumnKind.STATUS, facet=True, silent=CaseStatus.MEASURED.value),
        Place.DATA,
        lambda result: result.status.value,
    ),
)
_VALUE_COLUMNS = (
    *metric_columns(PARAMETERS),
    of_profile(
        Column(
            key="macs_per_image",
            rank=4,
            title="MACs",
            kind=ColumnKind.COUNT,
            help="Multiply-accumulates of convolution and linear layers for one image. FLOPs are twice as many.",
        ),
        Place.TABLE,
        lambda profile: profile.macs // profile.batch_size,
    ),
    of_result(
        Column(
            key="accuracy",
            rank=9,
            title="acc@1",
            kind=ColumnKind.SHARE,
            help="Published ImageNet top-1 accuracy at 224 px, or what the suite gives; not measured here.",
        ),
        Place.TABLE,
        lambda result: result.accuracy,
    ),
    *metric_columns(LATENCY),
    *corrected_columns(LATENCY),
    of_quantiles(
        Column(
            key="latency_p05_s", title="p5", kind=ColumnKind.LATENCY, unit="ms", help="5 % of all samples were quicker."
        ),
        lambda quantiles: quantiles.p05,
    ),
    of_quantiles(
        Column(key="latency_p25_s", title="p25", kind=ColumnKind.LATENCY, unit="ms"), lambda quantiles: quantiles.p25
    ),
    of_quantiles(
        Column(key="latency_p75_s", title="p75", kind=ColumnKind.LATENCY, unit="ms"), lambda quantiles: quantiles.p75
    ),
    of_latency(
        Column(key="latency_p90_s", title="p90", kind=ColumnKind.LATENCY, unit="ms"),
        Place.DATA,
        lambda latency: latency.p90,
    ),
    of_latency(
        Column(
            key="latency_p95_s",
            rank=6,
            title="p95",
            kind=ColumnKind.LATENCY,
            unit="ms",
            help="95 % of all samples were quicker.",
        ),
        Place.TABLE,
        lambda latency: latency.p95,
    ),
    of_latency(
        Column(key="latency_p99_s", title="p99", kind=ColumnKind.LATENCY, unit="ms"),
        Place.DATA,
        lambda latency: latency.p99,
    ),
    of_latency(
        Column(
            key="fastest_launch_s",
            title="fastest launch",
            kind=ColumnKind.LATENCY,
            unit="ms",
            help="The least of the launches' medians.",
        ),
        Place.DATA,
        lambda latency: min(latency.launch_medians),
    ),
    of_latency(
        Column(
            key="slowest_launch_s",
            title="slowest launch",
            kind=ColumnKind.LATENCY,
            unit="ms",
            help="The greatest of the launches' medians.",
        ),
        Place.DATA,
        lambda latency: max(latency.launch_medians),
    ),
    *metric_columns(THROUGHPUT),
    *corrected_columns(THROUGHPUT),
    of_result(
        Column(
            key="peak_bytes",
            rank=11,
            title="peak memory",
            kind=ColumnKind.MEMORY,
            unit="MiB",
            help="Measured: peak allocated where all cases of a device have an allocator that tells, else peak RSS of "
            "the process.",
        ),
        Place.SIDE_BY_SIDE,
        lambda result: result.peak_bytes,
    ),
    *metric_columns(PEAK_ALLOCATED),
    *metric_columns(PEAK_RESERVED),
    *metric_columns(PEAK_RSS),
    *metric_columns(PREDICTED_PEAK),
    *metric_columns(ENERGY),
    *COST_COLUMNS,
    *metric_columns(COMPILE),
    *metric_columns(CONVERT),
    *metric_columns(ARTIFACT),
    *metric_columns(LOAD),
    *metric_columns(FIRST_INFERENCE),
    of_result(
        Column(
            key="achieved_flop_per_s",
            rank=1,
            title="FLOP/s",
            kind=ColumnKind.FLOP_RATE,
            help="FLOPs of convolution and linear layers times iterations per second, at the measured throughput.",
        ),
        Place.TABLE,
        lambda result: result.flop_rate,
    ),
    of_result(
        Column(
            key="share_of_peak",
            rank=3,
            title="of peak",
            kind=ColumnKind.SHARE,
            help="MFU: achieved FLOP/s over the best that products and convolutions of this precision reached here.",
        ),
        Place.TABLE,
        lambda result: result.share_of_peak,
    ),
    of_result(
        Column(
            key="times_roofline",
            rank=8,
            title="x roofline",
            kind=ColumnKind.RATIO,
            help="Latency over the least time that the measured ceilings allow: 2.3 is 2.3x from the roofline.",
        ),
        Place.TABLE,
        lambda result: result.times_roofline,
    ),
    *AGREEMENT_COLUMNS,
    of_headroom(
        Column(
            key="roofline_s",
            title="roofline",
            kind=ColumnKind.LATENCY,
            unit="ms",
            help="The least time of one iteration.",
        ),
        lambda bound: bound.least_s,
    ),
    of_headroom(
        Column(
            key="intensity",
            title="intensity",
            kind=ColumnKind.NUMBER,
            unit="FLOP/B",
            help="FLOPs of one iteration, those of no MACs included, over the bytes that its layers move.",
        ),
        lambda bound: bound.intensity,
    ),
    of_profile(
        Column(
            key="flops", title="FLOPs", kind=ColumnKind.COUNT, help="2 x MACs of one forward pass of the whole batch."
        ),
        Place.DATA,
        lambda profile: profile.flops,
    ),
    *metric_columns(ACTIVATIONS),
    of_profile(
        Column(key="fvcore_count", title="fvcore's count", kind=ColumnKind.COUNT, help="What fvcore calls flops."),
        Place.DATA,
        lambda profile: profile.fvcore_count,
    ),
    of_profile(
        Column(
            key="torch_counter_flops", title="torch's count", kind=ColumnKind.COUNT, help="What FlopCounterMode says."
        ),
        Place.DATA,
        lambda profile: profile.torch_counter_flops,
    ),
)


def _others(placed: Collection[ResultColumn]) -> Iterator[ResultColumn]:
    """Yield the columns of the metrics that the layout above does not name."""
    named = {it.column.key for it in placed}
    for metric in METRICS:
        if metric.name not in named:
            yield from metric_columns(metric)


RESULT_COLUMNS = (*_CASE_COLUMNS, *_VALUE_COLUMNS, *_others(_VALUE_COLUMNS), *CERTAINTY_COLUMNS)
COLUMNS = tuple(it.column for it in RESULT_COLUMNS)
BY_KEY = {column.key: column for column in COLUMNS}
INDEX = {column.key: position for position, column in enumerate(COLUMNS)}
