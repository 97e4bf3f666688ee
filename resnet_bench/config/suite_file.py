"""Suite files (TOML) to records, strictly: an error names the file, the key, and what was expected.

The presets are suite files in the package. A user's suite may start from one with `preset = "standard"`; the keys
of its `[protocol]` then replace the preset's one by one, and its `[[sweep]]` tables replace the preset's as a whole.
"""

import math
import tomllib
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from resnet_bench import specs, units
from resnet_bench.errors import ConfigError, ResNetBenchError, nearest
from resnet_bench.records import Executor, MemoryFormat, Mode, Precision, Protocol, Record, Transfer
from resnet_bench.specs import Spec

PRESETS = ("quick", "standard", "rigorous")

AUTO: Literal["auto"] = "auto"

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class On(StrEnum):
    """The kind of device a sweep is for."""

    ANY = "any"
    CPU = "cpu"
    ACCELERATOR = "accelerator"


class Sweep(Record, frozen=True, kw_only=True):
    """Axes as lists; their cartesian product is the sweep's cases. No image sizes means each model's own."""

    models: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    batch_sizes: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] | Literal["auto"] = (1,)
    image_sizes: tuple[Count, ...] = ()
    modes: tuple[Mode, ...] = (Mode.INFERENCE,)
    precisions: tuple[Precision, ...] = (Precision.FP32,)
    memory_formats: tuple[MemoryFormat, ...] = (MemoryFormat.CONTIGUOUS,)
    executors: tuple[Executor, ...] = (Executor.EAGER,)
    threads: tuple[Count, ...] = ()
    on: On = On.ANY


class Exclude(Record, frozen=True, kw_only=True):
    """A case that matches every list given here is left out; a list that is not given matches all."""

    models: tuple[str, ...] = ()
    batch_sizes: tuple[Count, ...] = ()
    image_sizes: tuple[Count, ...] = ()
    modes: tuple[Mode, ...] = ()
    precisions: tuple[Precision, ...] = ()
    memory_formats: tuple[MemoryFormat, ...] = ()
    executors: tuple[Executor, ...] = ()
    threads: tuple[Count, ...] = ()


class ProtocolTable(Record, frozen=True, kw_only=True):
    """`[protocol]`: every key may be left out, and then comes from the preset."""

    launches: Count | None = None
    target_interval: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    min_samples: Count | None = None
    max_samples: Count | None = None
    sampling_budget_s: Seconds | None = None
    throughput_budget_s: Seconds | None = None
    warmup_min_iterations: Count | None = None
    warmup_budget_s: Seconds | None = None
    sample_min_s: Seconds | None = None
    time_limit_s: Seconds | None = None
    repeats: Annotated[int, msgspec.Meta(ge=0)] | None = None
    transfer: Transfer | None = None
    seed: int | None = None


class SearchTable(Record, frozen=True, kw_only=True):
    """`[search]`: what bounds `batch_sizes = "auto"`; no memory limit means half of what is free, on the CPU."""

    memory_limit: str | None = None
    iteration_limit_s: Seconds = 5.0


