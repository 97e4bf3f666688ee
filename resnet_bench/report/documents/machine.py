"""What is measured on, what it does at best, and what to change for steadier numbers: what `machine` prints."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.machine import advice, processor
from resnet_bench.machine.datasheets import DataSheet
from resnet_bench.machine.devices import is_accelerator, software
from resnet_bench.records import Ceilings, Commit, Environment, Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

_FACTS = (
    Column(key="what", title="what", kind=ColumnKind.TEXT),
    Column(key="value", title="value", kind=ColumnKind.TEXT),
)
_CEILINGS = (
    Column(key="ceiling", title="ceiling", kind=ColumnKind.TEXT),
    Column(key="measured", title="measured", kind=ColumnKind.FIGURE),
    Column(key="data_sheet", title="data sheet", kind=ColumnKind.FIGURE),
)


class Seen(Record, frozen=True, kw_only=True):
    """A machine: `ceilings` and `data_sheet` are there where they were asked for."""

    environment: Environment
    commit: Commit | None
    ceilings: tuple[Ceilings, ...] = ()
    data_sheet: DataSheet | None = None


def document(seen: Seen, *, default_threads: int, kept: Sequence[str]) -> Document:
    """Return the machine; `kept` are the files that hold its ceilings."""
    lines = _lines(seen.environment, seen.commit, default_threads)
    facts = Table(id="machine", caption="Machine", columns=_FACTS, rows=tuple(lines), shown=("what", "value"))
    hints = tuple(f"advice: {hint}" for hint in advice.for_machine(seen.environment))
    return Document(
        title=f"This machine: {seen.environment.identity.device_name}",
        kind="machine",
        content=lambda: seen,
        rows=later(Seen, (seen,)),
        sections=(
            Section(id="machine", title="", tables=(facts,)),
            *([Section(id="advice", title="", lines=hints)] if hints else []),
            *(_ceilings(number, each, seen.data_sheet, kept[number]) for number, each in enumerate(seen.ceilings)),
        ),
    )


def _ceilings(number: int, found: Ceilings, sheet: DataSheet | None, kept: str) -> Section:
    rows: list[Row] = []
    for rate in found.rates:
        stated = units.scaled(sheet.flop_per_s(rate.precision), "FLOP/s") if sheet else None
        rows.append((f"matrix product, {rate.precision}", units.scaled(rate.matmul_flop_per_s, "FLOP/s"), stated))
        rows.append((f"convolution, {rate.precision}", units.scaled(rate.convolution_flop_per_s, "FLOP/s"), stated))
    for copy in found.bandwidths:
        of_sheet = units.scaled(sheet.memory_byte_per_s, "B/s") if sheet and copy is found.bandwidths[-1] else None
        name = f"copy that moves {units.byte_size(copy.moved_bytes)}"
        rows.append((name, units.scaled(copy.byte_per_s, "B/s"), of_sheet))
    rows.append(("launch of one operator", f"{units.microseconds(found.launch_s)} us", None))
    lines = [f"data sheet: {sheet.source} ({sheet.product}), dense rates"] if sheet else []
    absent = [str(rate.precision) for rate in found.rates if rate.flop_per_s is None]
    if absent:
        lines.append(f"torch has no product in {listed(absent)} for this device")
    if found.disturbances:
        lines.append(f"disturbed in all of {found.attempts} attempts: {'; '.join(found.disturbances)}")
    beside = f" with {counted(found.threads, 'CPU thread')}" if found.threads else ""
    title = f"ceilings of {found.device}{beside}, measured {found.measured_at}"
    return Section(
        id=f"ceilings-{number}",
        title=title,
        tables=(
            Table(
                id=f"ceilings-{number}",
                caption=title,
                columns=_CEILINGS,
                rows=tuple(rows),
                shown=("ceiling", "measured", *(("data_sheet",) if sheet else ())),
            ),
        ),
        lines=(*lines, f"kept in {kept}"),
    )


def _lines(seen: Environment, commit: Commit | None, default_threads: int) -> list[tuple[str, str]]:
    identity, machine_state = seen.identity, seen.state
    now = machine_state.state
    lines = [
        ("device", f"{identity.device} ({identity.device_name})"),
        ("processor", identity.cpu_name),
        ("instructions", _instructions(machine_state.cpu_flags)),
        ("cores", f"{identity.physical_cores} physical, {identity.logical_cores} usable"),
        ("threads", f"{default_threads} by default (all physical cores but one)"),
        ("memory", units.byte_size(seen.memory_bytes)),
        ("clock", units.scaled(now.cpu_clock_hz, "Hz")),
        ("governor", machine_state.governor or "not readable"),
        ("load", "not readable" if now.load_average is None else f"{now.load_average:.2f} (1 minute)"),
    ]
    if is_accelerator(identity.device):
        lines += [
            ("device memory", units.byte_size(identity.device_memory_bytes)),
            *((title, version or "unknown") for title, version in software(identity)),
            ("device clock", units.scaled(now.sm_clock_hz, "Hz")),
            ("temperature", "not readable" if now.temperature_c is None else f"{now.temperature_c:.0f} C"),
            ("throttling", ", ".join(now.throttle_reasons) or "none"),
        ]
    lines += [
        ("system", identity.system),
        ("Python", identity.python),
        *((name, version) for name, version in machine_state.packages.items()),
        ("commit", "none: not in a git checkout" if commit is None else _commit_line(commit)),
        ("machine id", seen.id),
    ]
    return lines


def _instructions(flags: tuple[str, ...] | None) -> str:
    if flags is None:
        return "not readable"
    beside = ", none for int8" if processor.lacks_int8(flags) else ""
    return f"{', '.join(flags) or 'no wide ones'}{beside}"


def _commit_line(commit: Commit) -> str:
    dirty = " with uncommitted changes" if commit.dirty else ""
    return f"{commit.revision[:12]} {commit.subject}{dirty}"
