"""The long table (a row for each case of each run, every column) and the summary that people read."""

from collections.abc import Mapping, Sequence

import msgspec

from resnet_bench.analysis.results import Result, Status
from resnet_bench.records import Case, Summary
from resnet_bench.report.document import Column, Kind, Row, Table, Value
from resnet_bench.report.labels import AXES, Labels

_AXIS_TITLES = {
    "mode": "mode",
    "image_size": "image",
    "precision": "precision",
    "memory_format": "layout",
    "executor": "executor",
    "machine": "machine",
    "device": "device",
    "threads": "threads",
}
_METRICS = (
    "parameters",
    "macs_per_image",
    "accuracy",
    "latency_s",
    "latency_p95_s",
    "throughput_images_per_s",
    "peak_bytes",
    "predicted_peak_bytes",
    "energy_j_per_image",
    "compile_s",
    "achieved_flop_per_s",
    "share_of_peak",
    "times_roofline",
)
_SIDE_BY_SIDE = ("latency_s", "throughput_images_per_s", "peak_bytes")

_COLUMNS = (
    Column(key="run", title="run", kind=Kind.NAME, facet=True),
    Column(key="model", title="model", kind=Kind.NAME),
    Column(key="family", title="family", kind=Kind.NAME, facet=True),
    Column(key="mode", title="mode", kind=Kind.TEXT, facet=True),
    Column(key="batch_size", title="batch", kind=Kind.INTEGER, facet=True, help="Images per iteration."),
    Column(key="image_size", title="image", kind=Kind.INTEGER, unit="px", facet=True),
    Column(key="precision", title="precision", kind=Kind.TEXT, facet=True),
    Column(key="memory_format", title="layout", kind=Kind.TEXT, facet=True),
    Column(key="executor", title="executor", kind=Kind.TEXT, facet=True),
    Column(key="machine", title="machine", kind=Kind.NAME, facet=True),
    Column(key="device", title="device", kind=Kind.TEXT, facet=True),
    Column(key="threads", title="threads", kind=Kind.INTEGER, facet=True),
    Column(key="status", title="status", kind=Kind.STATUS, facet=True),
    Column(key="parameters", rank=5, title="params", kind=Kind.COUNT, help="Parameters of the model."),
    Column(
        key="macs_per_image",
        rank=4,
        title="MACs",
        kind=Kind.COUNT,
        help="Multiply-accumulates of convolution and linear layers for one image. FLOPs are twice as many.",
    ),
    Column(
        key="accuracy",
        rank=9,
        title="acc@1",
        kind=Kind.SHARE,
        help="Published ImageNet top-1 accuracy at 224 px; not measured here.",
    ),
    Column(
        key="latency_s",
        title="latency p50",
        kind=Kind.LATENCY,
        unit="ms",
        low="latency_low_s",
        high="latency_high_s",
        help="Time of one iteration: median over launches of each launch's median, with its 99 % interval.",
    ),
    Column(key="latency_low_s", title="latency, low", kind=Kind.LATENCY, unit="ms"),
    Column(key="latency_high_s", title="latency, high", kind=Kind.LATENCY, unit="ms"),
    Column(key="latency_p05_s", title="p5", kind=Kind.LATENCY, unit="ms", help="5 % of all samples were quicker."),
    Column(key="latency_p25_s", title="p25", kind=Kind.LATENCY, unit="ms"),
    Column(key="latency_p75_s", title="p75", kind=Kind.LATENCY, unit="ms"),
    Column(key="latency_p90_s", title="p90", kind=Kind.LATENCY, unit="ms"),
    Column(
        key="latency_p95_s", rank=6, title="p95", kind=Kind.LATENCY, unit="ms", help="95 % of all samples were quicker."
    ),
    Column(key="latency_p99_s", title="p99", kind=Kind.LATENCY, unit="ms"),
    Column(
        key="fastest_launch_s",
        title="fastest launch",
        kind=Kind.LATENCY,
        unit="ms",
        help="The least of the launches' medians.",
    ),
    Column(
        key="slowest_launch_s",
        title="slowest launch",
        kind=Kind.LATENCY,
        unit="ms",
        help="The greatest of the launches' medians.",
    ),
    Column(
        key="throughput_images_per_s",
        title="throughput",
        kind=Kind.RATE,
        unit="images/s",
        low="throughput_low_images_per_s",
        high="throughput_high_images_per_s",
        help="Images per second with iterations back to back, with its 99 % interval.",
    ),
    Column(key="throughput_low_images_per_s", title="throughput, low", kind=Kind.RATE, unit="images/s"),
    Column(key="throughput_high_images_per_s", title="throughput, high", kind=Kind.RATE, unit="images/s"),
    Column(
        key="peak_bytes",
        title="peak memory",
        kind=Kind.MEMORY,
        unit="MiB",
        help="Measured: peak allocated where the device has an allocator that tells, else peak RSS of the process.",
    ),
    Column(key="peak_allocated_bytes", title="peak allocated", kind=Kind.MEMORY, unit="MiB"),
    Column(key="peak_reserved_bytes", title="peak reserved", kind=Kind.MEMORY, unit="MiB"),
    Column(key="peak_rss_bytes", title="peak RSS", kind=Kind.MEMORY, unit="MiB"),
    Column(
        key="predicted_peak_bytes",
        rank=10,
        title="predicted",
        kind=Kind.MEMORY,
        unit="MiB",
        help="Predicted peak of tensors, without convolution workspace and without the process itself.",
    ),
    Column(key="energy_j_per_image", rank=7, title="energy", kind=Kind.ENERGY, unit="J/image"),
    Column(
        key="compile_s", rank=2, title="compile", kind=Kind.DURATION, help="Cold compilation, median over launches."
    ),
    Column(
        key="achieved_flop_per_s",
        rank=1,
        title="FLOP/s",
        kind=Kind.FLOP_RATE,
        help="FLOPs of convolution and linear layers times iterations per second, at the measured throughput.",
    ),
    Column(
        key="share_of_peak",
        rank=3,
        title="of peak",
        kind=Kind.SHARE,
        help="MFU: achieved FLOP/s over the best that products and convolutions of this precision reached here.",
    ),
    Column(
        key="times_roofline",
        rank=8,
        title="x roofline",
        kind=Kind.RATIO,
        help="Latency over the least time that the measured ceilings allow: 2.3 is 2.3x from the roofline.",
    ),
    Column(key="roofline_s", title="roofline", kind=Kind.LATENCY, unit="ms", help="The least time of one iteration."),
    Column(
        key="intensity",
        title="intensity",
        kind=Kind.NUMBER,
        unit="FLOP/B",
        help="FLOPs of one iteration, those of no MACs included, over the bytes that its layers move.",
    ),
    Column(key="flops", title="FLOPs", kind=Kind.COUNT, help="2 x MACs of one forward pass of the whole batch."),
    Column(key="activations", title="activations", kind=Kind.COUNT, help="Outputs of convolution and linear layers."),
    Column(key="fvcore_count", title="fvcore's count", kind=Kind.COUNT, help="What fvcore calls flops."),
    Column(key="torch_counter_flops", title="torch's count", kind=Kind.COUNT, help="What FlopCounterMode says."),
    Column(key="launches", title="launches", kind=Kind.INTEGER),
    Column(key="samples", title="samples", kind=Kind.INTEGER),
    Column(key="spread", title="spread", kind=Kind.SHARE),
    Column(
        key="verdict",
        title="verdict",
        kind=Kind.VERDICT,
        facet=True,
        help="The gravest verdict on latency and throughput against the baseline.",
    ),
    Column(key="notes", title="notes", kind=Kind.NOTES),
)
_KEYS = tuple(column.key for column in _COLUMNS)
_BY_KEY = {column.key: column for column in _COLUMNS}


