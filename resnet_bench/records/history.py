"""Measurements across commits: one series per case, metric and identity, with its change points."""

from enum import StrEnum

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.conclusions import Figures, Interval


class CommitOrder(StrEnum):
    """How commits were put in order: by the repository's history, or by their dates where it does not know them."""

    HISTORY = "history"
    DATES = "dates"


class SeriesSource(StrEnum):
    """Who wrote the measurements of a series."""

    ASV = "asv"
    RUN = "run"


class ChangeOutcome(StrEnum):
    """What a change point means for its metric."""

    REGRESSED = "regressed"
    IMPROVED = "improved"


class HistoryCommit(Record, frozen=True, kw_only=True):
    """A measured commit; its place in `History.commits` is its place in commit order."""

    revision: str
    date: str | None


class Change(Record, frozen=True, kw_only=True):
    """A level that moved for good, between the commits `last_before` and `first_after`.

    Commits are places in `History.commits`. With 99 % confidence the new level starts after commit `after` and with
    commit `by` at the latest. `before` and `new` are levels in base units; `ratio` is new / before (None where before
    is 0), and its interval is None for an exact metric. `repaired_by` is the commit from which on the level is back.
    """

    last_before: int
    first_after: int
    after: int
    by: int
    before: float
    new: float
    ratio: float | None
    interval: Interval | None
    outcome: ChangeOutcome
    repaired_by: int | None = None


class Suspicion(Record, frozen=True, kw_only=True):
    """What the newest commits of a series are suspected of: a level that may have moved, seen too seldom to be sure.

    Fields as in `Change`. `more_commits` is how many further commits at the new level would make it one.
    """

    last_before: int
    first_after: int
    after: int
    by: int
    before: float
    new: float
    ratio: float | None
    interval: Interval | None
    outcome: ChangeOutcome
    more_commits: int


class HistorySeries(Record, frozen=True, kw_only=True):
    """One metric of one case under one identity, in commit order.

    `commits`, `values`, `low` and `high` are aligned: places in `History.commits`, values in base units, and the
    bounds of each value's 99 % interval (None where unknown). `identity` is what must agree for points to be joined;
    `figures` says whether values are as measured or corrected for drift.
    """

    source: SeriesSource
    machine: str
    case: str
    metric: str
    unit: str
    higher_is_better: bool
    exact: bool
    version: str
    identity: dict[str, str]
    commits: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    failed: int
    skipped: int
    changes: tuple[Change, ...] = ()
    suspected: Suspicion | None = None
    figures: Figures = Figures.RAW


class History(Record, frozen=True, kw_only=True):
    """Everything that was read, in commit order. `min_change` is the smallest relative change reported.

    `failing` counts series without a value at their machine's newest commit because the benchmark failed there,
    `unjudged` those that could not be judged. Of steady series with normal noise at most a share of `false_alarm_rate`
    is suspected of a move at the newest commits.
    """

    schema: int = SCHEMA_VERSION
    sources: tuple[str, ...]
    order: CommitOrder
    min_change: float
    commits: tuple[HistoryCommit, ...]
    series: tuple[HistorySeries, ...]
    failing: int = 0
    unjudged: int = 0
    false_alarm_rate: float | None = None
    notes: tuple[str, ...]
