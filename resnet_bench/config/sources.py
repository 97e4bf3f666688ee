"""What a sweep measures, and where each value comes from: defaults < suite file < environment < flags.

Every flag of `run` that describes the measuring has a variable: --batch-sizes is RESNET_BENCH_BATCH_SIZES. An empty
variable counts as not set; one that nothing reads is warned about, for a misspelt one would change nothing in silence.
"""

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench.config import axes, suite_file
from resnet_bench.config import shard as shards
from resnet_bench.config.axis import Axis, Value
from resnet_bench.config.options import OPTIONS, PREFIX
from resnet_bench.config.suite_file import Exclude, Suite, Sweep
from resnet_bench.errors import IncompleteError, ResNetBenchError, StoreError, UsageError
from resnet_bench.records import Record

_DEFAULT = "default"
# What flags or variables say, as text, by the option's name; what they do not say is not in it.
Given = Mapping[str, str]
_NOTHING: Given = {}


class Setting(Record, frozen=True, kw_only=True):
    """One value that holds, and where it was written."""

    setting: str
    value: Any
    source: str


class Settings(Record, frozen=True, kw_only=True):
    """Everything that a sweep is told, and one line for each value."""

    suite: Suite
    seed: int
    shard: tuple[int, int] | None
    lines: tuple[Setting, ...]
    variables: tuple[str, ...]

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Name the variables in effect in an error about a value, which knows only the value."""
        try:
            yield
        except (StoreError, IncompleteError):
            raise
        except ResNetBenchError as error:
            if self.variables and error.exit_code == UsageError.exit_code:
                error.args = (f"{error} (Set in the environment: {', '.join(self.variables)}.)",)
            raise


def from_environment(variables: Mapping[str, str]) -> tuple[Given, tuple[str, ...]]:
    """Return what the variables say, and a warning for each that nothing reads."""
    known = {option.variable: option.name for option in OPTIONS}
    set_here = {name: text for name, text in variables.items() if name.startswith(PREFIX) and text.strip()}
    given = {known[name]: text for name, text in set_here.items() if name in known}
    return given, tuple(_unknown(name, known) for name in sorted(set_here) if name not in known)


def resolve(
    path: Path | None, *, variables: Given = _NOTHING, flags: Given = _NOTHING, arguments: Given = _NOTHING
) -> Settings:
    """Return what holds: the flags, else the variables, else the suite file, else its preset, else the defaults.

    `arguments` are what Python code gives instead of flags: errors spell them as it does.

    Raises:
        ResNetBenchError: a value is wrong; the message names the flag, the variable, or the file and key.
    """
    said = _said(variables, flags, arguments)
    preset = said.get("preset")
    written = suite_file.read(path, preset=preset.value if preset else None)
    suite, sweeps = _applied(written.suite, said)
    seed: int = said["seed"].value if "seed" in said else 0
    shard: tuple[int, int] | None = said["shard"].value if "shard" in said else None
    if shard is not None:
        shards.check(suite)
    shown: dict[str, Any] = {"preset": suite.preset, "device": suite.device, "seed": seed}
    shown["shard"] = "all" if shard is None else f"{shard[0]}/{shard[1]}"
    shown |= {f"protocol.{key}": value for key, value in msgspec.to_builtins(suite.protocol).items()}
    shown |= {f"protocol.accelerator.{key}": msgspec.to_builtins(value) for key, value in suite.accelerator.items()}
    shown |= {f"search.{key}": value for key, value in msgspec.to_builtins(suite.search).items()}
    shown |= {f"prices.{it.where}": f"{it.per_hour:g} {it.currency}/h" for it in suite.prices}
    lines = [_line(setting, value, said, setting, written.places) for setting, value in shown.items()]
    for number, sweep in sweeps.items():
        for key, value in _keys(sweep).items():
            lines.append(_line(f"sweep[{number}].{key}", value, said, f"sweep.{key}", written.places))
    for number, exclude in enumerate(suite.excludes):
        for key, value in _keys(exclude).items():
            lines.append(_line(f"exclude[{number}].{key}", value, {}, "", written.places))
    for number, name in enumerate(dict.fromkeys([*(it.name for it in suite.models), *(it.name for it in suite.named)])):
        lines.append(_line(f"models[{number}].name", name, {}, "", written.places))
    for number, machine in enumerate(suite.machines):
        for key, value in msgspec.to_builtins(machine).items():
            lines.append(_line(f"machine[{number}].{key}", value, {}, "", written.places))
    in_effect = tuple(it.source.removeprefix("environment ") for it in said.values() if it.source.startswith("env"))
    return Settings(suite=suite, seed=seed, shard=shard, lines=tuple(lines), variables=in_effect)


def _said(variables: Given, flags: Given, arguments: Given) -> dict[str, Setting]:
    """Read what holds of arguments, flags and variables, by what it sets."""
    said = {}
    for option in OPTIONS:
        for given, spelled, kind in (
            (arguments, option.name, "argument"),
            (flags, option.flag, "flag"),
            (variables, option.variable, "environment"),
        ):
            if option.name in given:
                value = option.read(given[option.name], spelled)
                said[option.setting] = Setting(setting=option.setting, value=value, source=f"{kind} {spelled}")
                break
    return said


def _applied(suite: Suite, said: Mapping[str, Setting]) -> tuple[Suite, dict[int, Sweep]]:
    """Return the suite with what was said, and its sweeps by their number in the file."""
    by_table: dict[str, dict[str, Any]] = {"": {}, "protocol": {}, "search": {}, "sweep": {}}
    for setting, it in said.items():
        table, _, key = setting.rpartition(".")
        by_table[table][key] = it.value
    changes = {axis.name: by_table["sweep"][axis.plural] for axis in axes.SWEPT if axis.plural in by_table["sweep"]}
    # A size and an input say the same: the one that was said last replaces the other of the file.
    replaced = {"image_size"} if "input" in changes else {"input"} if "image_size" in changes else set()
    # Flags can make sweeps equal, which then are one: it stands where the first of them was written.
    sweeps: dict[int, Sweep] = {}
    for number, sweep in enumerate(suite.sweeps):
        kept = {name: values for name, values in sweep.axes.items() if name not in replaced - changes.keys()}
        changed = msgspec.structs.replace(sweep, axes=kept | changes)
        if changed not in sweeps.values():
            sweeps[number] = changed
    protocol = msgspec.structs.replace(suite.protocol, **by_table["protocol"])
    there = {key: value for key, value in suite.accelerator.items() if key not in by_table["protocol"]}
    applied = msgspec.structs.replace(
        suite,
        accelerator=there,
        device=by_table[""].get("device", suite.device),
        protocol=suite_file.check_protocol(protocol, "the flags"),
        search=msgspec.structs.replace(suite.search, **by_table["search"]),
        sweeps=tuple(sweeps.values()),
    )
    return applied, sweeps


def _keys(table: Sweep | Exclude) -> dict[str, Any]:
    """Return the keys of a sweep or exclude as a suite file has them; of a sweep every axis, given or not."""
    if isinstance(table, Exclude):
        return {axis.plural: _shown(axis, table.axes[axis.name]) for axis in axes.SWEPT if axis.name in table.axes}
    return {axis.plural: _shown(axis, table[axis.name]) for axis in axes.SWEPT} | {"on": table.on.value}


def _shown(axis: Axis, values: tuple[Value, ...]) -> Any:
    if values in {(), ("",)}:
        return axis.default_words
    return axis.alone if values == (axis.alone,) else msgspec.to_builtins(values)


def _line(setting: str, value: object, said: Mapping[str, Setting], by: str, places: Mapping[str, str]) -> Setting:
    source = said[by].source if by in said else places.get(setting, _DEFAULT)
    return Setting(setting=setting, value=value, source=source)


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1)
    hint = f"Did you mean {PREFIX}{near[0]}?" if near else f"Known are: {', '.join(known)}."
    return f"{name} is set, and nothing reads it. {hint}"
