"""Run directories: `run.json` written once and whole, `launches.jsonl` appended and fsynced a line at a time.

Measured layers, where a run was asked for them, stand in `layers.jsonl` in the same way, trials of a search in
`trials.jsonl`. A kill at any moment loses at most the launch under way. Every line carries the id of its run: one that
another run wrote is refused, and a run is not begun where such lines lie.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from filelock import BaseFileLock, FileLock, Timeout

from resnet_bench.errors import StoreError
from resnet_bench.records import Attempt, Header, Launch, LayerProfile, Run, Skip
from resnet_bench.storage import files, lines, reading, record_file, references
from resnet_bench.storage.assembly import assemble, on_settled_machines, with_settled_machines, without_layers

HEADER_NAME = "run.json"
LAUNCHES_NAME = "launches.jsonl"
LAYERS_NAME = "layers.jsonl"
TRIALS_NAME = "trials.jsonl"
_LOCK_NAME = ".lock"
# Before schema 2 lines did not know their run.
_FIRST_WITH_RUN = 2

_entry_decoder = msgspec.json.Decoder(Launch | Skip)
_layers_decoder = msgspec.json.Decoder(LayerProfile | Skip)
_trials_decoder = msgspec.json.Decoder(Attempt)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold `directory` for writing, creating it where needed.

    Raises:
        StoreError: the directory cannot be written, or another process holds it.
    """
    lock = FileLock(directory / _LOCK_NAME, timeout=0)
    try:
        _acquire(lock, directory)
        yield
    finally:
        if lock.is_locked:
            (directory / _LOCK_NAME).unlink(missing_ok=True)  # before the release: nobody else's lock may go with it
            lock.release()
        with contextlib.suppress(OSError):
            directory.rmdir()  # only an empty one goes: nothing was saved in it


