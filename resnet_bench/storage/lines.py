"""Files of one record a line: every whole line, and a word for a last one that is half-written."""

from pathlib import Path
from typing import TypeVar

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records import Record
from resnet_bench.storage import files

_Entry = TypeVar("_Entry")
_encoder = msgspec.json.Encoder()


def append(path: Path, entry: Record) -> None:
    """Append a record as a line.

    Raises:
        StoreError: the file cannot be written; what stood in it before still stands.
    """
    files.append_line(path, _encoder.encode(entry))


def encoded(entries: "list[Record] | tuple[Record, ...]") -> bytes:
    """Return records as the lines of a file."""
    return b"".join(_encoder.encode(entry) + b"\n" for entry in entries)


def read(path: Path, decoder: msgspec.json.Decoder[_Entry]) -> tuple[list[_Entry], list[str]]:
    """Return every whole line, in the order written, and what is wrong with the last one.

    Raises:
        StoreError: the file is not there, or a line other than the last is damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{path.parent} has no {path.name}; the run is damaged.") from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}.") from error
    whole = content[: content.rfind(b"\n") + 1]
    warnings = []
    if len(whole) < len(content):
        warnings.append(
            f"{path}: the last line is half-written ({len(content) - len(whole)} bytes) and was set aside; "
            "--resume measures it again."
        )
    entries: list[_Entry] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            entries.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{path}, line {number}: {error}.") from error
    return entries, warnings
