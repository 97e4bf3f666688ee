"""The tables of a suite file: their keys, and the reader of each value."""

from collections.abc import Mapping, Sequence
from typing import Any

from resnet_bench import units
from resnet_bench.config import values
from resnet_bench.config.axes import SWEPT
from resnet_bench.config.axis import Value
from resnet_bench.config.values import Reader
from resnet_bench.errors import ConfigError, ResNetBenchError, nearest
from resnet_bench.records import ReferenceUse, State, Transfer

_SECONDS = values.number("number of seconds")
PROTOCOL: dict[str, Reader] = {
    "launches": values.whole(),
    "target_interval": values.number("share", below=1),
    "min_samples": values.whole(),
    "max_samples": values.whole(),
    "sampling_budget_s": _SECONDS,
    "throughput_budget_s": _SECONDS,
    "warmup_min_iterations": values.whole(),
    "warmup_budget_s": _SECONDS,
    "sample_min_s": _SECONDS,
    "time_limit_s": _SECONDS,
    "repeats": values.whole(least=0),
    "transfer": values.choice(Transfer),
    "reference": values.choice(ReferenceUse),
    "seed": values.whole(least=None),
    "state": values.choice(State),
    "warmup_min_s": _SECONDS,
    "throughput_min_s": _SECONDS,
    "calibration": values.words("a folder with images", "folders with images", '["images"]'),
}
# Inside of [protocol]: what holds on accelerators instead.
ACCELERATOR = "accelerator"
SEARCH: dict[str, Reader] = {
    "memory_limit": values.words("a size such as 8GiB", "sizes such as 8GiB", '["8GiB"]'),
    "iteration_limit_s": _SECONDS,
}
# The keys of a suite file: a word, a table, or a list of tables.
_WORDS, _TABLES = ("preset", "device"), ("protocol", "search", "prices")
_LISTS = ("sweep", "exclude", "models", "machine")
_TOP_LEVEL = (*_WORDS, *_TABLES, *_LISTS)


def check_keys(content: Mapping[str, object], where: str) -> None:
    """Refuse what is no key of a suite file, and a key that holds no table where one belongs.

    Raises:
        ConfigError: with the nearest key.
    """
    _refuse_unknown(content, _TOP_LEVEL, where, "top level")
    for key in _TABLES:
        if not isinstance(content.get(key, {}), dict):
            raise ConfigError(f"{where}: {key} = {content[key]!r}: expected a table, [{key}].")
    for key in _LISTS:
        tables = content.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise ConfigError(f"{where}: {key} = {tables!r}: expected tables, [[{key}]].")


def protocol(table: Mapping[str, object], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read `[protocol]`, of which every key may be left out, and what `[protocol.accelerator]` says otherwise.

    Raises:
        ConfigError: a key or value is wrong.
    """
    everywhere = {key: value for key, value in table.items() if key != ACCELERATOR}
    on_accelerators = table.get(ACCELERATOR, {})
    if not isinstance(on_accelerators, dict):
        raise ConfigError(f"{where}: protocol.{ACCELERATOR} = {on_accelerators!r}: expected a table.")
    place = f"protocol.{ACCELERATOR}"
    return _read(everywhere, PROTOCOL, where, "protocol"), _read(on_accelerators, PROTOCOL, where, place)


def search(table: Mapping[str, object], where: str) -> dict[str, Any]:
    """Read `[search]`.

    Raises:
        ConfigError: a key or value is wrong.
    """
    found = _read(table, SEARCH, where, "search")
    if "memory_limit" in found:
        try:
            units.parse_bytes(found["memory_limit"])
        except ResNetBenchError as error:
            raise ConfigError(f"{where}, [search]: memory_limit = {error}") from error
    return found


def plural(key: str) -> str:
    """Return the key under which errors and `--print-config` know what a table says: "batch_sizes" for "batch_size"."""
    return next((axis.plural for axis in SWEPT if key == axis.name), key)


def lists(table: Mapping[str, object], where: str, *, also: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Read the values of a `[[sweep]]` or `[[exclude]]` by the axes' names; `also` are keys that are no axes.

    A list stands under the axis' plural or its name, a single value under its name.

    Raises:
        ConfigError: a key or value is wrong.
    """
    file, _, place = where.rpartition(": ")
    spellings = {axis: tuple(dict.fromkeys((axis.plural, axis.name))) for axis in SWEPT}
    _refuse_unknown(table, (*(key for keys in spellings.values() for key in keys), *also), file, place)
    found = {}
    for axis, keys in spellings.items():
        given = [key for key in keys if key in table]
        if len(given) > 1:
            raise ConfigError(f"{where}: '{given[1]}' and '{given[0]}' are one key; give one of them.")
        for key in given:
            read = axis.one_or_list_from_file if key == axis.name else axis.list_from_file
            found[axis.name] = read(table[key], f"{where}.{key}")
    return found


def _read(table: Mapping[str, object], readers: Mapping[str, Reader], where: str, place: str) -> dict[str, Any]:
    _refuse_unknown(table, tuple(readers), where, place)
    return {key: values.from_file(readers[key], value, f"{where}: {place}.{key}") for key, value in table.items()}


def _refuse_unknown(table: Mapping[str, object], known: Sequence[str], where: str, place: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}' at {place}.{nearest(key, known)}")
