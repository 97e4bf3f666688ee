"""A row for each launch: what a reader needs to check the statistics, as a download and not as a table on the page."""

import statistics
from collections.abc import Sequence

from resnet_bench.records import Launch, Run, UnderLoad
from resnet_bench.report.labels import Labels
from resnet_bench.report.table import Column, ColumnKind, Row, Table

SAMPLES_LIMIT = 10_000
LAUNCHES_LIMIT = 20_000

_COLUMNS = (
    Column(key="run", title="run", kind=ColumnKind.NAME),
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="index", title="launch", kind=ColumnKind.INTEGER),
    Column(key="started_at", title="started", kind=ColumnKind.TEXT),
    Column(key="duration_s", title="duration", kind=ColumnKind.DURATION),
    Column(key="first_iteration_s", title="first iteration", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="latency_median_s", title="latency", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="iteration_back_to_back_median_s", title="iteration, back to back", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="forward_median_s", title="forward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="backward_median_s", title="backward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="optimizer_median_s", title="optimizer step", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="peak_allocated_bytes", title="peak allocated", kind=ColumnKind.MEMORY, unit="MiB"),
    Column(key="peak_rss_bytes", title="peak RSS", kind=ColumnKind.MEMORY, unit="MiB"),
    Column(key="sm_clock_median_hz", title="clock under load", kind=ColumnKind.NUMBER),
    Column(key="power_median_w", title="power under load", kind=ColumnKind.NUMBER),
    Column(key="temperature_most_c", title="highest temperature", kind=ColumnKind.NUMBER),
    Column(key="throttled", title="held back by", kind=ColumnKind.TEXT),
    Column(key="samples", title="samples", kind=ColumnKind.INTEGER),
    Column(key="warmup_stopped_by", title="warm-up ended by", kind=ColumnKind.TEXT),
    Column(key="latency_stopped_by", title="sampling ended by", kind=ColumnKind.TEXT),
    Column(key="throughput_stopped_by", title="sampling back to back ended by", kind=ColumnKind.TEXT),
    Column(key="latency_of_copies_s", title="latency of each copy", kind=ColumnKind.TEXT),
    Column(key="latency_samples_s", title="latency samples in time order", kind=ColumnKind.TEXT),
)


def launch_table(runs: Sequence[Run], labels: Labels) -> Table:
    """Return each launch with its medians; its samples too while all runs have no more than 10,000 together."""
    launches = [
        (labels.runs[number], launch)
        for number, run in enumerate(runs)
        for measurement in run.measurements
        for launch in measurement.launches
    ]
    with_samples = has_samples(runs)
    columns = _COLUMNS if with_samples else _COLUMNS[:-1]
    return Table(
        id="launches",
        caption="Every launch, in base units" + (" with its samples" if with_samples else ""),
        columns=columns,
        rows=tuple(_row(run, launch)[: len(columns)] for run, launch in launches),
        shown=tuple(column.key for column in columns),
    )


def has_launches(runs: Sequence[Run]) -> bool:
    """Say whether the page has the launches to save: beyond 20,000 they would be a fifth of it."""
    return sum(len(it.launches) for run in runs for it in run.measurements) <= LAUNCHES_LIMIT


def has_samples(runs: Sequence[Run]) -> bool:
    """Say whether the launches come with their samples."""
    launches = (it for run in runs for measurement in run.measurements for it in measurement.launches)
    return sum(len(launch.isolated.elapsed_s) for launch in launches) <= SAMPLES_LIMIT


def _row(run: str, launch: Launch) -> Row:
    iterations, phases = launch.isolated.iteration_s, launch.phases
    parts = (phases.forward_s, phases.backward_s, phases.optimizer_s) if phases else ((), (), ())
    return (
        run,
        launch.case.key,
        launch.index,
        launch.started_at,
        launch.duration_s,
        launch.warmup.first_iteration_s,
        statistics.median(iterations) if iterations else None,
        statistics.median(launch.back_to_back.iteration_s) if launch.back_to_back.elapsed_s else None,
        *(statistics.median(part) if part else None for part in parts),
        launch.memory.peak_allocated_bytes,
        launch.memory.peak_rss_bytes,
        *_under_load(launch.load),
        len(iterations),
        launch.warmup.stopped_by.value,
        launch.isolated.stopped_by.value,
        launch.back_to_back.stopped_by.value,
        " ".join(repr(statistics.median(it.isolated.iteration_s)) for it in launch.copies) or None,
        " ".join(repr(value) for value in iterations),
    )


def _under_load(load: UnderLoad | None) -> Row:
    if load is None:
        return (None, None, None, None)
    clock, power, temperature = load.sm_clock_hz, load.power_w, load.temperature_c
    return (
        None if clock is None else clock.median,
        None if power is None else power.median,
        None if temperature is None else temperature.most,
        " ".join(sorted(load.throttled)) or None,
    )
