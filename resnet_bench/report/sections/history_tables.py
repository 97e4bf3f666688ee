"""The tables of a history: what moved, every series, every point."""

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.records import History, HistorySeries
from resnet_bench.report.history_words import (
    FATES,
    REPAIRED,
    Move,
    case_words,
    fate,
    identity_words,
    level,
    moves,
    prospect,
    short,
    size,
)
from resnet_bench.report.ratio_columns import RATIO_BOUNDS
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted

_CHANGE_COLUMNS = (
    Column(key="outcome", title="outcome", kind=ColumnKind.VERDICT),
    Column(key="metric", title="metric", kind=ColumnKind.NAME),
    Column(key="case", title="case, whole", kind=ColumnKind.NAME),
    Column(key="case_text", title="case", kind=ColumnKind.NAME, help="Without what all cases of the metric share."),
    Column(key="machine", title="machine", kind=ColumnKind.NAME),
    Column(key="before", title="before, base units", kind=ColumnKind.NUMBER),
    Column(key="new", title="new, base units", kind=ColumnKind.NUMBER),
    Column(key="before_text", title="before", kind=ColumnKind.TEXT),
    Column(key="new_text", title="new", kind=ColumnKind.TEXT),
    Column(key="ratio", title="ratio", kind=ColumnKind.RATIO, help="New level divided by the one before."),
    *RATIO_BOUNDS,
    Column(key="commit", title="commit", kind=ColumnKind.NAME, help="The first measured commit of the new level."),
    Column(
        key="range",
        title="range",
        kind=ColumnKind.NAME,
        help=f"A..B: after A, and with B at the latest ({CONFIDENCE_TEXT}).",
    ),
    Column(
        key="now",
        title="now",
        kind=ColumnKind.NAME,
        help="Repaired since, or what confirms a suspicion.",
    ),
)
_CHANGE_SHOWN = (
    *("outcome", "metric", "case_text", "before_text", "new_text", "ratio", "ratio_low", "ratio_high"),
    *("commit", "range", "now"),
)
_SERIES_COLUMNS = (
    Column(key="metric", title="metric", kind=ColumnKind.NAME, facet=True),
    Column(key="case", title="case, whole", kind=ColumnKind.NAME),
    Column(key="case_text", title="case", kind=ColumnKind.NAME, help="Without what all cases of the metric share."),
    Column(key="machine", title="machine", kind=ColumnKind.NAME, facet=True),
    Column(key="run", title="source", kind=ColumnKind.TEXT, facet=True),
    Column(key="identity", title="identity", kind=ColumnKind.NAME),
    Column(key="commits", title="commits", kind=ColumnKind.INTEGER),
    Column(key="first_commit", title="first", kind=ColumnKind.NAME),
    Column(key="last_commit", title="last", kind=ColumnKind.NAME),
    Column(key="level", title="level, base units", kind=ColumnKind.NUMBER),
    Column(key="unit", title="unit", kind=ColumnKind.TEXT),
    Column(key="level_text", title="level now", kind=ColumnKind.TEXT),
    Column(key="changes", title="changes", kind=ColumnKind.INTEGER),
    Column(key="failed", title="failed", kind=ColumnKind.INTEGER),
    Column(key="skipped", title="skipped", kind=ColumnKind.INTEGER),
)
_SERIES_SHOWN = ("metric", "case_text", "machine", "commits", "first_commit", "last_commit", "level_text", "changes")
_POINT_COLUMNS = (
    *(Column(key=key, title=key, kind=ColumnKind.NAME) for key in ("source", "machine", "metric", "case", "unit")),
    *(Column(key=key, title=key, kind=ColumnKind.NAME) for key in ("identity", "version")),
    Column(key="place", title="place in order", kind=ColumnKind.INTEGER),
    Column(key="commit", title="commit", kind=ColumnKind.NAME),
    Column(key="date", title="date", kind=ColumnKind.TEXT),
    Column(key="value", title="value", kind=ColumnKind.NUMBER),
    Column(key="low", title="low", kind=ColumnKind.NUMBER),
    Column(key="high", title="high", kind=ColumnKind.NUMBER),
    Column(key="outcome", title="outcome", kind=ColumnKind.VERDICT, help="Where a new level starts."),
    Column(key="ratio", title="ratio", kind=ColumnKind.RATIO),
)


def change_table(history: History) -> Table:
    """Return every move, the gravest kind first and what was repaired last, then by size."""
    ranks = sorted(FATES, key=REPAIRED.__eq__)
    pairs = [(one, move) for one in history.series for move in moves(one)]
    pairs.sort(key=lambda pair: (ranks.index(fate(pair[1])), -size(pair[1]), pair[0].metric, pair[0].case))
    several = len({one.machine for one in history.series}) > 1
    shown = (*_CHANGE_SHOWN[:3], "machine", *_CHANGE_SHOWN[3:]) if several else _CHANGE_SHOWN
    words = case_words(history)
    rows = tuple(_change_row(history, one, move, words[one.metric, one.case]) for one, move in pairs)
    return Table(id="changes", caption="Changes", columns=_CHANGE_COLUMNS, rows=rows, shown=shown)


def _change_row(history: History, series: HistorySeries, move: Move, words: str) -> Row:
    interval = move.interval
    outcome = move.outcome.value if fate(move) == REPAIRED else fate(move)
    return (
        *(outcome, series.metric, series.case, words, series.machine, move.before, move.new),
        *(units.quantity(move.before, series.unit), units.quantity(move.new, series.unit)),
        *(move.ratio, interval.low if interval else None, interval.high if interval else None),
        *(short(history, move.first_after), f"{short(history, move.after)}..{short(history, move.by)}"),
        prospect(history, move),
    )


def series_table(history: History) -> Table:
    """Return every series with its extent and present level."""
    words = case_words(history)
    rows = tuple(
        (
            *(
                one.metric,
                one.case,
                words[one.metric, one.case],
                one.machine,
                one.source.value,
                identity_words(one),
                len(one.commits),
            ),
            *(short(history, one.commits[0]), short(history, one.commits[-1]), level(one), one.unit),
            *(units.quantity(level(one), one.unit), len(one.changes), one.failed, one.skipped),
        )
        for one in history.series
    )
    troubled = [key for key in ("failed", "skipped") if any(getattr(one, key) for one in history.series)]
    columns = _SERIES_COLUMNS
    shown = (*_SERIES_SHOWN, *troubled)
    return Table(
        id="series",
        caption=f"{'All ' if len(rows) > 1 else ''}{counted(len(rows), 'series', 'series')}",
        columns=columns,
        rows=rows,
        shown=shown,
    )


def point_table(history: History) -> Table:
    """Return every point of every series in long form, marked where a new level starts."""
    rows: list[Row] = []
    for one in history.series:
        marks = {move.first_after: move for move in moves(one)}
        named = (one.source.value, one.machine, one.metric, one.case, one.unit, identity_words(one), one.version)
        for place, value, low, high in zip(one.commits, one.values, one.low, one.high, strict=True):
            commit, move = history.commits[place], marks.get(place)
            marked = (fate(move), move.ratio) if move else (None, None)
            rows.append((*named, place, commit.revision, commit.date, value, low, high, *marked))
    shown = tuple(column.key for column in _POINT_COLUMNS)
    return Table(id="points", caption="Every point", columns=_POINT_COLUMNS, rows=tuple(rows), shown=shown)
