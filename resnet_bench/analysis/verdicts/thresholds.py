"""The thresholds file: TOML to rules, strictly. Every limit has a unit, every name must exist.

undecided = "stop"                # stop (exit code 3) | fail (1) | warn (0)

[[rule]]
metric = "latency_s"
limit = "5 %"                     # relative to the baseline, in the worse direction
figures = "raw"                    # as measured; corrected for drift where both sides can be, unless said

[[rule]]
metric = "latency_s"
percentile = "p99"
max = "15 ms"
model = "resnet50*"
"""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.metric import Metric, NoisyMetric
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.config import suite_file, values
from resnet_bench.config.axes import AXES, BY_NAME
from resnet_bench.config.axis import Axis, Value
from resnet_bench.errors import ConfigError, UsageError, nearest
from resnet_bench.records import Case, Figures, Record
from resnet_bench.storage import reading

_UNBALANCED = re.compile(r"\[[^\]]*$")


class On(StrEnum):
    """Which verdicts a relative rule fails on."""

    REGRESSED = "regressed"
    CHANGED = "changed"


class Undecided(StrEnum):
    """What a row that a rule cannot decide does to the gate: stop ends with exit code 3, fail with 1, warn with 0."""

    STOP = "stop"
    FAIL = "fail"
    WARN = "warn"


class Percentile(StrEnum):
    """What an absolute limit applies to; the median of launch medians where it is not given."""

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


class Rule(Record, frozen=True, kw_only=True):
    """One rule in base units. `limit` is relative; `maximum` and `minimum` are absolute.

    `figures` are those that a relative rule is held against: RAW as measured, CORRECTED where both sides have them.
    """

    name: str
    metric: str
    cases: dict[str, tuple[Value, ...]] = msgspec.field(default_factory=dict)
    on: On = On.REGRESSED
    limit: float | None = None
    maximum: float | None = None
    minimum: float | None = None
    percentile: Percentile | None = None
    undecided: Undecided = Undecided.STOP
    figures: Figures = Figures.CORRECTED

    @property
    def relative(self) -> bool:
        """Whether the rule needs a baseline."""
        return self.maximum is None and self.minimum is None

    def matches(self, case: Case, metric: str) -> bool:
        """Return whether the rule applies to that metric of that case."""
        return metric == self.metric and suite_file.matches(self.cases, case)


class Thresholds(Record, frozen=True, kw_only=True):
    """The rules of a file, and what to say of how it was read."""

    rules: tuple[Rule, ...]
    notes: tuple[str, ...] = ()


_TEXT = values.words("a text", "texts", '["latency_s"]')
_CHOICES = {
    "on": values.choice(On),
    "percentile": values.choice(Percentile),
    "undecided": values.choice(Undecided),
    "figures": values.choice(Figures),
}
_LIMITS = ("limit", "max", "min")
_RULE_KEYS = ("metric", "name", *BY_NAME, *_LIMITS, *_CHOICES)
_FILE_KEYS = ("rule", "undecided")
_OLD_KEY = "inconclusive"
_OLD_PASS = "pass"  # noqa: S105 - no password


