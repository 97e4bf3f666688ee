"""Run directories: `run.json` written once and whole, `launches.jsonl` appended and fsynced a line at a time.

Measured layers, where a run was asked for them, stand in `layers.jsonl` in the same way.

A kill at any moment loses at most the launch under way. A half-written last line is set aside with a warning.
"""

import contextlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from filelock import FileLock, Timeout

from resnet_bench.errors import StoreError
from resnet_bench.records import (
    SCHEMA_VERSION,
    Attempt,
    Case,
    Header,
    Launch,
    LayerProfile,
    Measurement,
    Run,
    Skip,
)
from resnet_bench.records.profiles import profile_key

HEADER_NAME = "run.json"
LAUNCHES_NAME = "launches.jsonl"
LAYERS_NAME = "layers.jsonl"
TRIALS_NAME = "trials.jsonl"
_LOCK_NAME = ".lock"

_Entry = TypeVar("_Entry")

_encoder = msgspec.json.Encoder()
_entry_decoder = msgspec.json.Decoder(Launch | Skip)
_layers_decoder = msgspec.json.Decoder(LayerProfile | Skip)
_trials_decoder = msgspec.json.Decoder(Attempt)
_header_decoder = msgspec.json.Decoder(Header)


class _SchemaOnly(msgspec.Struct):
    schema: int


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold `directory` for writing, creating it where needed.

    Raises:
        StoreError: the directory cannot be written, or another process holds it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / _LOCK_NAME, timeout=0)
        lock.acquire()
    except Timeout as error:
        _check_writable(directory)  # the lock cannot tell a folder that it may not write from one that is held
        raise StoreError(
            f"{directory} is being written by another run; choose another folder with -o, or wait."
        ) from error
    except OSError as error:
        raise _cannot_write(directory, error) from error
    try:
        yield
    finally:
        (directory / _LOCK_NAME).unlink(missing_ok=True)  # before the release: nobody else's lock may go with it
        lock.release()
        with contextlib.suppress(OSError):
            directory.rmdir()  # only an empty one goes: nothing was saved in it


def _check_writable(directory: Path) -> None:
    try:
        (directory / _LOCK_NAME).open("ab").close()
    except OSError as error:
        raise _cannot_write(directory, error) from error


def refuse_another(directory: Path) -> None:
    """Refuse to write a run where there is one.

    Raises:
        StoreError: with how to go on.
    """
    if (directory / HEADER_NAME).exists():
        raise StoreError(
            f"{directory} already holds a run; resume it with --resume {directory}, or choose another folder."
        )


def create(directory: Path, header: Header) -> None:
    """Write `run.json` into `directory`, whole or not at all, beside an empty `launches.jsonl`.

    Raises:
        StoreError: the directory already holds a run or cannot be written.
    """
    refuse_another(directory)
    try:
        (directory / LAUNCHES_NAME).touch()  # first: a header without it would be a damaged run
    except OSError as error:
        raise _cannot_write(directory, error) from error
    replace_header(directory, header)


def replace_header(directory: Path, header: Header) -> None:
    """Write `run.json` by way of a temporary file, so that no reader ever sees half of it.

    Raises:
        StoreError: the directory cannot be written.
    """
    temporary = directory / f".{HEADER_NAME}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(msgspec.json.format(_encoder.encode(header), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / HEADER_NAME)
    except OSError as error:
        raise _cannot_write(directory, error) from error