class SuiteTable(Record, frozen=True, kw_only=True):
    """A suite file as it is written."""

    preset: str | None = None
    device: str | None = None
    protocol: ProtocolTable = ProtocolTable()
    search: SearchTable = SearchTable()
    sweep: tuple[Sweep, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    models: tuple[dict[str, Any], ...] = ()


class Suite(Record, frozen=True, kw_only=True):
    """What to measure and how, complete."""

    preset: str
    device: str
    protocol: Protocol
    search: SearchTable = SearchTable()
    sweeps: tuple[Sweep, ...]
    excludes: tuple[Exclude, ...] = ()
    models: tuple[Spec, ...] = ()


def preset_text(name: str) -> str:
    """Return the preset's suite file as text.

    Raises:
        ConfigError: no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"unknown preset '{name}'; there are {', '.join(PRESETS)}.{nearest(name, PRESETS)}")
    return resources.files("resnet_bench.config").joinpath("suites", f"{name}.toml").read_text(encoding="utf-8")


def load_suite(path: Path | None = None, *, preset: str | None = None) -> Suite:
    """Read a suite file over its preset, or the preset alone; `preset` goes before the one named in the file.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    own = SuiteTable() if path is None else _read(path)
    name = preset or own.preset or "quick"
    base = _decode(preset_text(name), f"preset {name}")
    protocol = {
        field: value
        for table in (base.protocol, own.protocol)
        for field, value in msgspec.structs.asdict(table).items()
        if value is not None
    }
    return Suite(
        preset=name,
        device=own.device or "auto",
        protocol=check_protocol(Protocol(**protocol), "[protocol]" if path is None else f"{path}, [protocol]"),
        search=_checked_search(own.search, "[search]" if path is None else f"{path}, [search]"),
        sweeps=own.sweep or base.sweep,
        excludes=own.exclude,
        models=tuple(_own_model(path, index, table) for index, table in enumerate(own.models)),
    )


def origins(path: Path | None = None, *, preset: str | None = None) -> dict[str, str]:
    """Return where each key of a suite that `load_suite` accepts is written; a key without a place has its default.

    Keys are spelt as errors spell them: "preset", "protocol.launches", "sweep[0].batch_sizes".
    """
    own = {} if path is None else tomllib.loads(path.read_text(encoding="utf-8"))
    name = preset or own.get("preset", "quick")
    base = tomllib.loads(preset_text(name))
    places = {f"protocol.{key}": f"preset {name}" for key in base["protocol"]}
    places |= {f"{kind}.{key}": f"{path} [{kind}]" for kind in ("protocol", "search") for key in own.get(kind, {})}
    places |= {key: str(path) for key in ("preset", "device") if key in own}
    sweeps, where = (own["sweep"], str(path)) if own.get("sweep") else (base["sweep"], f"preset {name}")
    tables = (("sweep", sweeps, where), *((kind, own.get(kind, ()), str(path)) for kind in ("exclude", "models")))
    for kind, found, file in tables:
        places |= {f"{kind}[{n}].{key}": f"{file} [[{kind}]]" for n, table in enumerate(found) for key in table}
    return places


def _checked_search(search: SearchTable, where: str) -> SearchTable:
    if search.memory_limit is not None:
        try:
            units.parse_bytes(search.memory_limit)
        except ResNetBenchError as error:
            raise ConfigError(f"{where}: memory_limit = {error}") from error
    return search


def check_protocol(protocol: Protocol, where: str) -> Protocol:
    """Return the protocol if its numbers fit each other.

    Raises:
        ConfigError: they do not.
    """
    for field, value in msgspec.structs.asdict(protocol).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{where}: {field} = {value}: expected a finite number.")
    if protocol.max_samples < protocol.min_samples:
        raise ConfigError(
            f"{where}: max_samples = {protocol.max_samples} is less than min_samples = {protocol.min_samples}."
        )
    return protocol


def _read(path: Path) -> SuiteTable:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read suite file {path}: {reason}.") from error
    return _decode(text, str(path))


def _decode(text: str, where: str) -> SuiteTable:
    try:
        return msgspec.convert(tomllib.loads(text), SuiteTable)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_explain(str(error))}") from error


def _explain(message: str) -> str:
    """Turn msgspec's "Object contains unknown field `x` - at `$.sweep[0]`" into a line with the nearest key."""
    what, _, where = message.partition(" - at ")
    place = where.strip("`").removeprefix("$").lstrip(".").removeprefix("[...]") or "top level"
    if "unknown field" in what:
        key = what.split("`")[1]
        return f"unknown key '{key}' at {place}.{nearest(key, _keys(place))}"
    return f"{what} at {place}."


def _keys(place: str) -> tuple[str, ...]:
    tables = {"sweep": Sweep, "exclude": Exclude, "protocol": ProtocolTable, "search": SearchTable}
    return next((table.__struct_fields__ for name, table in tables.items() if place.startswith(name)), _TOP_LEVEL)


_TOP_LEVEL = SuiteTable.__struct_fields__


def _own_model(path: Path | None, index: int, table: dict[str, Any]) -> Spec:
    where = f"{path}, models[{index}]"
    try:
        return specs.from_table(table, where=where)
    except ResNetBenchError as error:
        raise ConfigError(str(error)) from error
