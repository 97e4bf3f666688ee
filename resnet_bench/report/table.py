"""A table as plain records: columns that know what they hold, and rows of values in base units."""

from enum import StrEnum

from resnet_bench.records import Record

Value = str | int | float | None
Row = tuple[Value, ...]


class ColumnKind(StrEnum):
    """What a column holds: decides how a value is shown, sorted and aligned."""

    NAME = "name"
    TEXT = "text"
    STATUS = "status"
    VERDICT = "verdict"
    NOTES = "notes"
    LINK = "link"
    FIGURE = "figure"
    INTEGER = "integer"
    NUMBER = "number"
    COUNT = "count"
    LATENCY = "latency"
    DURATION = "duration"
    MICROSECONDS = "microseconds"
    MEMORY = "memory"
    RATE = "rate"
    FLOP_RATE = "flop_rate"
    SHARE = "share"
    FINE_SHARE = "fine_share"
    RATIO = "ratio"
    METRIC = "metric"

    @property
    def numeric(self) -> bool:
        """Whether values are numbers."""
        return self not in {
            ColumnKind.NAME,
            ColumnKind.TEXT,
            ColumnKind.STATUS,
            ColumnKind.VERDICT,
            ColumnKind.NOTES,
            ColumnKind.LINK,
            ColumnKind.FIGURE,
        }

    @property
    def to_the_right(self) -> bool:
        """Whether cells are aligned to the right: numbers, and figures that are words already."""
        return self.numeric or self is ColumnKind.FIGURE


class Column(Record, frozen=True, kw_only=True):
    """One column. `key` is the field's name in JSON and CSV, with its base unit; `title` and `unit` are for people.

    `low` and `high` are the keys of the columns that hold the bounds of this one's interval. `group` is a heading
    above several columns (a run's label). `facet` marks what the page can filter by; `stands_for` is the facet whose
    values the column has where runs stand side by side. `rank` is the place in the order in which columns go
    where room is short, 1 first; a column without one stays. `repeats` marks a name that is said once above its rows,
    `silent` is a value that goes without saying. `metric` names the metric that says how the values of a column of
    ColumnKind.METRIC are shown. A value of ColumnKind.LINK is a quoted path, relative to the page, that begins "./".
    """

    key: str
    title: str
    kind: ColumnKind
    unit: str = ""
    help: str = ""
    low: str | None = None
    high: str | None = None
    group: str = ""
    facet: bool = False
    stands_for: str = ""
    rank: int | None = None
    repeats: bool = False
    silent: str = ""
    metric: str = ""


class Table(Record, frozen=True, kw_only=True):
    """Rows of values in base units. `shown` are the keys that people see; JSON and CSV have all columns.

    `constants` says in words what is the same in all rows and therefore not shown as a column. `positions` are the
    rows' own rows in the document's results, by which the page filters; a table without them keeps all rows. Where runs
    stand side by side, `members` are a row's rows in the results, run by run.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    shown: tuple[str, ...]
    constants: str = ""
    positions: tuple[int, ...] = ()
    members: tuple[tuple[int | None, ...], ...] = ()
    listed: int = 0

    def column(self, key: str) -> Column:
        """Return the column of that key."""
        return self.columns[self.index(key)]

    def index(self, key: str) -> int:
        """Return the position of the column of that key."""
        return next(position for position, column in enumerate(self.columns) if column.key == key)
