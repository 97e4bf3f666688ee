"""What a command prints as plain records: sections, tables, figures' data and notes. No HTML, no colour, no plotly.

Every renderer reads this one `Document`; what is not in it is printed in no form. Values are in base units;
`resnet_bench.report.cells` makes text of them.
"""

from collections.abc import Callable
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
    ColumnKind.METRIC are shown.
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
    rows' own rows in the document's results, by which the page filters; a table without them keeps all rows.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    shown: tuple[str, ...]
    constants: str = ""
    positions: tuple[int, ...] = ()
    listed: int = 0

    def column(self, key: str) -> Column:
        """Return the column of that key."""
        return self.columns[self.index(key)]

    def index(self, key: str) -> int:
        """Return the position of the column of that key."""
        return next(position for position, column in enumerate(self.columns) if column.key == key)


class Scale(StrEnum):
    """How an axis is divided."""

    LINEAR = "linear"
    LOG = "log"
    CATEGORY = "category"


class FigureAxis(Record, frozen=True, kw_only=True):
    """An axis with its unit in the title; `ticks` are given where only certain values occur (batch sizes)."""

    title: str
    scale: Scale = Scale.LINEAR
    ticks: tuple[float, ...] = ()


class Role(StrEnum):
    """What a series says; decides how it is drawn."""

    MEASURED = "measured"
    MARK = "mark"
    PREDICTED = "predicted"
    LIMIT = "limit"
    BOUND = "bound"
    CLIFF = "cliff"
    FRONTIER = "frontier"
    DOMINATED = "dominated"
    BOX = "box"
    LAUNCHES = "launches"
    DOTS = "dots"
    CURVE = "curve"
    BARS = "bars"
    TILES = "tiles"


class Box(Record, frozen=True, kw_only=True):
    """Five quantiles of a sample: 5, 25, 50, 75 and 95 %."""

    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


class Tile(Record, frozen=True, kw_only=True):
    """One rectangle of a treemap: its place in the tree, its sizes by measure, and what its colour says."""

    id: str
    parent: str
    label: str
    time_s: float
    macs: int
    moved_bytes: int
    intensity: float | None


class Series(Record, frozen=True, kw_only=True):
    """One trace. `hue` and `dash` number its colour and its line.

    `rows` are the points' rows in the document's results, by which the page filters; a series without them is always
    drawn. Series of one `legend` share an entry: clicking it hides all. `low` and `high` are interval bounds of y
    (of x where `bounds_on_x`), None where a point has no interval. `boxes` are given for Role.BOX alone, `tiles` for
    Role.TILES.
    """

    name: str
    legend: str
    role: Role = Role.MEASURED
    hue: int
    dash: int = 0
    x: tuple[Value, ...]
    y: tuple[Value, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    bounds_on_x: bool = False
    hover: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    tiles: tuple[Tile, ...] = ()
    rows: tuple[int, ...] = ()


class Figure(Record, frozen=True, kw_only=True):
    """A chart's data with the sentence that states its finding and the same numbers as a table.

    `unfiltered` says what the page's filter does not move: the sentence, and what else was computed of all cases.
    `row_px` is the height of one category of y where the chart grows with them, 0 where it has one height.
    """

    id: str
    title: str
    finding: str
    how_to_read: str
    x: FigureAxis
    y: FigureAxis
    series: tuple[Series, ...]
    table: Table
    unfiltered: str = "sentence is"
    row_px: int = 0


class Passage(Record, frozen=True, kw_only=True):
    """A heading with paragraphs inside a section; `downloads` are tables that the page offers to save there."""

    title: str
    paragraphs: tuple[str, ...]
    downloads: tuple[str, ...] = ()


class Prominence(StrEnum):
    """How far a section goes: MAIN is shown in every form, Markdown folds SUPPORT, and text leaves PAGE out."""

    MAIN = "main"
    SUPPORT = "support"
    PAGE = "page"


class Section(Record, frozen=True, kw_only=True):
    """One part of the document, in the order text, figures, tables, lines, folded tables, blocks.

    `lines` are statements that stand alone, one a line. Folded tables and blocks are for pages.
    """

    id: str
    title: str
    prominence: Prominence = Prominence.MAIN
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()
    folded: tuple[Table, ...] = ()
    blocks: tuple[Passage, ...] = ()

    def caption_of(self, table: Table) -> str:
        """Return what is said above a table: nothing where the section's title says it, or the document's alone."""
        alone = not self.title and len(self.tables) == 1
        return "" if alone or table.caption == self.title else table.caption


class Fact(Record, frozen=True, kw_only=True):
    """One line of a header: a label and its value; `in_text` says whether the terminal shows it too."""

    label: str
    value: str
    in_text: bool = True


class RunHeader(Record, frozen=True, kw_only=True):
    """One run: its label in this report, the heading of its facts where they fold, and what was measured where."""

    label: str
    heading: str
    id: str
    facts: tuple[Fact, ...]


class Severity(StrEnum):
    """How much a health statement matters."""

    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"


class Health(Record, frozen=True, kw_only=True):
    """One statement of the health line."""

    severity: Severity
    text: str


class Note(Record, frozen=True, kw_only=True):
    """A warning as a numbered footnote, and how many cases carry it."""

    number: int
    text: str
    cases: int


class Document(Record, frozen=True, kw_only=True):
    """All that a command has to say.

    `content` gives what JSON holds, records under their fields' names or tables, and `rows` the rows that CSV holds:
    both are made when they are asked for, since a history has a million points. A document of cases has `results`,
    every case in long form, by which the page filters, and `summary`, what people see of them, with a section's
    prominence; `launches` has every launch. `constants` says what is the same in all cases. `kind` is the command.
    """

    title: str
    kind: str
    content: Callable[[], object]
    rows: Callable[[], Table]
    runs: tuple[RunHeader, ...] = ()
    health: tuple[Health, ...] = ()
    finding: str = ""
    constants: str = ""
    results: Table | None = None
    launches: Table | None = None
    summary: Table | None = None
    summary_prominence: Prominence = Prominence.MAIN
    sections: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def headline_table(self) -> Table | None:
        """The summary where it is shown in every form, and not on the page alone."""
        return None if self.summary_prominence is Prominence.PAGE else self.summary
