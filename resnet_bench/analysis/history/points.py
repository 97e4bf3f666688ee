"""What was measured of each series, commit by commit, before the commits are in order; what asv's results say of it.

Points are joined only where identity agrees: the case, the machine, Python, torch, what was executed, the protocol,
and a benchmark's version. Anything else is a new series, because nobody can tell a regression from a changed
configuration afterwards.
"""

import math
import statistics
from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import EXACT_METRICS, find_metric
from resnet_bench.records import Figures, HistorySeries, SeriesSource
from resnet_bench.records.asv import AsvResults, AsvValue

_EXACT = frozenset(metric.name for metric in EXACT_METRICS)
_EXACT_IN_ASV = frozenset(metric.asv.name for metric in EXACT_METRICS)
_LEAST, _MOST = 1e-150, 1e150
_ASV_UNITS = {"seconds": "s", "bytes": "B"}


class SeriesKey(NamedTuple):
    """What points must share to be joined."""

    source: SeriesSource
    machine: str
    metric: str
    case: str
    version: str
    identity: tuple[tuple[str, str], ...]


class SeriesPoints:
    """The values of one series as they were read; a commit may have several, failed ones and skipped ones.

    Kept in arrays: a long history has a million of them.
    """

    __slots__ = ("_bounds", "_revisions", "_values", "failed", "figures", "skipped", "unit")

    def __init__(self, unit: str, figures: Figures = Figures.RAW) -> None:
        self.unit = unit
        self.figures = figures
        self.failed: list[str] = []
        self.skipped: list[str] = []
        self._revisions: list[str] = []
        self._values = array("d")
        self._bounds = array("d")

    def add(self, revision: str, value: AsvValue | None) -> None:
        """Add what was measured at a commit: a value, None where it failed, not a number where it was skipped."""
        if value is None:
            self.failed.append(revision)
        elif not _is_usable(value.value):
            self.skipped.append(revision)
        else:
            self._revisions.append(revision)
            self._values.append(value.value)
            self._bounds.extend(math.nan if bound is None else bound for bound in (value.low, value.high))

    def tried(self, place: Mapping[str, int]) -> tuple[int, bool] | None:
        """Return the newest place where the series was measured and whether it failed there; None where nowhere."""
        good = max((place[it] for it in (*self._revisions, *self.skipped) if it in place), default=-1)
        failed = max((place[it] for it in self.failed if it in place), default=-1)
        return (max(good, failed), failed > good) if max(good, failed) >= 0 else None

    def without_value(self, place: Mapping[str, int]) -> str:
        """Return "failed" or "skipped" where that is all that was made of the series, "" where it has a value."""
        if any(it in place for it in self._revisions):
            return ""
        kinds = {"failed": self.failed, "skipped": self.skipped}
        return next((kind for kind, revisions in kinds.items() if any(it in place for it in revisions)), "")

    def in_order(self, key: SeriesKey, place: Mapping[str, int]) -> HistorySeries:
        """Return the series with its commits in order, each once: by the median where it has several values."""
        at: dict[int, list[int]] = {}
        for number, revision in enumerate(self._revisions):
            if revision in place:
                at.setdefault(place[revision], []).append(number)
        commits = sorted(at)
        found = [self._value(at[commit]) for commit in commits]
        higher_is_better, exact = _known_of(key)
        return HistorySeries(
            source=key.source,
            machine=key.machine,
            case=key.case,
            metric=key.metric,
            unit=self.unit,
            higher_is_better=higher_is_better,
            exact=exact,
            figures=self.figures,
            version=key.version,
            identity=dict(key.identity),
            commits=tuple(commits),
            values=tuple(value.value for value in found),
            low=tuple(value.low for value in found),
            high=tuple(value.high for value in found),
            failed=sum(it in place for it in self.failed),
            skipped=sum(it in place for it in self.skipped),
        )

    def _value(self, numbers: Sequence[int]) -> AsvValue:
        if len(numbers) > 1:
            return AsvValue(statistics.median(self._values[number] for number in numbers), None, None)
        (number,) = numbers
        low, high = (None if math.isnan(it) else it for it in self._bounds[2 * number : 2 * number + 2])
        return AsvValue(self._values[number], low, high)


def _is_usable(value: float) -> bool:
    """Return whether means and ratios of such values are finite; nothing that is measured is so large or so small."""
    return value == 0 or _LEAST <= abs(value) <= _MOST


Collected = dict[SeriesKey, SeriesPoints]


def collect_asv(results: AsvResults, found: Collected, dates: dict[str, int], *, read: Collection[str]) -> list[str]:
    """Add asv's values, but not what runs of the revisions that are `read` themselves exported to it; return notes."""
    again = 0
    for file in results.files:
        dates.setdefault(file.revision, file.date)
        for row in file.rows:
            if file.revision in read and row.exported:
                again += len(row.cases)
                continue
            unit = results.units[row.benchmark]
            for case, value in zip(row.cases, row.values, strict=True):
                key = SeriesKey(SeriesSource.ASV, file.machine, row.benchmark, case, row.version, file.identity)
                points = found.get(key)
                if points is None:
                    points = found[key] = SeriesPoints(_ASV_UNITS.get(unit, unit))
                points.add(file.revision, value)
    values = f"{again} value{'' if again == 1 else 's'}"
    return [f"{values} that runs exported to asv count once: the runs themselves are read here."] if again else []


def _known_of(key: SeriesKey) -> tuple[bool, bool]:
    """Return whether higher is better and whether the metric is exact; more is worse in asv."""
    if key.source is SeriesSource.ASV:
        name = key.metric.rpartition(".")[2].removeprefix("track_")
        return False, name in _EXACT_IN_ASV
    return find_metric(key.metric).direction is Direction.HIGHER, key.metric in _EXACT
