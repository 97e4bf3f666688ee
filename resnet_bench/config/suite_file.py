"""Suite files (TOML) to records, strictly: an error names the file, the key, and what was expected.

The presets are suite files in the package. A user's suite may start from one with `preset = "standard"`; the keys
of its `[protocol]` then replace the preset's one by one, and its `[[sweep]]` tables replace the preset's as a whole.
What `[protocol.accelerator]` says holds on accelerators; a preset's gives way to whatever the suite says itself.
"""

import math
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench.config import axes, machine_tables, prices, suite_models, suite_tables, values
from resnet_bench.config.axis import AUTO, Axis, Value
from resnet_bench.config.suite_models import NamedModel
from resnet_bench.errors import ConfigError, nearest
from resnet_bench.machine.devices import HOST, is_accelerator
from resnet_bench.records import Case, Machine, Price, Protocol, Record
from resnet_bench.specs import Spec
from resnet_bench.storage import reading

PRESETS = tuple(values.Preset)


class DeviceClass(StrEnum):
    """The kind of device a sweep is for."""

    ANY = "any"
    CPU = "cpu"
    ACCELERATOR = "accelerator"


class Sweep(Record, frozen=True, kw_only=True):
    """Axes as lists, by the axis' name; their cartesian product is the sweep's cases."""

    axes: dict[str, tuple[Value, ...]]
    on: DeviceClass = DeviceClass.ANY

    def __getitem__(self, axis: str) -> tuple[Value, ...]:
        """The values of an axis on the host; none where each model has its own."""
        return self.on_device(axis, HOST)

    def on_device(self, axis: str, device: str) -> tuple[Value, ...]:
        """Return the values of an axis on a device; none where each model has its own."""
        said = (int(it) if isinstance(it, values.AllCores) else it for it in self.axes.get(axis, ()))
        return tuple(dict.fromkeys(said)) or axes.unset(axes.BY_NAME[axis], device, self.axes)

    def with_cores(self, cores: int) -> "Sweep":
        """Return the sweep where all cores are so many."""
        counted = {name: values.with_cores(found, cores) for name, found in self.axes.items()}
        return msgspec.structs.replace(self, axes=counted)

    @property
    def searched(self) -> bool:
        """Whether its batch sizes are found by measuring."""
        return self["batch_size"] == (AUTO,)


class Exclude(Record, frozen=True, kw_only=True):
    """A case that matches every list given here is left out; a list that is not given matches all."""

    axes: dict[str, tuple[Value, ...]]


def matches(wanted: Mapping[str, tuple[Value, ...]], case: Case) -> bool:
    """Say whether a case has one of the wanted values of every axis that is named; names may be patterns."""
    return all(_among(axes.BY_NAME[name], getattr(case, name), found) for name, found in wanted.items())


def _among(axis: Axis, value: Value, wanted: tuple[Value, ...]) -> bool:
    if axis.pattern:
        return any(value == each or fnmatchcase(str(value), str(each)) for each in wanted)
    return value in wanted


class Search(Record, frozen=True, kw_only=True):
    """`[search]`: what bounds `batch_sizes = "auto"`; no memory limit means half of what is free, on the CPU."""

    memory_limit: str | None = None
    iteration_limit_s: float = 5.0


class Suite(Record, frozen=True, kw_only=True):
    """What to measure and how, complete; `accelerator` are the keys of the protocol that are others there.

    `machines` are where, empty for this one.
    """

    preset: str
    device: str
    protocol: Protocol
    accelerator: dict[str, Any] = msgspec.field(default_factory=dict)
    search: Search = Search()
    sweeps: tuple[Sweep, ...]
    excludes: tuple[Exclude, ...] = ()
    models: tuple[Spec, ...] = ()
    named: tuple[NamedModel, ...] = ()
    prices: tuple[Price, ...] = ()
    machines: tuple[Machine, ...] = ()

    def protocol_on(self, device: str) -> Protocol:
        """Return the protocol that holds on a device; the host has no steady state to wait for."""
        changes = self.accelerator if is_accelerator(device) else _ON_HOST
        return msgspec.structs.replace(self.protocol, **changes)


# What the host has no use for, as it is where nothing is said: else two equal runs could not be compared.
_ON_HOST = {
    field.name: field.default
    for field in msgspec.structs.fields(Protocol)
    if field.name in {"state", "warmup_min_s", "throughput_min_s"}
}


