"""Machines beside their kind, as a table and as the sentence that names the slow ones: for the page and `compare`."""

from collections.abc import Sequence

import msgspec

from resnet_bench import units
from resnet_bench.analysis.fleet import FleetFinding
from resnet_bench.config.case_labels import labels
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="machine", title="machine", kind=ColumnKind.NAME),
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="latency_s", title="latency", kind=ColumnKind.LATENCY, unit="ms"),
    Column(
        key="ratio",
        title="beside its kind",
        kind=ColumnKind.RATIO,
        low="ratio_low",
        high="ratio_high",
        help="Its latency over the median of the other machines of its kind.",
    ),
    Column(key="ratio_low", title="low", kind=ColumnKind.RATIO),
    Column(key="ratio_high", title="high", kind=ColumnKind.RATIO),
    Column(
        key="limit", title="by chance up to", kind=ColumnKind.RATIO, rank=3, help="What the others' scatter explains."
    ),
    Column(key="machines", title="of", kind=ColumnKind.INTEGER, rank=4, help="Machines of its kind."),
    Column(key="clock", title="clock", kind=ColumnKind.FIGURE, rank=5),
    Column(key="power_limit", title="power limit", kind=ColumnKind.FIGURE, rank=2),
    Column(key="temperature", title="temperature", kind=ColumnKind.FIGURE, rank=1),
    Column(key="kind", title="kind", kind=ColumnKind.TEXT, rank=6),
)
_HIDDEN = {"ratio_low", "ratio_high"}


def fleet_table(findings: Sequence[FleetFinding], *, id_: str = "fleet", caption: str = "Every machine") -> Table:
    """Return a row for each case on each machine."""
    plain = {it.case: msgspec.structs.replace(it.case, machine="") for it in findings}  # it has a column of its own
    names = labels(list(dict.fromkeys(plain.values())))
    return Table(
        id=id_,
        caption=caption,
        columns=_COLUMNS,
        rows=tuple(
            (
                it.machine,
                names[plain[it.case]],
                it.latency_s,
                it.ratio,
                it.interval.low if it.interval else None,
                it.interval.high if it.interval else None,
                it.limit,
                it.machines,
                units.scaled(it.clock_hz, "Hz"),
                None if it.power_limit_w is None else f"{it.power_limit_w:.0f} W",
                None if it.temperature_c is None else f"{it.temperature_c:.0f} C",
                it.kind,
            )
            for it in findings
        ),
        shown=tuple(column.key for column in _COLUMNS if column.key not in _HIDDEN),
    )


def slow_machines(findings: Sequence[FleetFinding]) -> tuple[str, ...]:
    """Return a sentence for each machine that is slower than its kind, or one that says that none is."""
    slow: dict[str, list[FleetFinding]] = {}
    for it in findings:
        if it.slower:
            slow.setdefault(it.machine, []).append(it)
    if not slow:
        machines = len({it.machine for it in findings})
        return (f"None of {counted(machines, 'machine')} is slower than its kind beyond its interval.",)
    return tuple(_sentence(machine, found, findings) for machine, found in slow.items())


def _sentence(machine: str, slow: Sequence[FleetFinding], findings: Sequence[FleetFinding]) -> str:
    worst = max(slow, key=lambda it: it.ratio)
    cases = sum(it.machine == machine for it in findings)
    state = [
        f"clock {units.scaled(worst.clock_hz, 'Hz')}" if worst.clock_hz is not None else "",
        f"power limit {worst.power_limit_w:.0f} W" if worst.power_limit_w is not None else "",
        f"{worst.temperature_c:.0f} C" if worst.temperature_c is not None else "",
    ]
    said = ", ".join(filter(None, state))
    return (
        f"{machine} is slower than the other {worst.machines - 1} of its kind ({worst.kind}) in {len(slow)} of "
        f"{counted(cases, 'case')}, by {units.percent(worst.ratio - 1)} at most{f'; {said}' if said else ''}."
    )
