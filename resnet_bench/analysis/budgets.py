"""What is asked of a choice, read from words: "latency p95 200 ms at batch 1", "throughput at batch 32".

    BUDGET     [CRITERION] [PERCENTILE] [under | at most | over | at least] LIMIT [at AXIS VALUE [and AXIS VALUE]]
    OBJECTIVE  CRITERION [PERCENTILE] [at AXIS VALUE [and AXIS VALUE]]

A limit is the most of what is better low, and the least of what is better high. One without a criterion is of the one
that its unit belongs to: "200 ms" of latency, "8 GiB" of peak memory. What stands after "at" picks the cases.
"""

import re
from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.criteria import CRITERIA, Criterion, find_criterion
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.verdicts.thresholds import Percentile
from resnet_bench.config import axes
from resnet_bench.config.axis import Value
from resnet_bench.errors import UsageError
from resnet_bench.records import Record
from resnet_bench.words import NO_BUDGET

EXAMPLE = "latency p95 200 ms at batch 1"
_AT = re.compile(r"\s+at\s+(?!most\b|least\b)")
_AND = re.compile(r"\s*(?:,|\band\b)\s*")
_NUMBER = re.compile(r"(?<![\w.@])[0-9]")  # not that of p95 or acc@1
_ZERO = re.compile(r"0[0.]*(?![\d.eE])")
_MINUS = ("-", "\N{MINUS SIGN}")
_IDLE = re.compile(r"\.0+(?= |$)")
_PERCENTILE = re.compile(r"\b(p[0-9]+)\b")
_SENSES = {
    **dict.fromkeys(("<=", "<", "under", "below", "at most"), Direction.LOWER),
    **dict.fromkeys((">=", ">", "over", "above", "at least"), Direction.HIGHER),
}
_SENSE = re.compile(r"\s*(<=|>=|<|>|\b(?:under|below|at most|over|above|at least))\s*$")

Conditions = dict[str, Value]


class Objective(Record, frozen=True, kw_only=True):
    """What the best case is best at, by its criterion's name; `where` picks the cases by their axes."""

    criterion: str
    percentile: Percentile | None = None
    where: Conditions = msgspec.field(default_factory=dict)

    @property
    def words(self) -> str:
        """The criterion with its percentile: "latency p95"."""
        return f"{self.criterion} {self.percentile.value}" if self.percentile else self.criterion


class Budget(Objective, frozen=True, kw_only=True):
    """A limit in base units: the most, or of what is better high the least."""

    limit: float

    def __str__(self) -> str:
        """Return it as one would say it: "latency p95 at most 200 ms at batch 1"."""
        known = find_criterion(self.criterion)
        sense = "at most" if known.direction is Direction.LOWER else "at least"
        return f"{self.words} {sense} {self.limit_words}{at_words(self.where)}"

    @property
    def limit_words(self) -> str:
        """The limit with its unit, without idle zeros: "200 ms"."""
        return _IDLE.sub("", find_criterion(self.criterion).say(self.limit))


def parse_budget(text: str) -> Budget:
    """Read a budget.

    Raises:
        UsageError: its criterion, percentile, limit, unit or axis is none.
    """
    said, where = _split(text)
    number = _NUMBER.search(said)
    if number is None:
        raise UsageError(f"budget '{text}' has no limit: {NO_BUDGET}, such as '{EXAMPLE}'.")
    what, limit = said[: number.start()].strip(), said[number.start() :].strip()
    if what.endswith(_MINUS):
        raise UsageError(f"budget '{text}': '-{limit}' is below 0: {NO_BUDGET}, such as '{EXAMPLE}'.")
    sense = _SENSE.search(what)
    name, percentile = _name(what[: sense.start()] if sense else what, text)
    if _ZERO.match(limit) and not (name and find_criterion(name).from_zero):
        raise UsageError(f"budget '{text}': '{limit}' is not above 0: {NO_BUDGET}, such as '{EXAMPLE}'.")
    criterion = find_criterion(name) if name else _by_unit(limit, text)
    _check(criterion, percentile, text)
    if sense and _SENSES[sense[1]] is not criterion.direction:
        way = "at most" if criterion.direction is Direction.LOWER else "at least"
        raise UsageError(f"budget '{text}': {criterion.name} is asked to be {way} a limit.")
    return Budget(
        criterion=criterion.name, percentile=percentile, where=where, limit=float(_limit(criterion, limit, text))
    )


def parse_objective(text: str) -> Objective:
    """Read what the best case is to be best at.

    Raises:
        UsageError: its criterion, percentile or axis is none.
    """
    said, where = _split(text)
    name, percentile = _name(said, text)
    criterion = find_criterion(name)
    _check(criterion, percentile, text)
    return Objective(criterion=criterion.name, percentile=percentile, where=where)


def at_words(where: Conditions) -> str:
    """Return conditions in words: " at batch 1 and bf16", "" without any."""
    words = [axes.BY_NAME[axis].words(value) for axis, value in where.items()]
    return f" at {' and '.join(words)}" if words else ""


def _split(text: str) -> tuple[str, Conditions]:
    """Return what stands before "at", and the axes after it."""
    said, *conditions = _AT.split(f" {text.strip()}")
    where: Conditions = {}
    for part in (it for after in conditions for it in _AND.split(after)):
        name, _, value = part.strip().rpartition(" ")
        if not name:
            raise UsageError(f"'{text}': '{part}' is no axis with its value, as in 'at batch 1'.")
        axis = axes.find(name.strip(), f"'{text}'")
        if axis.name in where:
            raise UsageError(f"'{text}' names {axis.title} twice.")
        where[axis.name] = axis.from_text(value, f"'{text}': {axis.title}")
    return said.strip(), where


def _name(said: str, text: str) -> tuple[str, Percentile | None]:
    """Return the words of a criterion and the percentile among them."""
    found = _PERCENTILE.search(said)
    if found is None:
        return said.strip(), None
    known = [it.value for it in Percentile]
    if found[1] not in known:
        raise UsageError(f"'{text}': {found[1]} is not given; there are {', '.join(known)}.")
    return " ".join(_PERCENTILE.sub(" ", said, count=1).split()), Percentile(found[1])


def _check(criterion: Criterion, percentile: Percentile | None, text: str) -> None:
    if percentile and not criterion.percentiles:
        raise UsageError(f"'{text}': {criterion.name} has no percentiles; latency has.")


def _by_unit(limit: str, text: str) -> Criterion:
    found = next((it for it in CRITERIA if _reads(it, limit) and not _reads(it, "1")), None)
    if found is None:
        raise UsageError(f"budget '{text}': '{limit}' is no limit with a unit; write it as in '{EXAMPLE}'.")
    return found


def _reads(criterion: Criterion, limit: str) -> bool:
    try:
        criterion.parse(limit)
    except UsageError:
        return False
    return True


def _limit(criterion: Criterion, limit: str, text: str) -> float:
    try:
        return criterion.read(limit)
    except UsageError as error:
        raise UsageError(f"budget '{text}': {error}") from error


def conditions(asked: Sequence[Objective]) -> Conditions:
    """Return the axes of which all that name them name one value: the cases that everything is asked of."""
    values: dict[str, list[Value]] = {}
    for it in asked:
        for axis, value in it.where.items():
            values.setdefault(axis, []).append(value)
    return {axis: found[0] for axis, found in values.items() if len(set(found)) == 1}