def long_table(
    results: Sequence[Result], labels: Labels, *, notes: Mapping[str, int], verdicts: Mapping[tuple[int, Case], str]
) -> Table:
    """Return every column of every case, a row for each case of each run."""
    rows = tuple(_row(result, labels, notes=notes, verdicts=verdicts) for result in results)
    return Table(
        id="results",
        caption="Every case with every column, in base units",
        columns=_COLUMNS,
        rows=rows,
        shown=_shown(rows, labels),
        constants=labels.constants,
    )


def summary_table(results: Sequence[Result], labels: Labels, long: Table) -> Table:
    """Return the table that people read: the long one for a single run, else runs side by side."""
    if len(labels.runs) == 1:
        return msgspec.structs.replace(long, id="summary", caption="All cases")
    return _side_by_side(results, labels, long)


def _row(result: Result, labels: Labels, *, notes: Mapping[str, int], verdicts: Mapping[tuple[int, Case], str]) -> Row:
    case, profile = result.case, result.profile
    latency, throughput = result.latency, result.throughput
    latency_low, latency_high = _bounds(latency)
    throughput_low, throughput_high = _bounds(throughput)
    return (
        labels.runs[result.run],
        case.model,
        result.family,
        case.mode.value,
        case.batch_size,
        case.image_size,
        case.precision.value,
        case.memory_format.value,
        case.executor.value,
        case.machine,
        case.device,
        case.threads,
        result.status.value,
        profile.parameters if profile else None,
        profile.macs // case.batch_size if profile else None,
        result.accuracy,
        latency.median if latency else None,
        latency_low,
        latency_high,
        result.quantiles.p05 if result.quantiles else None,
        result.quantiles.p25 if result.quantiles else None,
        result.quantiles.p75 if result.quantiles else None,
        latency.p90 if latency else None,
        latency.p95 if latency else None,
        latency.p99 if latency else None,
        min(latency.launch_medians) if latency else None,
        max(latency.launch_medians) if latency else None,
        throughput.median if throughput else None,
        throughput_low,
        throughput_high,
        result.peak_bytes,
        result.peak_allocated_bytes,
        result.peak_reserved_bytes,
        result.peak_rss_bytes,
        result.predicted_bytes,
        result.energy.median if result.energy else None,
        result.compile_s,
        result.flop_rate,
        result.share_of_peak,
        result.times_roofline,
        result.headroom.least_s if result.headroom else None,
        result.headroom.intensity if result.headroom else None,
        profile.flops if profile else None,
        profile.activations if profile else None,
        profile.fvcore_count if profile else None,
        profile.torch_counter_flops if profile else None,
        latency.launches if latency else 0,
        latency.samples if latency else 0,
        result.spread,
        verdicts.get((result.run, case)),
        " ".join(str(notes[text]) for text in result.warnings),
    )


