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
from resnet_bench.config.axes import Axes
from resnet_bench.config.suite_file import Suite, Sweep
from resnet_bench.errors import ConfigError, IncompleteError, ResNetBenchError, StoreError, UsageError
from resnet_bench.machine import environment
from resnet_bench.records import Record, Transfer

PREFIX = "RESNET_BENCH_"
_DEFAULT = "default"
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
# Field of `Axes` or `Given`, and the flag that sets it.
_FLAGS = {
    "preset": "--preset",
    "models": "--models",
    "batch_sizes": "--batch-sizes",
    "image_sizes": "--image-sizes",
    "mode": "--mode",
    "precision": "--precision",
    "memory_format": "--memory-format",
    "executor": "--executor",
    "threads": "--threads",
    "device": "--device",
    "launches": "--launches",
    "time_limit_s": "--time-limit",
    "memory_limit": "--memory-limit",
    "iteration_limit": "--iteration-limit",
    "transfer": "--include-transfer",
    "seed": "--seed",
    "shard": "--shard",
}
# The others of the protocol have no flag; --seed is of the order of launches, not the protocol's.
_PROTOCOL_FLAGS = frozenset({"launches", "time_limit_s", "transfer"})
# Key of a suite file, and the field that goes before it.
_AXIS_OF = {
    "models": "models",
    "batch_sizes": "batch_sizes",
    "image_sizes": "image_sizes",
    "modes": "mode",
    "precisions": "precision",
    "memory_formats": "memory_format",
    "executors": "executor",
    "threads": "threads",
}


class Given(Record, frozen=True, kw_only=True):
    """What flags or variables say, as text; None where they say nothing."""

    preset: str | None = None
    axes: Axes = Axes()
    seed: str | None = None
    shard: str | None = None

    def has(self, field: str) -> bool:
        """Say whether a field of this record or of its axes was given."""
        return getattr(self if field in self.__struct_fields__ else self.axes, field) is not None


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


def variable(flag: str) -> str:
    """Return the variable of a flag: RESNET_BENCH_BATCH_SIZES for --batch-sizes."""
    return PREFIX + flag.removeprefix("--").replace("-", "_").upper()


def from_environment(variables: Mapping[str, str]) -> tuple[Given, tuple[str, ...]]:
    """Return what the variables say, and a warning for each that nothing reads.

    Raises:
        UsageError: RESNET_BENCH_INCLUDE_TRANSFER says neither yes nor no.
    """
    known = {variable(flag): field for field, flag in _FLAGS.items()}
    set_here = {name: text for name, text in variables.items() if name.startswith(PREFIX) and text.strip()}
    texts: dict[str, Any] = {known[name]: text for name, text in set_here.items() if name in known}
    if "transfer" in texts:
        texts["transfer"] = _transfer(texts["transfer"])
    own = {field: texts.pop(field) for field in ("preset", "seed", "shard") if field in texts}
    warnings = tuple(_unknown(name, known) for name in sorted(set_here) if name not in known)
    return Given(axes=Axes(**texts), **own), warnings


