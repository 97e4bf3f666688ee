"""The thresholds file: TOML to rules, strictly. Every limit has a unit, every name must exist.

inconclusive = "warn"             # fail | warn | pass

[[rule]]
metric = "latency_s"
limit = "5 %"                     # relative to the baseline, in the worse direction

[[rule]]
metric = "latency_s"
percentile = "p99"
max = "15 ms"
model = "resnet50*"
"""

import re
import tomllib
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from resnet_bench import units
from resnet_bench.analysis.metric import Metric, NoisyMetric
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.errors import ConfigError, UsageError, nearest
from resnet_bench.records import Case, Record

_UNBALANCED = re.compile(r"\[[^\]]*$")


class On(StrEnum):
    """Which verdicts a relative rule fails on."""

    REGRESSED = "regressed"
    CHANGED = "changed"


class Inconclusive(StrEnum):
    """What an undecided row does to the gate."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - no password


class Percentile(StrEnum):
    """What an absolute limit applies to; the median of launch medians where it is not given."""

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


class Rule(Record, frozen=True, kw_only=True):
    """One rule in base units. `limit` is relative; `maximum` and `minimum` are absolute."""

    name: str
    metric: str
    model: str = "*"
    device: str = "*"
    batch_sizes: tuple[int, ...] = ()
    on: On = On.REGRESSED
    limit: float | None = None
    maximum: float | None = None
    minimum: float | None = None
    percentile: Percentile | None = None
    inconclusive: Inconclusive

    @property
    def relative(self) -> bool:
        """Whether the rule needs a baseline."""
        return self.maximum is None and self.minimum is None

    def matches(self, case: Case, metric: str) -> bool:
        """Return whether the rule applies to that metric of that case."""
        return (
            metric == self.metric
            and fnmatchcase(case.model, self.model)
            and fnmatchcase(case.device, self.device)
            and (not self.batch_sizes or case.batch_size in self.batch_sizes)
        )


class _RawRule(msgspec.Struct, forbid_unknown_fields=True):
    metric: str
    name: str = ""
    model: str = "*"
    device: str = "*"
    batch_size: int | list[int] = msgspec.field(default_factory=list)
    on: On | None = None
    limit: str | int | float | None = None
    max: str | int | float | None = None
    min: str | int | float | None = None
    percentile: Percentile | None = None
    inconclusive: Inconclusive | None = None


class _RawFile(msgspec.Struct, forbid_unknown_fields=True):
    rule: list[_RawRule]
    inconclusive: Inconclusive = Inconclusive.WARN


def read(path: Path) -> tuple[Rule, ...]:
    """Read a thresholds file.

    Raises:
        ConfigError: it cannot be read, has an unknown key or metric, or a limit or pattern that is none.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read thresholds {path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    _refuse_unknown_keys(path, content)
    try:
        raw = msgspec.convert(content, _RawFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}.{_choices(str(error))}") from error
    if not raw.rule:
        raise ConfigError(f"{path} has no [[rule]]; a gate without rules would always pass.")
    return tuple(_rule(path, number, it, raw.inconclusive) for number, it in enumerate(raw.rule, start=1))


def _refuse_unknown_keys(path: Path, content: dict[str, object]) -> None:
    rules = content.get("rule")
    tables = [(str(path), content, _RawFile)]
    if isinstance(rules, list):
        tables += [
            (f"{path}, rule {number}", rule, _RawRule)  # type: ignore[misc]
            for number, rule in enumerate(rules, start=1)
            if isinstance(rule, dict)
        ]
    for where, table, known in tables:
        for key in table:
            if key not in known.__struct_fields__:
                keys = ", ".join(known.__struct_fields__)
                raise ConfigError(f"{where}: '{key}' is no key.{nearest(key, known.__struct_fields__)} Keys: {keys}.")


def _choices(error: str) -> str:
    """Return the words that a key takes, where the error is about one."""
    key = re.search(r"Invalid enum value .*[.](\w+)`", error)
    kind = {"on": On, "inconclusive": Inconclusive, "percentile": Percentile}.get(key[1]) if key else None
    return f" Expected {', '.join(kind)}." if kind else ""


def _rule(path: Path, number: int, raw: _RawRule, inconclusive: Inconclusive) -> Rule:
    where = f"{path}, rule {number}"
    try:
        metric = find_metric(raw.metric)
        limit = units.parse_percent(str(raw.limit)) if raw.limit is not None else None
        maximum = _absolute(metric, raw.max)
        minimum = _absolute(metric, raw.min)
    except (ConfigError, UsageError) as error:
        raise ConfigError(f"{where}: {error}") from error
    if limit is not None and (maximum is not None or minimum is not None):
        raise ConfigError(f"{where}: limit is relative, max and min are absolute; write them as rules of their own.")
    if raw.on and (maximum is not None or minimum is not None):
        raise ConfigError(f"{where}: on belongs to limit; max and min hold without a baseline.")
    if maximum is not None and minimum is not None and minimum > maximum:
        raise ConfigError(f"{where}: min = '{raw.min}' is above max = '{raw.max}', so nothing could pass.")
    if raw.percentile and (limit is not None or (maximum is None and minimum is None)):
        raise ConfigError(f"{where}: percentile belongs to max or min.")
    if raw.percentile and not isinstance(metric, NoisyMetric):
        raise ConfigError(f"{where}: {metric.name} is exact and has no percentiles.")
    for key, pattern in (("model", raw.model), ("device", raw.device)):
        if not pattern.strip() or _UNBALANCED.search(pattern):
            raise ConfigError(
                f"{where}: {key} = '{pattern}' is no pattern; write a name with *, ? or [...] such as 'resnet50*'."
            )
    sizes = raw.batch_size if isinstance(raw.batch_size, list) else [raw.batch_size]
    if any(size < 1 for size in sizes):
        raise ConfigError(f"{where}: batch_size must be 1 or more.")
    return Rule(
        name=raw.name or f"rule {number}: {_describe(raw)}",
        metric=metric.name,
        model=raw.model,
        device=raw.device,
        batch_sizes=tuple(sizes),
        on=raw.on or On.REGRESSED,
        limit=limit,
        maximum=maximum,
        minimum=minimum,
        percentile=raw.percentile,
        inconclusive=raw.inconclusive or inconclusive,
    )


def _absolute(metric: Metric, text: str | float | None) -> float | None:
    return None if text is None else float(metric.measure.parse(str(text)))


def _describe(raw: _RawRule) -> str:
    said = [f"{raw.metric} {raw.percentile.value}" if raw.percentile else raw.metric]
    said += [f"{word} {value}" for word, value in (("limit", raw.limit), ("max", raw.max), ("min", raw.min)) if value]
    if not (raw.limit or raw.max or raw.min):
        said.append(f"on {(raw.on or On.REGRESSED).value}")
    said += [f"model {raw.model}"] if raw.model != "*" else []
    said += [f"device {raw.device}"] if raw.device != "*" else []
    said += [f"batch size {raw.batch_size}"] if raw.batch_size else []
    return ", ".join(said)
