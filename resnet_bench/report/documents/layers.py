"""Measured layers as tables and lines: what `profile --measured` prints."""

from collections.abc import Sequence
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.layers import AGREEMENT, By, Dissection, LayerRow, agrees, rows
from resnet_bench.config.case_labels import label
from resnet_bench.records import Ceilings, LayerProfile, Mode, TimedBy
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import beside, record_rows
from resnet_bench.report.table import Column, ColumnKind, Row, Table, Value
from resnet_bench.specs.arithmetic import peak_flop_per_s
from resnet_bench.words import counted, listed, plain

_TIMED_BY = {
    TimedBy.HOST_CLOCK: "by the host's clock",
    TimedBy.DEVICE_EVENTS: "by the device's events",
    TimedBy.SYNCHRONISED_HOST_CLOCK: (
        "by the host's clock with a synchronisation at each mark, for the device's events carry no time"
    ),
    TimedBy.PROFILER: "by torch's profiler",
    TimedBy.KERNELS: "by the durations of their kernels, from torch's profiler",
}

COLUMNS = (
    Column(key="name", title="layer", kind=ColumnKind.TEXT),
    Column(key="type", title="type", kind=ColumnKind.TEXT),
    Column(key="call", title="call", kind=ColumnKind.INTEGER, help="Which call of the same module in one iteration."),
    Column(key="calls", title="rows", kind=ColumnKind.INTEGER, help="Layers in the group."),
    Column(key="stage", title="stage", kind=ColumnKind.TEXT),
    Column(key="time_s", title="time", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="share", title="share", kind=ColumnKind.SHARE, help="Of the sum of all rows."),
    Column(key="forward_s", title="forward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="backward_s", title="backward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(
        key="launch_s",
        title="host",
        kind=ColumnKind.LATENCY,
        unit="ms",
        help="What the host takes to start it; where that is more than the layer's time, the device waits.",
    ),
    Column(key="macs", title="MACs", kind=ColumnKind.COUNT, help="Multiply-accumulates of the forward pass."),
    Column(key="flops", title="FLOPs", kind=ColumnKind.COUNT, help="Of the iteration, those of no MACs included."),
    Column(
        key="moved_bytes",
        title="moved",
        kind=ColumnKind.MEMORY,
        unit="MiB",
        help="Bytes read and written if every layer reads its input and writes its output once.",
    ),
    Column(key="intensity", title="intensity", kind=ColumnKind.NUMBER, unit="FLOP/B"),
    Column(key="flop_per_s", title="achieved", kind=ColumnKind.FLOP_RATE, unit="FLOP/s"),
    Column(key="byte_per_s", title="achieved", kind=ColumnKind.FLOP_RATE, unit="B/s"),
    Column(key="least_s", title="least", kind=ColumnKind.LATENCY, unit="ms", help="What the ceilings allow at best."),
    Column(
        key="bound",
        title="bound",
        kind=ColumnKind.TEXT,
        help="What the least time is made of: compute, memory, or the overhead of launching it.",
    ),
    Column(key="times_least", title="x least", kind=ColumnKind.RATIO, help="Time over least time."),
)
_DERIVED = frozenset({"share", "intensity", "flop_per_s", "byte_per_s", "least_s", "times_least"})


def table(found: Dissection, by: By, *, name: str = "layers") -> Table:
    """Return one profile's rows as a table."""
    shown = rows(found.profile, found.ceilings, by=by)
    keys = _shown(found, by)
    columns = tuple(
        msgspec.structs.replace(column, title=by.value if column.key == "name" else column.title) for column in COLUMNS
    )
    return Table(
        id=name,
        caption="",
        columns=columns,
        rows=tuple(cells(row) for row in shown),
        shown=keys,
    )


def cells(row: LayerRow) -> Row:
    """Return a row's values in the order of `COLUMNS`; six digits of what follows from the others."""
    return tuple(_cell(column.key, getattr(row, column.key)) for column in COLUMNS)


def _cell(key: str, value: Value) -> Value:
    if isinstance(value, str):
        return plain(value)
    return float(f"{value:.6g}") if key in _DERIVED and value is not None else value


def _shown(found: Dissection, by: By) -> tuple[str, ...]:
    training = found.profile.case.mode is Mode.TRAINING
    repeated = by is By.LAYER and any(layer.call > 1 for layer in found.profile.layers)
    return (
        "name",
        *(("type",) if by is By.LAYER else ()),
        *(("call",) if repeated else ()),
        *(("calls",) if by is not By.LAYER else ()),
        "time_s",
        "share",
        *(("forward_s", "backward_s") if training else ()),
        *(("launch_s",) if any(layer.launch_s is not None for layer in found.profile.layers) else ()),
        "macs",
        "moved_bytes",
        "intensity",
        "flop_per_s",
        "byte_per_s",
        *(("bound", "times_least") if found.ceilings is not None else ()),
    )


def facts(found: Dissection) -> tuple[str, ...]:
    """Return in sentences how the rows came about and whether they add up."""
    profile = found.profile
    verdict = "they agree" if agrees(profile) else "THEY DO NOT AGREE"
    lines = [
        (
            f"Whole {units.milliseconds(profile.whole_s)} ms without marks, sum of the rows "
            f"{units.milliseconds(profile.parts_s)} ms ({units.change(1 + profile.disagreement)}): {verdict} within "
            f"{units.percent(AGREEMENT, 0)}."
        ),
        (
            f"Timed {_TIMED_BY[profile.timed_by]}, mean over the quickest quarter of {profile.iterations} iterations; "
            f"{_overhead(profile)}."
        ),
    ]
    if found.headroom is not None:
        lines.append(
            f"The roofline allows {units.milliseconds(found.headroom.least_s)} ms: this is "
            f"{units.factor(found.headroom.times(profile.whole_s))} from it."
        )
    if found.ceilings is not None:
        lines.append(ceilings_line(found.ceilings, profile))
    repeated = [f"{name} ({count} times)" for name, count in profile.called_more_than_once.items()]
    if repeated:
        lines.append(f"Called more than once, a row for each call: {listed(repeated, limit=6)}.")
    if profile.not_run:
        lines.append(f"Counted by the static profile and not called: {listed(list(profile.not_run), limit=6)}.")
    if profile.disturbances:
        lines.append(f"Disturbed: {'; '.join(profile.disturbances)}.")
    return tuple(lines)


def ceilings_line(ceilings: Ceilings, profile: LayerProfile) -> str:
    """Return the ceilings that a profile is held against, in one sentence."""
    peak = peak_flop_per_s(ceilings, profile.case.precision)
    disturbed = "; measured while the machine was disturbed, so they may be too low" if ceilings.disturbances else ""
    return (
        f"Measured ceilings: {units.scaled(peak, 'FLOP/s')} in {profile.case.precision}, copies at "
        f"{units.scaled(ceilings.memory_byte_per_s, 'B/s')} in memory and up to "
        f"{units.scaled(max(it.byte_per_s for it in ceilings.bandwidths), 'B/s')} in caches, "
        f"{units.microseconds(ceilings.launch_s)} us a launch{disturbed}."
    )


def _overhead(profile: LayerProfile) -> str:
    if profile.timed_by is TimedBy.PROFILER:
        return f"profiled, an iteration takes {units.milliseconds(profile.instrumented_s)} ms"
    if profile.timed_by is TimedBy.KERNELS:
        host_s = sum(layer.launch_s or 0.0 for layer in profile.layers)
        return f"the host takes {units.milliseconds(host_s)} ms to start them"
    if profile.timed_by is TimedBy.DEVICE_EVENTS:
        return f"with marks an iteration takes {units.milliseconds(profile.instrumented_s)} ms, nothing is taken off"
    return (
        f"with marks it takes {units.milliseconds(profile.instrumented_s)} ms, of which "
        f"{units.milliseconds(profile.overhead_s)} ms are the marks' own, measured on empty modules and taken off"
    )


def document(found: Sequence[Dissection], by: By) -> Document:
    """Return the measured profiles, a section for each model; JSON is a list of them, CSV has their rows."""
    return Document(
        title=_title(found[0]) if len(found) == 1 else counted(len(found), "measured profile"),
        kind="profile --measured",
        content=lambda: [_object(each, by) for each in found],
        rows=lambda: _rows(found, by),
        sections=tuple(
            section
            for number, each in enumerate(found)
            for section in (
                Section(
                    id=f"profile-{number}",
                    title=_title(each) if len(found) > 1 else "",
                    tables=(table(each, by, name=f"layers-{number}"),),
                ),
                Section(id=f"facts-{number}", title="", lines=facts(each)),
            )
        ),
    )


def _title(found: Dissection) -> str:
    case = found.profile.case
    beside = f", {counted(case.threads, 'thread')}" if case.threads else ""
    return f"{label(case)}, {case.precision}{beside}: where the time goes"


def _object(found: Dissection, by: By) -> dict[str, Any]:
    """The record as it is, its rows with what follows from them; `groups` are none where rows are layers."""
    fields: dict[str, Any] = msgspec.to_builtins(found.profile)
    fields |= {
        "parts_s": found.profile.parts_s,
        "disagreement": found.profile.disagreement,
        "agrees": agrees(found.profile),
        "called_more_than_once": found.profile.called_more_than_once,
        "ceilings": msgspec.to_builtins(found.ceilings),
        "headroom": msgspec.to_builtins(found.headroom),
        "layers": _with_times_least(rows(found.profile, found.ceilings)),
        "groups": [] if by is By.LAYER else _with_times_least(rows(found.profile, found.ceilings, by=by)),
    }
    return fields


def _with_times_least(of: Sequence[LayerRow]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(row) | {"times_least": row.times_least} for row in of]


def _rows(found: Sequence[Dissection], by: By) -> Table:
    of = [(each.profile.case.model, row) for each in found for row in rows(each.profile, each.ceilings, by=by)]
    table = record_rows(LayerRow, [row for _, row in of])
    times = Column(key="times_least", title="times_least", kind=ColumnKind.RATIO)
    table = msgspec.structs.replace(
        table,
        columns=(*table.columns, times),
        rows=tuple((*cells, row.times_least) for cells, (_, row) in zip(table.rows, of, strict=True)),
    )
    return beside("model", [model for model, _ in of], table)
