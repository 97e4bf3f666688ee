"""Records as rows: a column for each field under its name in JSON, a nested one by its path (`case.model`).

Columns follow from the record's type alone, so that a file has the same ones whatever was found. Lists stand as JSON
in their cell; of a dictionary every key that occurs has a column.
"""

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from resnet_bench.records import Record
from resnet_bench.report.digits import certain_fields
from resnet_bench.report.table import Column, ColumnKind, Table, Value

Path = tuple[str, ...]


def record_rows(of: type[Record], records: Sequence[Record]) -> Table:
    """Return a row for each record."""
    paths = [path for path, each in _fields(of) for path in _keyed(path, each, records)]
    return Table(
        id="rows",
        caption="",
        columns=tuple(Column(key=".".join(path), title=path[-1], kind=ColumnKind.TEXT) for path in paths),
        rows=tuple(tuple(_cell(_at(record, path)) for path in paths) for record in records),
        shown=(),
    )


def later(of: type[Record], records: Sequence[Record]) -> Callable[[], Table]:
    """Return what makes those rows when they are asked for."""
    return lambda: record_rows(of, records)


def beside(key: str, values: Sequence[Value], rows: Table) -> Table:
    """Return rows with one more column before the others."""
    return msgspec.structs.replace(
        rows,
        columns=(Column(key=key, title=key, kind=ColumnKind.TEXT), *rows.columns),
        rows=tuple((value, *row) for value, row in zip(values, rows.rows, strict=True)),
    )


def objects(of: Table) -> list[dict[str, Value]]:
    """Return a table's rows as objects whose keys are the columns'."""
    keys = [column.key for column in of.columns]
    return [dict(zip(keys, row, strict=True)) for row in of.rows]


def _fields(of: type[Any]) -> list[tuple[Path, Any]]:
    """Return the path and the type of every field that is no record itself."""
    found: list[tuple[Path, Any]] = []
    for field in msgspec.structs.fields(of):
        inner = next((it for it in _alternatives(field.type) if inspect.isclass(it) and issubclass(it, Record)), None)
        if inner is None:
            found.append(((field.encode_name,), field.type))
        else:
            found += [((field.encode_name, *path), each) for path, each in _fields(inner)]
    return found


def _alternatives(of: Any) -> tuple[Any, ...]:
    return typing.get_args(of) if typing.get_origin(of) in {types.UnionType, typing.Union} else (of,)


def _keyed(path: Path, of: Any, records: Sequence[Record]) -> list[Path]:
    if typing.get_origin(of) is not dict:
        return [path]
    return [(*path, key) for key in dict.fromkeys(str(key) for record in records for key in _at(record, path) or ())]


def _at(record: Any, path: Path) -> Any:
    for name in path:
        if record is None:
            return None
        record = record.get(name) if isinstance(record, dict) else getattr(record, name)
    return record


def _cell(value: Any) -> Value:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float() | None:
            return value
        case _:
            return msgspec.json.encode(certain_fields(value)).decode()
