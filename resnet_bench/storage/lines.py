"""Files of one record a line: every line that can be read, and a word for each that cannot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records import Record
from resnet_bench.storage import files, reading

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


RESUMED, TRIED_AGAIN = "--resume measures it again", "what it held is tried again"


def read(path: Path, decoder: msgspec.json.Decoder[_Entry], *, again: str = RESUMED) -> Lines[_Entry]:
    """Read every line that can be read; the others are set aside, each with its number and what is wrong with it.

    `again` says how what a line held is measured again.

    Raises:
        StoreError: the file is not there, or has lines and none of them can be read.
    """
    entries: list[_Entry] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    half_written = 0
    try:
        for number, line in enumerate(reading.lines(path), start=1):
            if line is not None and not line.endswith(b"\n"):
                half_written = len(line)
                break
            fault = _take(line, decoder, entries)
            if fault:
                faults[number] = fault
            else:
                numbers.append(number)
    except FileNotFoundError as error:
        raise StoreError(f"{path.parent} has no {path.name}; the run is damaged.") from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {reading.why(error)}.") from error
    if faults and not entries:
        raise StoreError(f"{path}, line {next(iter(faults))}: {next(iter(faults.values()))}; no line can be read.")
    return Lines(entries, numbers, _half_written(path, half_written, again), tuple(_damaged(path, faults, again)))


def _take(line: bytes | None, decoder: msgspec.json.Decoder[_Entry], entries: list[_Entry]) -> str:
    """Put the record of a line to the others, and return what is wrong with the line, "" where nothing is."""
    if line is None:
        return f"it is longer than {reading.LARGEST_LINE_BYTES >> 20} MiB"
    try:
        entries.append(decoder.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return reading.why(error)
    return ""


def hold(path: Path, kind: type[Record]) -> bool:
    """Return whether every line of a file is a record of that kind."""
    try:
        found = read(path, msgspec.json.Decoder(kind))
    except StoreError:
        return False
    return not found.warnings


def _half_written(path: Path, size: int, again: str) -> tuple[str, ...]:
    if not size:
        return ()
    return (f"{path}: the last line is half-written ({size} bytes) and was set aside; {again}.",)


def _damaged(path: Path, faults: Mapping[int, str], again: str) -> Iterator[str]:
    named = list(faults.items())[:_NAMED]
    for number, why in named:
        yield f"{path}, line {number}: {why}; it was set aside: {again}; then remove that line."
    if len(faults) > len(named):
        yield f"{path}: {len(faults) - len(named)} more lines were set aside."
