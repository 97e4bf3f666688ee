"""The last columns of the long table: how sure a row is, and what was noted on it."""

from resnet_bench.analysis.metric import Place
from resnet_bench.report.sections.result_column import ResultColumn, of_correction, of_result
from resnet_bench.report.table import Column, ColumnKind

CERTAINTY_COLUMNS = (
    of_result(
        Column(key="launches", title="launches", kind=ColumnKind.INTEGER),
        Place.DATA,
        lambda result: result.latency.launches if result.latency else 0,
    ),
    of_result(
        Column(key="samples", title="samples", kind=ColumnKind.INTEGER),
        Place.DATA,
        lambda result: result.latency.samples if result.latency else 0,
    ),
    of_correction(
        Column(key="drift_coefficient", title="drift coefficient", kind=ColumnKind.RATIO), lambda it: it.coefficient
    ),
    of_correction(Column(key="reference", title="reference", kind=ColumnKind.TEXT), lambda it: it.reference),
    of_correction(
        Column(key="reference_nominal_s", title="nominal", kind=ColumnKind.LATENCY, unit="ms"), lambda it: it.nominal_s
    ),
    of_correction(
        Column(key="launch_spread_raw", title="spread of launches", kind=ColumnKind.SHARE), lambda it: it.spread_raw
    ),
    of_correction(
        Column(key="launch_spread_cpu", title="of their CPU time", kind=ColumnKind.SHARE), lambda it: it.spread_cpu
    ),
    of_correction(
        Column(key="launch_spread_corrected", title="corrected", kind=ColumnKind.SHARE), lambda it: it.spread_corrected
    ),
    of_result(Column(key="spread", title="spread", kind=ColumnKind.SHARE), Place.DATA, lambda result: result.spread),
    ResultColumn(
        column=Column(
            key="verdict",
            title="verdict",
            kind=ColumnKind.VERDICT,
            facet=True,
            help="The gravest verdict on latency and throughput against the baseline.",
        ),
        place=Place.DATA,
        value=lambda line: line.verdict,
    ),
    ResultColumn(
        column=Column(key="notes", title="notes", kind=ColumnKind.NOTES),
        place=Place.DATA,
        value=lambda line: line.notes,
    ),
)