def resolve(path: Path | None, *, variables: Given, flags: Given) -> Settings:
    """Return what holds: the flags, else the variables, else the suite file, else its preset, else the defaults.

    Raises:
        ResNetBenchError: a value is wrong; the message names the flag, the variable, or the file and key.
    """
    if variables.preset is not None and variables.preset not in suite_file.PRESETS:
        _explain_preset(variables.preset)
    preset = flags.preset or variables.preset
    suite = suite_file.load_suite(path, preset=preset)
    final = _applied(suite, variables, flags)
    # Flags can make sweeps equal, which then are one: it stands where the first of them was written.
    written: dict[Sweep, int] = {}
    for number, sweep in enumerate(suite.sweeps):
        alone = msgspec.structs.replace(suite, sweeps=(sweep,))
        written.setdefault(_applied(alone, variables, flags).sweeps[0], number)
    given_by = _Sources(variables, flags, suite_file.origins(path, preset=preset))
    seed = _seed(variables, flags)
    shard = _shard(variables, flags)
    if shard is not None:
        shards.check(final)
    lines = (
        given_by.line("preset", final.preset, "preset"),
        given_by.line("device", final.device, "device"),
        given_by.line("seed", seed, "seed"),
        given_by.line("shard", "all" if shard is None else f"{shard[0]}/{shard[1]}", "shard"),
        *(
            given_by.line(f"protocol.{key}", value, key if key in _PROTOCOL_FLAGS else "")
            for key, value in msgspec.to_builtins(final.protocol).items()
        ),
        given_by.line("search.memory_limit", final.search.memory_limit, "memory_limit"),
        given_by.line("search.iteration_limit_s", final.search.iteration_limit_s, "iteration_limit"),
        *_sweep_lines(final, written, given_by),
    )
    in_effect = tuple(variable(flag) for field, flag in _FLAGS.items() if variables.has(field) and not flags.has(field))
    return Settings(suite=final, seed=seed, shard=shard, lines=lines, variables=in_effect)


class _Sources:
    def __init__(self, variables: Given, flags: Given, written: Mapping[str, str]) -> None:
        self._variables, self._flags, self._written = variables, flags, written

    def line(self, setting: str, value: object, field: str, *, key: str = "") -> Setting:
        """Return a line for a value that `field` may set and that the suite file calls `key`."""
        return Setting(setting=setting, value=value, source=self._source(field, key or setting))

    def _source(self, field: str, key: str) -> str:
        if field and self._flags.has(field):
            return f"flag {_FLAGS[field]}"
        if field and self._variables.has(field):
            return f"environment {variable(_FLAGS[field])}"
        return self._written.get(key, _DEFAULT)


def _applied(suite: Suite, variables: Given, flags: Given) -> Suite:
    return axes.apply(axes.apply(suite, variables.axes, spelled=variable), flags.axes)


def _sweep_lines(suite: Suite, written: Mapping[Sweep, int], given_by: _Sources) -> list[Setting]:
    lines = []
    for sweep in suite.sweeps:
        number = written[sweep]
        values = msgspec.to_builtins(sweep) | {
            "image_sizes": sweep.image_sizes or "each model's own",
            "threads": sweep.threads or (environment.default_threads(),),
        }
        for key, value in values.items():
            place = f"sweep[{number}].{key}"
            lines.append(given_by.line(place, value, _AXIS_OF.get(key, "")))
    for number, exclude in enumerate(suite.excludes):
        stated = {key: value for key, value in msgspec.to_builtins(exclude).items() if value}
        lines += [given_by.line(f"exclude[{number}].{key}", value, "") for key, value in stated.items()]
    lines += [given_by.line(f"models[{number}].name", spec.name, "") for number, spec in enumerate(suite.models)]
    return lines


def _transfer(text: str) -> Transfer:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise UsageError(f"{variable('--include-transfer')} '{text}': expected yes or no (1, 0, true, false, on, off).")
    return Transfer.INCLUDED if word in _YES else Transfer.EXCLUDED


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1)
    hint = f"Did you mean {PREFIX}{near[0]}?" if near else f"Known are: {', '.join(known)}."
    return f"{name} is set, and nothing reads it. {hint}"


def _explain_preset(text: str) -> None:
    try:
        suite_file.preset_text(text)
    except ConfigError as error:
        raise ConfigError(f"{variable('--preset')}: {error}") from None


def _seed(variables: Given, flags: Given) -> int:
    text, spelled = (flags.seed, "--seed") if flags.seed is not None else (variables.seed, variable("--seed"))
    if text is None:
        return 0
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{spelled} '{text}': expected a whole number.") from None


def _shard(variables: Given, flags: Given) -> tuple[int, int] | None:
    if flags.shard is not None:
        return shards.parse(flags.shard, "--shard")
    return None if variables.shard is None else shards.parse(variables.shard, variable("--shard"))