def _acquire(lock: BaseFileLock, directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        # The lock cannot tell a folder that it may not write from one that is held.
        files.check_writable(directory / _LOCK_NAME)
        raise StoreError(
            f"{directory} is being written by another run; choose another folder with -o, or wait."
        ) from error
    except OSError as error:
        raise files.cannot_write(directory, error) from error


def is_run(directory: Path) -> bool:
    """Say whether a folder holds a run, be it one that cannot be read."""
    return reading.is_there(directory / HEADER_NAME)


def refuse_another(directory: Path) -> None:
    """Refuse to begin a run where there is one, or lines of one.

    Raises:
        StoreError: with how to go on.
    """
    if is_run(directory):
        raise StoreError(
            f"{directory} already holds a run; finish it with --resume {directory}, add cases with "
            f"--extend {directory}, or choose another folder."
        )
    for name in (LAUNCHES_NAME, LAYERS_NAME):
        path = directory / name
        if reading.is_there(path) and not (path.is_file() and path.stat().st_size == 0):
            raise StoreError(
                f"{directory} holds {name} without the {HEADER_NAME} that it belongs to; move it away, "
                "or choose another folder."
            )


def create(directory: Path, header: Header) -> None:
    """Write `run.json` into `directory`, whole or not at all, beside an empty `launches.jsonl`.

    Raises:
        StoreError: the directory already holds a run or cannot be written.
    """
    refuse_another(directory)
    launches = files.whole(directory / LAUNCHES_NAME, b"")  # first: a header without launches would be a damaged run
    try:
        record_file.write(header, directory / HEADER_NAME)
    except StoreError:
        launches.unlink(missing_ok=True)
        raise


def extend(directory: Path, header: Header) -> None:
    """Write a run's header anew, that knows more than it did; the caller holds the directory.

    Raises:
        StoreError: there is no run, or the file cannot be written.
    """
    load_header(directory)
    record_file.write(header, directory / HEADER_NAME)


def create_whole(
    directory: Path, header: Header, entries: Iterable[Launch | Skip], layers: Sequence[LayerProfile] = ()
) -> None:
    """Write a run that is finished already, as a new folder that is there whole or not at all.

    Raises:
        StoreError: the directory already holds a run or anything else, or cannot be written.
    """
    refuse_another(directory)
    contents = {HEADER_NAME: record_file.encoded(header)}
    for name, records in ((LAUNCHES_NAME, tuple(entries)), (LAYERS_NAME, tuple(layers))):
        if records or name == LAUNCHES_NAME:
            contents[name] = lines.encoded([_of_run(entry, header.id) for entry in records])
    files.whole_folder(directory, contents)


def append(directory: Path, entry: Launch | Skip, *, run: str) -> None:
    """Append one line to `launches.jsonl` and fsync it; a line that does not fit is taken back whole.

    Raises:
        StoreError: the file cannot be written; what stood in it before still stands.
    """
    lines.append(directory / LAUNCHES_NAME, _of_run(entry, run))


def append_layers(directory: Path, entry: LayerProfile | Skip, *, run: str) -> None:
    """Append one line to `layers.jsonl`, as `append` does.

    Raises:
        StoreError: the file cannot be written.
    """
    lines.append(directory / LAYERS_NAME, _of_run(entry, run))


def append_trial(directory: Path, entry: Attempt) -> None:
    """Append one line to `trials.jsonl`, as `append` does; it is there before its run is.

    Raises:
        StoreError: the file cannot be written.
    """
    lines.append(directory / TRIALS_NAME, entry)


def load_trials(directory: Path) -> lines.Lines[Attempt]:
    """Return the lines of a folder's `trials.jsonl`; none where there is no such file.

    Raises:
        StoreError: none of its lines can be read.
    """
    path = directory / TRIALS_NAME
    if not reading.is_there(path):
        return lines.Lines([], [], (), ())
    return lines.read(path, _trials_decoder, again=lines.TRIED_AGAIN)


def load(directory: Path) -> Run:
    """Read a run directory.

    Raises:
        StoreError: it is not a run directory, is of a newer schema or damaged, or a line belongs to another run.
    """
    return load_with_entries(directory)[0]


def load_with_entries(directory: Path) -> tuple[Run, list[Launch | Skip]]:
    """Read a run directory, and beside it every whole line in the order written.

    Raises:
        StoreError: as `load`.
    """
    header = load_header(directory)
    launches = lines.read(directory / LAUNCHES_NAME, _entry_decoder)
    _refuse_foreign(directory / LAUNCHES_NAME, launches, header)
    layers = _load_layers(directory, header)
    header, ids = with_settled_machines(header)
    entries, profiles = on_settled_machines(launches.entries, ids), on_settled_machines(layers.entries, ids)
    run = assemble(header, entries, launches.warnings)
    with_layers = msgspec.structs.replace(
        run,
        layers=tuple(entry for entry in profiles if isinstance(entry, LayerProfile)),
        warnings=(*run.warnings, *layers.warnings, *without_layers(profiles)),
        set_aside=(*launches.damaged, *layers.damaged),
        directory=directory.resolve().name,
    )
    return with_layers, entries


def load_entries(directory: Path) -> list[Launch | Skip]:
    """Return every whole line of a run's `launches.jsonl`, in the order written.

    Raises:
        StoreError: the file is not there, or none of its lines can be read.
    """
    return lines.read(directory / LAUNCHES_NAME, _entry_decoder).entries


def _load_layers(directory: Path, header: Header) -> lines.Lines[LayerProfile | Skip]:
    path = directory / LAYERS_NAME
    if not reading.is_there(path):
        return lines.Lines([], [], (), ())
    found = lines.read(path, _layers_decoder)
    _refuse_foreign(path, found, header)
    return found


def cut_half_written_lines(directory: Path) -> None:
    """Remove what a kill left of a line that was being written; the caller holds the directory.

    Raises:
        StoreError: a file cannot be written.
    """
    files.cut_half_written_line(directory / LAUNCHES_NAME)
    if reading.is_there(directory / LAYERS_NAME):
        files.cut_half_written_line(directory / LAYERS_NAME)


def load_header(directory: Path) -> Header:
    """Return what is known of a run without its launches.

    Raises:
        StoreError: it is not a run directory, is of a newer schema, or damaged.
    """
    path = directory / HEADER_NAME
    if not is_run(directory):
        raise StoreError(f"{directory} is not a run directory: it has no {HEADER_NAME}.")
    header = record_file.read(path, Header, misfit="damaged, or not a run's header")
    if not header.cases:
        raise StoreError(f"{path} names no cases; the run is damaged.")
    references.check(header, path)
    return header


def _refuse_foreign(path: Path, found: lines.Lines[Any], header: Header) -> None:
    """Refuse lines that another run wrote, or whose machine or case the header does not know."""
    own = {header.id, *header.merged} | ({""} if header.schema < _FIRST_WITH_RUN else set())
    machines = {None, *(it.id for it in header.environments), *with_settled_machines(header)[1].values()}
    cases = set(header.cases)
    for number, entry in zip(found.numbers, found.entries, strict=True):
        if entry.case not in cases:
            raise StoreError(
                f"{path}, line {number}, is of the case {entry.case.key}, which {HEADER_NAME} beside it does not name; "
                "the run is damaged."
            )
        if entry.environment not in machines:
            raise StoreError(
                f"{path}, line {number}, was measured on machine '{entry.environment}', which {HEADER_NAME} beside it "
                "does not know; the run is damaged."
            )
        if entry.run not in own:
            owner = f"run {entry.run}" if entry.run else "no run"
            raise StoreError(
                f"{path}, line {number}, belongs to {owner} and not to {header.id}; move that line to its own run, "
                "or remove it."
            )


def _of_run(entry: Launch | Skip | LayerProfile, run: str) -> Launch | Skip | LayerProfile:
    """Return a line that knows its run; one that knows it already, as in a joined run, keeps it."""
    return entry if entry.run else msgspec.structs.replace(entry, run=run)