def preset_text(name: str) -> str:
    """Return the preset's suite file as text.

    Raises:
        ConfigError: no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"unknown preset '{name}'; there are {', '.join(PRESETS)}.{nearest(name, PRESETS)}")
    return resources.files("resnet_bench.config").joinpath("suites", f"{name}.toml").read_text(encoding="utf-8")


class Written(Record, frozen=True, kw_only=True):
    """A suite, and where each key of it is written; a key without a place has its default.

    Keys are spelt as errors spell them: "preset", "protocol.launches", "sweep[0].batch_sizes".
    """

    suite: Suite
    places: dict[str, str]


def load_suite(path: Path | None = None, *, preset: str | None = None) -> Suite:
    """Read a suite file over its preset, or the preset alone; `preset` goes before the one named in the file.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    return read(path, preset=preset).suite


def read(path: Path | None = None, *, preset: str | None = None) -> Written:
    """Read a suite as `load_suite` does, with the place of each key.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    own = {} if path is None else _read(path)
    where = "" if path is None else str(path)
    suite_tables.check_keys(own, where)
    name = preset or values.from_file(values.PRESET, own.get("preset", "quick"), f"{where}: preset")
    base = tomllib.loads(preset_text(name))
    of_preset, of_preset_there = suite_tables.protocol(base["protocol"], f"preset {name}")
    said, said_there = suite_tables.protocol(own.get("protocol", {}), where)
    protocol = of_preset | said
    there = {key: value for key, value in of_preset_there.items() if key not in said} | said_there
    sweeps, source = (own["sweep"], where) if own.get("sweep") else (base["sweep"], f"preset {name}")
    device = own.get("device", AUTO)
    models = [suite_models.read(it, f"{where}, models[{index}]") for index, it in enumerate(own.get("models", ()))]
    suite = Suite(
        preset=name,
        device=values.from_file(axes.BY_NAME["device"].reader, device, f"{where}: device"),
        protocol=check_protocol(Protocol(**protocol), "[protocol]" if path is None else f"{path}, [protocol]"),
        accelerator=there,
        search=Search(**suite_tables.search(own.get("search", {}), where)),
        sweeps=tuple(_sweep(table, f"{source}: sweep[{number}]") for number, table in enumerate(sweeps)),
        excludes=tuple(
            Exclude(axes=suite_tables.lists(table, f"{where}: exclude[{number}]", also=()))
            for number, table in enumerate(own.get("exclude", ()))
        ),
        models=tuple(spec for spec, _ in models if spec is not None),
        named=tuple(named for _, named in models if named is not None),
        prices=prices.of_suite(own.get("prices", {}), where),
        machines=tuple(
            machine_tables.read(table, f"{where}: machine[{number}]")
            for number, table in enumerate(own.get("machine", ()))
        ),
    )
    check_protocol(Protocol(**protocol | there), f"{path or ''}, [protocol.accelerator]".removeprefix(", "))
    places = {f"protocol.{key}": f"preset {name}" for key in of_preset}
    places |= {f"protocol.accelerator.{key}": f"preset {name}" for key in of_preset_there}
    places |= {f"protocol.accelerator.{key}": f"{path} [protocol.accelerator]" for key in said_there}
    for kind, keys in (("protocol", said), *((it, own.get(it, {})) for it in ("search", "prices"))):
        places |= {f"{kind}.{key}": f"{path} [{kind}]" for key in keys}
    places |= {key: where for key in ("preset", "device") if key in own}
    tables = (
        ("sweep", sweeps, source),
        *((kind, own.get(kind, ()), where) for kind in ("exclude", "models", "machine")),
    )
    for kind, found, file in tables:
        keys = [f"{kind}[{n}].{suite_tables.plural(key)}" for n, table in enumerate(found) for key in table]
        places |= dict.fromkeys(keys, f"{file} [[{kind}]]")
    return Written(suite=suite, places=places)


def _sweep(table: Mapping[str, object], where: str) -> Sweep:
    if not any(suite_tables.plural(key) == "models" for key in table):
        raise ConfigError(f"{where} has no models.")
    on = values.from_file(values.choice(DeviceClass), table.get("on", DeviceClass.ANY), f"{where}.on")
    return Sweep(axes=suite_tables.lists(table, where, also=("on",)), on=on)


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


def _read(path: Path) -> dict[str, Any]:
    try:
        return reading.toml(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read suite file {path}: {reading.why(error)}.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from error
