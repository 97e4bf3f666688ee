"""What an engine reaches: a row for each machine with its identity and what it does at best."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.machine.devices import software
from resnet_bench.records import Ceilings, FleetMember, Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table

_COLUMNS = (
    Column(key="machine", title="machine", kind=ColumnKind.NAME),
    Column(key="launcher", title="by", kind=ColumnKind.TEXT, rank=3),
    Column(key="device", title="device", kind=ColumnKind.TEXT),
    Column(key="host", title="host", kind=ColumnKind.TEXT, rank=2),
    Column(key="cores", title="cores", kind=ColumnKind.INTEGER, rank=6),
    Column(key="memory", title="memory", kind=ColumnKind.FIGURE, rank=7),
    Column(key="software", title="software", kind=ColumnKind.TEXT, rank=1),
    Column(key="convolution", title="convolution", kind=ColumnKind.FIGURE, rank=5),
    Column(key="copy", title="copy", kind=ColumnKind.FIGURE, rank=4),
    Column(key="id", title="id", kind=ColumnKind.TEXT),
)


class FoundMember(Record, frozen=True, kw_only=True):
    """A machine as it was found, and its ceilings where they were asked for."""

    member: FleetMember
    ceilings: tuple[Ceilings, ...] = ()


def document(found: Sequence[FoundMember]) -> Document:
    """Return the machines in the order of the suite."""
    shown = [column.key for column in _COLUMNS]
    if not any(it.ceilings for it in found):
        shown = [key for key in shown if key not in {"convolution", "copy"}]
    table = Table(id="machines", caption="Machines", columns=_COLUMNS, rows=tuple(map(_row, found)), shown=tuple(shown))
    return Document(
        title="Machines",
        kind="machine --launcher",
        content=lambda: found,
        rows=later(FoundMember, found),
        sections=(Section(id="machines", title="", tables=(table,)),),
    )


def _row(found: FoundMember) -> Row:
    member, environment = found.member, found.member.environment
    identity = environment.identity
    rates = [(rate.convolution_flop_per_s, rate.precision) for it in found.ceilings for rate in it.rates]
    fastest = max(((rate, precision) for rate, precision in rates if rate is not None), default=None)
    copies = [copy.byte_per_s for it in found.ceilings for copy in it.bandwidths[-1:]]
    versions = ", ".join(f"{title} {version}" for title, version in software(identity) if version)
    return (
        member.machine.name,
        member.machine.launcher,
        f"{member.device} ({identity.device_name})",
        environment.state.hostname,
        identity.logical_cores,
        units.byte_size(environment.memory_bytes),
        ", ".join(filter(None, (f"torch {identity.torch}", versions))),
        None if fastest is None else f"{units.scaled(fastest[0], 'FLOP/s')} {fastest[1]}",
        units.scaled(max(copies), "B/s") if copies else None,
        environment.id,
    )
