"""A figure as plain records: axes, series and boxes in base units. Who draws it decides how it looks."""

from enum import StrEnum

from resnet_bench.records import Record
from resnet_bench.report.table import Table, Value


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
    SAMPLES = "samples"
    WARMUP = "warm-up"
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


class LimitLine(Record, frozen=True, kw_only=True):
    """A limit as a line across a figure, at a value of x, with its words."""

    at: float
    words: str


class Figure(Record, frozen=True, kw_only=True):
    """A chart's data with the sentence that states its finding and the same numbers as a table.

    `budget_unit` is the base unit of x where a budget of the question box is a line in it, `budget_batch` the batch
    size of which it must be, `statistic` what its points are: a budget of another one says so.
    `unfiltered` says what the page's filter does not move: the sentence, and what else was computed of all cases.
    `order` are the categories of y from top to bottom, those of the series in turn where it is empty.
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
    order: tuple[str, ...] = ()
    budget_unit: str = ""
    budget_batch: int | None = None
    statistic: str = ""

    def foremost(self) -> tuple[str, ...]:
        """Return the legends of cases as they stay: on the frontier or named by the sentence first, then in order."""
        front = {place for it in self.series if it.role is Role.FRONTIER for place in zip(it.x, it.y, strict=True)}
        cases = [it for it in self.series if it.rows]
        telling = {
            it.legend
            for it in cases
            if it.legend in self.finding or not front.isdisjoint(zip(it.x, it.y, strict=False))
        }
        return tuple(dict.fromkeys(sorted((it.legend for it in cases), key=lambda legend: legend not in telling)))

    def limit_words(self, limit: str) -> str:
        """Return a limit's words in this figure, "p95 200 ms (dots: p50)"."""
        return f"{limit} (dots: {self.statistic})" if self.statistic else limit
