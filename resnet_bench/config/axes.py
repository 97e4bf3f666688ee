"""Axes given on the command line, as text, into a suite: each replaces that axis in all of its sweeps."""

import math
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from resnet_bench import units
from resnet_bench.config.suite_file import AUTO, SearchTable, Suite, check_protocol
from resnet_bench.errors import UsageError, nearest
from resnet_bench.records import Executor, MemoryFormat, Mode, Precision, Protocol, Record, Transfer

_Choice = TypeVar("_Choice", bound=StrEnum)


class Axes(Record, frozen=True, kw_only=True):
    """Values of the flags, None where a flag was not given. Lists are separated by commas."""

    models: str | None = None
    batch_sizes: str | None = None
    image_sizes: str | None = None
    mode: str | None = None
    precision: str | None = None
    memory_format: str | None = None
    executor: str | None = None
    threads: str | None = None
    device: str | None = None
    launches: str | None = None
    time_limit_s: str | None = None
    transfer: Transfer | None = None
    memory_limit: str | None = None
    iteration_limit: str | None = None


def apply(suite: Suite, axes: Axes, *, spelled: Callable[[str], str] = str) -> Suite:
    """Return the suite with the axes that were given; `spelled` turns a flag into what the user wrote instead.

    Raises:
        UsageError: a value is no number, no known name, or out of range.
    """
    changes: dict[str, Any] = {}
    readers: tuple[tuple[str, str | None, Callable[[str], tuple[Any, ...] | str]], ...] = (
        ("models", axes.models, lambda text: _names(text, spelled("--models"))),
        ("batch_sizes", axes.batch_sizes, lambda text: _batch_sizes(text, spelled("--batch-sizes"))),
        ("image_sizes", axes.image_sizes, lambda text: _counts(text, spelled("--image-sizes"))),
        ("modes", axes.mode, lambda text: _choices(text, Mode, spelled("--mode"))),
        ("precisions", axes.precision, lambda text: read_precisions(text, spelled("--precision"))),
        ("memory_formats", axes.memory_format, lambda text: _choices(text, MemoryFormat, spelled("--memory-format"))),
        ("executors", axes.executor, lambda text: _choices(text, Executor, spelled("--executor"))),
        ("threads", axes.threads, lambda text: read_threads(text, spelled("--threads"))),
    )
    for field, text, read in readers:
        if text is not None:
            changes[field] = read(text)
    protocol = _protocol(suite, axes, spelled)
    search = _search(suite, axes, spelled)
    sweeps = tuple(dict.fromkeys(msgspec.structs.replace(sweep, **changes) for sweep in suite.sweeps))
    device = axes.device or suite.device
    return msgspec.structs.replace(suite, device=device, protocol=protocol, search=search, sweeps=sweeps)


def _protocol(suite: Suite, axes: Axes, spelled: Callable[[str], str]) -> Protocol:
    changes: dict[str, Any] = {}
    if axes.launches is not None:
        changes["launches"] = _launches(axes.launches, spelled("--launches"))
    if axes.time_limit_s is not None:
        changes["time_limit_s"] = _seconds(axes.time_limit_s, spelled("--time-limit"))
    if axes.transfer is not None:
        changes["transfer"] = axes.transfer
    return check_protocol(msgspec.structs.replace(suite.protocol, **changes), "the flags")


def _launches(text: str, flag: str) -> int:
    try:
        return _positive(text, flag)
    except UsageError:
        raise UsageError(f"{flag} '{text}': expected a whole number of 1 or more.") from None


def _seconds(text: str, flag: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(f"{flag} '{text}': expected a finite number of seconds above 0.")
    return seconds


def _search(suite: Suite, axes: Axes, spelled: Callable[[str], str]) -> SearchTable:
    changes: dict[str, Any] = {}
    if axes.memory_limit is not None:
        _quantity(axes.memory_limit, units.parse_bytes, spelled("--memory-limit"))
        changes["memory_limit"] = axes.memory_limit
    if axes.iteration_limit is not None:
        limit_s = _quantity(axes.iteration_limit, units.parse_seconds, spelled("--iteration-limit"))
        changes["iteration_limit_s"] = limit_s
    return msgspec.structs.replace(suite.search, **changes)


def _quantity(text: str, parse: Callable[[str], float], flag: str) -> float:
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def _names(text: str, flag: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError(f"{flag} '{text}': expected one or more names, separated by commas.")
    return names


def _counts(text: str, flag: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_positive(part, flag) for part in _names(text, flag)))


def _batch_sizes(text: str, flag: str) -> tuple[int, ...] | str:
    if text.strip() == AUTO:
        return AUTO
    if AUTO in {part.strip() for part in text.split(",")}:
        raise UsageError(f"{flag} '{text}': {AUTO} stands alone; it finds all batch sizes by itself.")
    return _counts(text, flag)


def _positive(text: str, flag: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise UsageError(f"{flag} '{text}': expected whole numbers of 1 or more, separated by commas.")
    return count


def _choices(text: str, choices: type[_Choice], flag: str) -> tuple[_Choice, ...]:
    return tuple(_choice(name, choices, flag) for name in _names(text, flag))


def _choice(name: str, choices: type[_Choice], flag: str) -> _Choice:
    known: Iterable[str] = [choice.value for choice in choices]
    try:
        return choices(name)
    except ValueError:
        raise UsageError(f"{flag} '{name}': expected one of {', '.join(known)}.{nearest(name, known)}") from None


def read_precisions(text: str, flag: str = "--precision") -> tuple[Precision, ...]:
    """Read names of precisions, separated by commas.

    Raises:
        UsageError: a name is not known.
    """
    return _choices(text, Precision, flag)


def read_threads(text: str, flag: str = "--threads") -> tuple[int, ...]:
    """Read numbers of threads, or "all" for every core that this process may use.

    Raises:
        UsageError: a part is neither.
    """
    from resnet_bench.machine.environment import logical_cores

    return tuple(logical_cores() if part == "all" else _positive(part, flag) for part in _names(text, flag))