def create_whole(directory: Path, header: Header, entries: Iterable[Launch | Skip]) -> None:
    """Write a run that is finished already: all of its lines, then the header that makes it a run.

    Raises:
        StoreError: the directory already holds a run or cannot be written.
    """
    if (directory / HEADER_NAME).exists():
        raise StoreError(f"{directory} already holds a run; choose another folder with -o.")
    path = directory / LAUNCHES_NAME
    try:
        with path.open("wb") as file:
            for entry in entries:
                file.write(_encoder.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # half a file would fill a disk that is full already
        raise _cannot_write(path, error) from error
    replace_header(directory, header)


def append(directory: Path, entry: Launch | Skip) -> None:
    """Append one line to `launches.jsonl` and fsync it; a line that does not fit is taken back whole.

    Raises:
        StoreError: the file cannot be written; what stood in it before still stands.
    """
    _append(directory / LAUNCHES_NAME, entry)


def append_layers(directory: Path, entry: LayerProfile | Skip) -> None:
    """Append one line to `layers.jsonl`, as `append` does; the file begins with its first line.

    Raises:
        StoreError: the file cannot be written.
    """
    _append_to_new(directory / LAYERS_NAME, entry)


def append_trial(directory: Path, entry: Attempt) -> None:
    """Append one line to `trials.jsonl`, as `append` does; the file begins with its first line.

    Raises:
        StoreError: the file cannot be written.
    """
    _append_to_new(directory / TRIALS_NAME, entry)


def load_trials(directory: Path) -> list[Attempt]:
    """Return every whole line of a folder's `trials.jsonl`; nothing where there is no such file.

    Raises:
        StoreError: a line other than the last is damaged.
    """
    path = directory / TRIALS_NAME
    return _read_lines(path, _trials_decoder)[0] if path.exists() else []


def _append_to_new(path: Path, entry: LayerProfile | Skip | Attempt) -> None:
    try:
        path.touch()
    except OSError as error:
        raise _cannot_write(path, error) from error
    _append(path, entry)


def _append(path: Path, entry: Launch | LayerProfile | Skip | Attempt) -> None:
    try:
        with path.open("r+b", buffering=0) as file:
            end = _end_of_last_whole_line(file)
            file.truncate(end)
            file.seek(end)
            line = memoryview(_encoder.encode(entry) + b"\n")
            try:
                while line:
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def load(directory: Path) -> Run:
    """Read a run directory.

    Raises:
        StoreError: it is no run directory, is of a newer schema, or a line other than the last is damaged.
    """
    return load_with_entries(directory)[0]


def _without_layers(entries: Sequence[LayerProfile | Skip]) -> list[str]:
    timed = {entry.case for entry in entries if isinstance(entry, LayerProfile)}
    skips = {entry.case: entry for entry in entries if isinstance(entry, Skip) and entry.case not in timed}
    return [f"the layers of {case.key} could not be timed: {skip.detail}" for case, skip in skips.items()]


def load_layers(directory: Path) -> tuple[list[LayerProfile | Skip], list[str]]:
    """Return every whole line of a run's `layers.jsonl` and what is wrong with the last one; nothing without a file.

    Raises:
        StoreError: a line other than the last is damaged.
    """
    path = directory / LAYERS_NAME
    if not path.exists():
        return [], []
    return _read_lines(path, _layers_decoder)


def cut_half_written_line(directory: Path) -> None:
    """Remove what a kill left of a line that was being written; the caller holds the directory.

    Raises:
        StoreError: the file cannot be written.
    """
    for path in (directory / LAUNCHES_NAME, directory / LAYERS_NAME):
        try:
            with path.open("r+b", buffering=0) as file:
                file.truncate(_end_of_last_whole_line(file))
        except FileNotFoundError:
            if path.name == LAUNCHES_NAME:
                raise StoreError(f"{directory} has no {path.name}; the run is damaged.") from None
        except OSError as error:
            raise _cannot_write(path, error) from error


def load_with_entries(directory: Path) -> tuple[Run, list[Launch | Skip]]:
    """Read a run directory, and beside it every whole line in the order written.

    Raises:
        StoreError: as `load`.
    """
    header = _read_header(directory)
    entries, warnings = _read_entries(directory / LAUNCHES_NAME)
    run = assemble(header, entries, warnings)
    profiles, more = load_layers(directory)
    with_layers = msgspec.structs.replace(
        run,
        layers=tuple(entry for entry in profiles if isinstance(entry, LayerProfile)),
        warnings=(*run.warnings, *more, *_without_layers(profiles)),
    )
    return with_layers, entries


def load_entries(directory: Path) -> list[Launch | Skip]:
    """Return every whole line of a run's `launches.jsonl`, in the order written.

    Raises:
        StoreError: the file is not there, or a line other than the last is damaged.
    """
    return _read_entries(directory / LAUNCHES_NAME)[0]


def assemble(header: Header, entries: Sequence[Launch | Skip], warnings: Sequence[str] = ()) -> Run:
    """Group launches and skips by case, in the header's order of cases.

    Of several attempts at one launch the first undisturbed one counts, else the last; the others are kept as
    superseded. A skip counts where its launch was never measured. A case with neither is missing.
    """
    launches: dict[Case, dict[int, list[Launch]]] = {}
    skips: dict[Case, dict[int, Skip]] = {}
    for entry in entries:
        if isinstance(entry, Launch):
            launches.setdefault(entry.case, {}).setdefault(entry.index, []).append(entry)
        else:
            skips.setdefault(entry.case, {})[entry.index] = entry
    profiles = {profile_key(profile): profile for profile in header.profiles}
    measurements, open_skips, missing = [], [], []
    for case in header.cases:
        attempts, skipped = launches.get(case, {}), skips.get(case, {})
        unmeasured = [skipped[index] for index in sorted(skipped) if index not in attempts]
        if attempts:
            chosen = [_first_undisturbed(attempts[index]) for index in sorted(attempts)]
            rest = [launch for index in sorted(attempts) for launch in attempts[index] if launch not in chosen]
            profile = profiles.get(profile_key(case))
            measurements.append(Measurement(case=case, profile=profile, launches=tuple(chosen), superseded=tuple(rest)))
        open_skips.extend(unmeasured[:1])
        if not attempts and not unmeasured:
            missing.append(case)
    return Run(
        header=header,
        measurements=tuple(measurements),
        skips=tuple(open_skips),
        missing=tuple(missing),
        warnings=tuple(warnings),
    )


def _first_undisturbed(attempts: Sequence[Launch]) -> Launch:
    return next((launch for launch in attempts if not launch.contention.disturbances), attempts[-1])


def _read_header(directory: Path) -> Header:
    path = directory / HEADER_NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{directory} is no run directory: it has no {HEADER_NAME}.") from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}.") from error
    try:
        schema = msgspec.json.decode(text, type=_SchemaOnly).schema
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged or cut short: {error}.") from error
    if schema > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema {schema}; this resnet-bench reads up to {SCHEMA_VERSION}. Upgrade resnet-bench."
        )
    try:
        header = _header_decoder.decode(text)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} does not fit schema {SCHEMA_VERSION}: {error}.") from error
    if not header.cases:
        raise StoreError(f"{path} names no cases; the run is damaged.")
    return header


def _read_entries(path: Path) -> tuple[list[Launch | Skip], list[str]]:
    return _read_lines(path, _entry_decoder)


def _read_lines(path: Path, decoder: msgspec.json.Decoder[_Entry]) -> tuple[list[_Entry], list[str]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{path.parent} has a {HEADER_NAME} but no {path.name}; the run is damaged.") from error
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
        except msgspec.DecodeError as error:
            raise StoreError(f"{path}, line {number}: {error}.") from error
    return entries, warnings


def _end_of_last_whole_line(file: io.FileIO) -> int:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0
    file.seek(size - 1)
    if file.read(1) == b"\n":
        return size
    file.seek(0)
    return file.readall().rfind(b"\n") + 1


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}: {error.strerror or error}.")