def _bounds(summary: Summary | None) -> tuple[float | None, float | None]:
    if summary is None or summary.interval is None:
        return None, None
    return summary.interval.low, summary.interval.high


def _shown(rows: Sequence[Row], labels: Labels) -> tuple[str, ...]:
    """Leave out what is the same everywhere (it is said once) and what nobody measured."""

    def known(key: str) -> bool:
        position = _KEYS.index(key)
        return any(row[position] not in {None, ""} for row in rows)

    position = _KEYS.index("status")
    return (
        *(("run",) if len(labels.runs) > 1 else ()),
        "model",
        *(axis for axis in AXES if axis in labels.case_axes),
        "batch_size",
        *(key for key in _METRICS if known(key)),
        *(("verdict",) if known("verdict") else ()),
        *(("status",) if any(row[position] != Status.MEASURED for row in rows) else ()),
        *(("notes",) if known("notes") else ()),
    )


def _side_by_side(results: Sequence[Result], labels: Labels, long: Table) -> Table:
    slots: dict[tuple[str, ...], dict[int, int]] = {}
    for position, result in enumerate(results):
        slots.setdefault(labels.slot(result.case), {})[result.run] = position
    found_slots = _in_order(slots)
    shared = ("model", "family", *labels.case_axes, "batch_size", "parameters", "macs_per_image", "accuracy")
    measured = [key for key in _SIDE_BY_SIDE if key in long.shown]
    columns = [_BY_KEY[key] for key in shared]
    shown = [key for key in shared if key in long.shown]
    for run, name in enumerate(labels.runs):
        for key in measured:
            columns += _columns_of_run(key, run, name)
            shown.append(f"{key}.{run}")
        if run > 0:
            columns.append(
                Column(
                    key=f"throughput_ratio.{run}",
                    title="ratio",
                    kind=Kind.RATIO,
                    group=name,
                    help=f"Throughput relative to {labels.runs[0]}: above 1 is faster.",
                )
            )
            shown.append(f"throughput_ratio.{run}")
            if "verdict" in long.shown:
                columns.append(
                    msgspec.structs.replace(_BY_KEY["verdict"], key=f"verdict.{run}", group=name, facet=False)
                )
                shown.append(f"verdict.{run}")
        columns.append(Column(key=f"status.{run}", title="status", kind=Kind.STATUS, group=name))
        if any(results[found[run]].status is not Status.MEASURED for found in found_slots if run in found):
            shown.append(f"status.{run}")
    rows = tuple(_joined(found, long, shared=shared, measured=measured, runs=len(labels.runs)) for found in found_slots)
    constants = labels.constants
    return Table(
        id="summary",
        caption="All cases, runs side by side",
        columns=tuple(columns),
        rows=rows,
        shown=tuple(shown),
        constants=constants,
    )


