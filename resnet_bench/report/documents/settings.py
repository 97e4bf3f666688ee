"""What a sweep is told: what `run --print-config` prints, one line a value with where it comes from."""

from collections.abc import Sequence
from typing import Any

from resnet_bench.config.sources import Setting
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table

_COLUMNS = (
    Column(key="setting", title="setting", kind=ColumnKind.TEXT),
    Column(key="value", title="value", kind=ColumnKind.TEXT),
    Column(key="source", title="source", kind=ColumnKind.TEXT),
)


def document(lines: Sequence[Setting]) -> Document:
    """Return the settings; JSON holds their values as they are."""
    table = Table(
        id="settings",
        caption="Settings",
        columns=_COLUMNS,
        rows=tuple((it.setting, _words(it.value), it.source) for it in lines),
        shown=tuple(column.key for column in _COLUMNS),
    )
    return Document(
        title="What the sweep is told",
        kind="run --print-config",
        content=lambda: lines,
        rows=later(Setting, lines),
        sections=(Section(id="settings", title="", tables=(table,)),),
    )


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
