"""The named baselines: what `baseline list` prints."""

from collections.abc import Sequence

from resnet_bench.records import Digest, Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_SHORT = 12
_COLUMNS = (
    Column(key="name", title="name", kind=ColumnKind.NAME),
    Column(key="created_at", title="created", kind=ColumnKind.TEXT, rank=2),
    Column(key="commit", title="commit", kind=ColumnKind.TEXT, rank=1),
    Column(key="cases", title="cases", kind=ColumnKind.INTEGER),
    Column(key="runs", title="runs", kind=ColumnKind.INTEGER),
    Column(key="devices", title="devices", kind=ColumnKind.TEXT),
)


class StoredBaseline(Record, frozen=True, kw_only=True):
    """One baseline: `commit` is its whole revision, `runs` are the runs whose launches it pools."""

    name: str
    created_at: str
    commit: str | None
    cases: int
    runs: tuple[str, ...]
    devices: tuple[str, ...]


def entry(of: Digest) -> StoredBaseline:
    """Return the line of one baseline."""
    return StoredBaseline(
        name=of.name,
        created_at=of.created_at,
        commit=of.commit.revision if of.commit else None,
        cases=len(of.cases),
        runs=of.runs,
        devices=tuple(sorted({identity.device_name for identity in of.identities.values()})),
    )


def document(entries: Sequence[StoredBaseline]) -> Document:
    """Return the baselines, in the order in which they are named."""
    rows = tuple(
        (it.name, it.created_at, (it.commit or "")[:_SHORT], it.cases, len(it.runs), ", ".join(it.devices))
        for it in entries
    )
    shown = tuple(column.key for column in _COLUMNS)
    table = Table(id="baselines", caption="Baselines", columns=_COLUMNS, rows=rows, shown=shown)
    return Document(
        title=counted(len(entries), "baseline"),
        kind="baseline list",
        content=lambda: entries,
        rows=later(StoredBaseline, entries),
        sections=(Section(id="baselines", title="", tables=(table,)),),
    )