def _in_order(slots: Mapping[tuple[str, ...], Mapping[int, int]]) -> list[Mapping[int, int]]:
    """Sort by model, variant and batch size, each in order of first appearance: a later run's extras join in."""
    axes = list(zip(*slots, strict=True))
    ranks = [{value: rank for rank, value in enumerate(dict.fromkeys(values))} for values in axes]
    # Slots start with model and batch size; the batch size comes last in the order, by its value.
    return [
        slots[slot]
        for slot in sorted(
            slots,
            key=lambda slot: (
                ranks[0][slot[0]],
                *(rank[value] for rank, value in zip(ranks[2:], slot[2:], strict=True)),
                int(slot[1]),
            ),
        )
    ]


def _columns_of_run(key: str, run: int, name: str) -> list[Column]:
    column = _BY_KEY[key]
    rename = {old: f"{old}.{run}" for old in (key, column.low, column.high) if old}
    parts = [_BY_KEY[old] for old in rename]
    return [
        msgspec.structs.replace(
            part,
            key=rename[part.key],
            group=name,
            low=rename.get(part.low) if part.low else None,
            high=rename.get(part.high) if part.high else None,
        )
        for part in parts
    ]


def _joined(found: Mapping[int, int], long: Table, *, shared: Sequence[str], measured: Sequence[str], runs: int) -> Row:
    first = long.rows[next(iter(found.values()))]
    values: list[Value] = [first[_KEYS.index(key)] for key in shared]
    speed = _KEYS.index("throughput_images_per_s")
    base = long.rows[found[0]][speed] if 0 in found else None
    for run in range(runs):
        row = long.rows[found[run]] if run in found else None
        for key in measured:
            column = _BY_KEY[key]
            values += [row[_KEYS.index(part)] if row else None for part in (key, column.low, column.high) if part]
        if run > 0:
            rate = row[speed] if row else None
            values.append(rate / base if isinstance(rate, int | float) and isinstance(base, int | float) else None)
            if "verdict" in long.shown:
                values.append(row[_KEYS.index("verdict")] if row else None)
        values.append(row[_KEYS.index("status")] if row else "not planned")
    return tuple(values)


def case_words(case: Case, labels: Labels, *, run: int) -> str:
    """Return a case as one line in a table of figures: "resnet50 · bf16, batch size 4"."""
    return f"{labels.series(case, run=run)}, batch size {case.batch_size}"
