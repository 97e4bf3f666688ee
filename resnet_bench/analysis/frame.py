"""Runs as one tidy pandas table: a row for each case and metric. pandas is imported only when a frame is asked for."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from resnet_bench.analysis.metrics import EXACT_METRICS, NOISY_METRICS
from resnet_bench.analysis.stats import summarize
from resnet_bench.records import Case, Interval, Measurement, Run

if TYPE_CHECKING:
    import pandas as pd

_VALUES = ("metric", "value", "low", "high", "p50", "p90", "p95", "p99", "mad", "launches", "samples")


def frame(runs: Sequence[Run]) -> "pd.DataFrame":
    """Return columns run, the case's fields, metric, value (base units) and what `Summary` says of noisy metrics.

    Exact metrics have no interval and no percentiles (NaN), figures corrected for drift (`latency_corrected_s`) no
    percentiles; a metric that nobody measured has no row.
    """
    import pandas as pd  # noqa: PLC0415 - a third of a second that no command but a notebook needs

    columns = ["run", *Case.__struct_fields__, *_VALUES]
    rows = [row for run in runs for measurement in run.measurements for row in _rows(run, measurement)]
    return pd.DataFrame(rows, columns=columns)


def _rows(run: Run, measurement: Measurement) -> Iterator[tuple[object, ...]]:
    case = tuple(str(value) if isinstance(value, str) else value for value in _fields(measurement.case))
    for metric in NOISY_METRICS:
        summary = summarize(measurement, metric, run.header.ceilings)
        if summary is not None:
            low, high = _bounds(summary.interval)
            percentiles = (summary.p50, summary.p90, summary.p95, summary.p99)
            counts = (summary.mad, summary.launches, summary.samples)
            yield (run.header.id, *case, metric.name, summary.median, low, high, *percentiles, *counts)
            if summary.corrected is not None and metric.corrected is not None:
                low, high = _bounds(summary.corrected.interval)
                figures = (metric.corrected.name, summary.corrected.median, low, high)
                yield (run.header.id, *case, *figures, *(None,) * 5, *counts[1:])
    for exact in EXACT_METRICS:
        value = exact.extract(measurement)
        if value is not None:
            yield (run.header.id, *case, exact.name, value, *(None,) * (len(_VALUES) - 2))


def _bounds(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)


def _fields(case: Case) -> tuple[object, ...]:
    return tuple(getattr(case, field) for field in Case.__struct_fields__)