def read(path: Path) -> Thresholds:
    """Read a thresholds file.

    Raises:
        ConfigError: it cannot be read, has an unknown key or metric, or a limit or pattern that is none.
    """
    try:
        content = reading.toml(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read thresholds {path}: {reading.why(error)}.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from error
    notes: list[str] = []
    content = _renamed(content, str(path), notes)
    _refuse_unknown(content, _FILE_KEYS, (), str(path))
    rules = content.get("rule", [])
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        start = '[[rule]], metric = "latency_s", limit = "5 %", each on a line of its own'
        raise ConfigError(f"{path} has no [[rule]] table; one to start from: {start}.")
    undecided = values.from_file(_CHOICES["undecided"], content.get("undecided", Undecided.STOP), f"{path}: undecided")
    numbered = ((f"{path}, rule {number}", number, it) for number, it in enumerate(rules, start=1))
    found = tuple(_rule(where, number, _renamed(it, where, notes), undecided) for where, number, it in numbered)
    return Thresholds(rules=found, notes=tuple(notes))


def _renamed(table: Mapping[str, Any], where: str, notes: list[str]) -> dict[str, Any]:
    """Read the key `inconclusive` of older files as `undecided`, and note that it was."""
    if _OLD_KEY not in table:
        return dict(table)
    if "undecided" in table:
        raise ConfigError(f"{where}: {_OLD_KEY} is the old name of undecided; leave it out.")
    value = table[_OLD_KEY]
    read_as = Undecided.WARN.value if value == _OLD_PASS else value
    notes.append(f'{where}: {_OLD_KEY} = "{value}" is read as undecided = "{read_as}"; write that.')
    return {("undecided" if key == _OLD_KEY else key): it for key, it in table.items()} | {"undecided": read_as}


def _refuse_unknown(table: Mapping[str, object], known: Sequence[str], also: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known and key not in also:
            raise ConfigError(f"{where}: '{key}' is not a key.{nearest(key, known)} Keys: {', '.join(known)}.")


def _rule(where: str, number: int, table: Mapping[str, Any], undecided: Undecided) -> Rule:
    _refuse_unknown(table, _RULE_KEYS, [axis.plural for axis in AXES], where)
    if "metric" not in table:
        raise ConfigError(f'{where} has no metric; for example metric = "latency_s".')
    texts = {key: values.from_file(_TEXT, table[key], f"{where}: {key}") for key in ("metric", "name") if key in table}
    chosen = {
        key: values.from_file(reader, table[key], f"{where}: {key}") for key, reader in _CHOICES.items() if key in table
    }
    limits = {key: _limit_text(table[key], f"{where}: {key}") for key in _LIMITS if key in table}
    try:
        metric = find_metric(texts["metric"])
        limit = units.parse_percent(limits["limit"]) if "limit" in limits else None
        maximum, minimum = (_absolute(metric, limits.get(key)) for key in ("max", "min"))
    except (ConfigError, UsageError) as error:
        raise ConfigError(f"{where}: {error}") from error
    rule = Rule(
        name="",
        metric=metric.name,
        cases=_cases(table, where),
        on=chosen.get("on", On.REGRESSED),
        limit=limit,
        maximum=maximum,
        minimum=minimum,
        percentile=chosen.get("percentile"),
        undecided=chosen.get("undecided", undecided),
        figures=chosen.get("figures", Figures.CORRECTED),
    )
    _check(rule, limits, where, chosen=chosen.keys(), has_percentiles=isinstance(metric, NoisyMetric))
    return msgspec.structs.replace(rule, name=texts.get("name") or f"rule {number}: {_describe(rule, limits)}")


def _check(rule: Rule, said: Mapping[str, str], where: str, *, chosen: Collection[str], has_percentiles: bool) -> None:
    """Refuse keys that do not go together."""
    if rule.limit is not None and not rule.relative:
        raise ConfigError(f"{where}: limit is relative, max and min are absolute; write them as rules of their own.")
    if "figures" in chosen and not rule.relative:
        raise ConfigError(f"{where}: figures belongs to limit; max and min are of what was measured.")
    if "on" in chosen and not rule.relative:
        raise ConfigError(f"{where}: on belongs to limit; max and min hold without a baseline.")
    if rule.maximum is not None and rule.minimum is not None and rule.minimum > rule.maximum:
        raise ConfigError(f"{where}: min = '{said['min']}' is above max = '{said['max']}', so nothing could pass.")
    if rule.percentile and rule.relative:
        raise ConfigError(f"{where}: percentile belongs to max or min.")
    if rule.percentile and not has_percentiles:
        raise ConfigError(f"{where}: {rule.metric} is exact and has no percentiles.")


def _cases(table: Mapping[str, object], where: str) -> dict[str, tuple[Value, ...]]:
    """Read what the rule says of cases: one value or a list of an axis; names may be patterns."""
    found: dict[str, tuple[Value, ...]] = {}
    for axis in AXES:
        for key in dict.fromkeys((axis.name, axis.plural)):
            if key in table:
                found[axis.name] = _patterns(axis, table[key], f"{where}: {key}")
    return found


def _patterns(axis: Axis, value: object, where: str) -> tuple[Value, ...]:
    if axis.pattern:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and (not each.strip() or _UNBALANCED.search(each)):
                raise ConfigError(
                    f"{where} = '{each}' is not a pattern; write a name with *, ? or [...] such as 'resnet50*'."
                )
    return values.one_or_several_from_file(axis.reader, value, where)


def _limit_text(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(f'{where} = {value!r}: expected a text with its unit, such as "5 %" or "15 ms".')
    return str(value)


def _absolute(metric: Metric, text: str | None) -> float | None:
    return None if text is None else float(metric.measure.parse(text))


def _describe(rule: Rule, limits: Mapping[str, str]) -> str:
    said = [f"{rule.metric} {rule.percentile.value}" if rule.percentile else rule.metric]
    said += [f"{word} {text}" for word, text in limits.items()]
    if not limits:
        said.append(f"on {rule.on.value}")
    for name, wanted in rule.cases.items():
        said.append(f"{name.replace('_', ' ')} {', '.join(map(str, wanted))}")
    return ", ".join(said)
