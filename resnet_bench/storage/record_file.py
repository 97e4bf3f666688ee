"""Files that hold one record as reviewable JSON, read with a line for what is wrong."""

from pathlib import Path
from typing import TypeVar

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import SchemaNumber
from resnet_bench.storage import files, reading

Kept = TypeVar("Kept", bound=Record)


class _SchemaOnly(msgspec.Struct):
    schema: SchemaNumber


def write(record: Record, path: Path) -> None:
    """Write a record, whole or not at all, in a folder that is made where needed.

    Raises:
        StoreError: it cannot be written; what stood there before is as it was.
    """
    files.make_folder_of(path)
    files.whole(path, encoded(record))


def encoded(record: Record) -> bytes:
    """Return a record as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def read(path: Path, kind: type[Kept], *, misfit: str) -> Kept:
    """Read the record of that kind, of this schema or an older one: fields that came later have defaults.

    Args:
        path: the file.
        kind: what it should hold.
        misfit: what a file that holds something else is, as in "x.json is not a baseline file".

    Raises:
        StoreError: it cannot be read, is of a newer schema, or holds something else.
    """
    try:
        content = reading.content(path)
        schema = msgspec.json.decode(content, type=_SchemaOnly).schema
        if schema > SCHEMA_VERSION:
            raise StoreError(
                f"{path} has schema {schema}; this resnet-bench reads up to {SCHEMA_VERSION}. Upgrade resnet-bench."
            )
        return msgspec.json.decode(content, type=kind)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {reading.why(error)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"{path} is {misfit}: {reading.why(error)}.") from error
