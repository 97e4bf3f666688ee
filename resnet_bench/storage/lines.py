"""Files of one record a line: every line that can be read, and a word for each that cannot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records import Record
from resnet_bench.storage import files

_Entry = TypeVar("_Entry")
_encoder = msgspec.json.Encoder()
_NAMED = 3  # damaged lines; more are counted


class Lines(NamedTuple, Generic[_Entry]):
    """What a file holds: its records in the order written, and the number of the line that each stands in.

    `half_written` says what a kill left at the end, `damaged` which whole lines cannot be read, and why.
    """

    entries: list[_Entry]
    numbers: list[int]
    half_written: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything that was set aside."""
        return (*self.half_written, *self.damaged)


def append(path: Path, entry: Record) -> None:
    """Append a record as a line.

    Raises:
        StoreError: the file cannot be written; what stood in it before still stands.
    """
    files.append_line(path, _encoder.encode(entry))


def encoded(entries: "list[Record] | tuple[Record, ...]") -> bytes:
    """Return records as the lines of a file."""
    return b"".join(_encoder.encode(entry) + b"\n" for entry in entries)


def read(path: Path, decoder: msgspec.json.Decoder[_Entry]) -> Lines[_Entry]:
    """Read every line that can be read; the others are set aside, each with its number and what is wrong with it.

    Raises:
        StoreError: the file is not there, or has lines and none of them can be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{path.parent} has no {path.name}; the run is damaged.") from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}.") from error
    whole = content[: content.rfind(b"\n") + 1]
    entries: list[_Entry] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            entries.append(decoder.decode(line))
            numbers.append(number)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            faults[number] = str(error)
        except RecursionError:
            faults[number] = "it is nested too deeply"
    if faults and not entries:
        raise StoreError(f"{path}, line {next(iter(faults))}: {next(iter(faults.values()))}; no line can be read.")
    return Lines(entries, numbers, _half_written(path, len(content) - len(whole)), tuple(_damaged(path, faults)))


def _half_written(path: Path, size: int) -> tuple[str, ...]:
    if not size:
        return ()
    return (f"{path}: the last line is half-written ({size} bytes) and was set aside; --resume measures it again.",)


def _damaged(path: Path, faults: Mapping[int, str]) -> Iterator[str]:
    named = list(faults.items())[:_NAMED]
    for number, why in named:
        yield f"{path}, line {number}: {why}; it was set aside: measure it again with --resume, then remove that line."
    if len(faults) > len(named):
        yield f"{path}: {len(faults) - len(named)} more lines were set aside."
