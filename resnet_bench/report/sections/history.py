"""Series across commits: the changes as a table, every series as a table, and the ones that changed as a figure."""

from collections import Counter
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.records import Change, CommitOrder, History, HistorySeries, SeriesSource
from resnet_bench.report.document import Health, Prominence, Section, Severity
from resnet_bench.report.figure import Figure, FigureAxis, Role, Series
from resnet_bench.report.sections.context import Context
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

DRAWN = 8
_SHORT = 7
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
    Column(key="ratio_low", title="low", kind=ColumnKind.RATIO, help="Lower bound of the ratio's 99 % interval."),
    Column(key="ratio_high", title="high", kind=ColumnKind.RATIO, help="Upper bound of the ratio's 99 % interval."),
    Column(key="commit", title="commit", kind=ColumnKind.NAME, help="The first measured commit of the new level."),
    Column(key="range", title="range", kind=ColumnKind.NAME, help="A..B: after A, and with B at the latest (99 %)."),
    Column(key="now", title="now", kind=ColumnKind.NAME, help="Whether a regression was repaired since."),
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


def past_section(context: Context) -> Section | None:
    """Return what the histories say, None where none was asked for."""
    return history_section(context.history) if context.history else None


def history_section(history: History) -> Section:
    """Return what the histories say, with a figure of the series whose level moved most."""
    changes = change_table(history)
    return Section(
        id="history",
        title="History",
        prominence=Prominence.PAGE,
        paragraphs=history.notes if history.series else (finding(history), *history.notes),
        figures=(_figure(history),) if history.series else (),
        tables=(changes,) if changes.rows else (),
        folded=(series_table(history),),
    )


def finding(history: History) -> str:
    """Return the sentence that says what became of the series."""
    ordered = "in commit order" if history.order is CommitOrder.HISTORY else "by date"
    read = (
        f"{counted(len(history.series), 'series', 'series')} over {counted(len(history.commits), 'commit')} {ordered}"
    )
    counts = outcome_counts(history)
    said = [f"{count} {words}" for words, count in counts.items() if count]
    return (
        f"{read}: {listed(said) if said else 'no level moved'} (by {units.percent_short(history.min_change)} or more)."
    )


def outcome_counts(history: History) -> dict[str, int]:
    """Return the number of change points of each kind."""
    found = Counter(state(change) for one in history.series for change in one.changes)
    return {words: found[words] for words in ("regressed", "regressed and since repaired", "improved")}


def state(change: Change) -> str:
    """Return a change's outcome in words, repairs included."""
    return "regressed and since repaired" if change.repaired_by is not None else change.outcome.value


def health(history: History) -> tuple[Health, ...]:
    """Return the counts for the health line."""
    severities = (Severity.BAD, Severity.NOTICE, Severity.GOOD)
    counts = outcome_counts(history).items()
    found = [
        Health(severity=it, text=f"{count} {words} across commits")
        for it, (words, count) in zip(severities, counts, strict=True)
        if count
    ]
    if history.failing:
        found.append(Health(severity=Severity.BAD, text=f"{history.failing} failed at the newest commit"))
    return tuple(found)


def case_words(history: History) -> dict[tuple[str, str], str]:
    """Return each case by metric and name without the parts that all cases of the metric share, the first one kept."""
    cases: dict[str, list[str]] = {}
    for one in history.series:
        cases.setdefault(one.metric, []).append(one.case)
    words: dict[tuple[str, str], str] = {}
    for metric, names in cases.items():
        mark = ", " if any(", " in name for name in names) else "/"
        parts = [name.split(mark) for name in names]
        told = [0]
        if len({len(part) for part in parts}) == 1:
            told += [place for place in range(1, len(parts[0])) if len({part[place] for part in parts}) > 1]
        else:
            told = list(range(max(map(len, parts))))
        words |= {
            (metric, name): mark.join(part[place] for place in told if place < len(part))
            for name, part in zip(names, parts, strict=True)
        }
    return words


def change_table(history: History) -> Table:
    """Return every change point, regressions that still stand first, then by size."""
    pairs = [(one, change) for one in history.series for change in one.changes]
    pairs.sort(key=lambda pair: (_RANK[state(pair[1])], -_size(pair[1]), pair[0].metric, pair[0].case))
    several = len({one.machine for one in history.series}) > 1
    shown = (*_CHANGE_SHOWN[:3], "machine", *_CHANGE_SHOWN[3:]) if several else _CHANGE_SHOWN
    words = case_words(history)
    rows = tuple(_change_row(history, one, change, words[one.metric, one.case]) for one, change in pairs)
    return Table(id="changes", caption="Changes", columns=_CHANGE_COLUMNS, rows=rows, shown=shown)


_RANK = {"regressed": 0, "improved": 1, "regressed and since repaired": 2}


def _size(change: Change) -> float:
    return abs(change.ratio - 1) if change.ratio is not None else float("inf")


def _change_row(history: History, series: HistorySeries, change: Change, words: str) -> Row:
    interval = change.interval
    repaired = change.repaired_by
    return (
        *(change.outcome.value, series.metric, series.case, words, series.machine, change.before, change.new),
        *(units.quantity(change.before, series.unit), units.quantity(change.new, series.unit)),
        *(change.ratio, interval.low if interval else None, interval.high if interval else None),
        *(short(history, change.first_after), f"{short(history, change.after)}..{short(history, change.by)}"),
        "" if repaired is None else f"repaired by {short(history, repaired)}",
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
        marks = {change.first_after: change for change in one.changes}
        named = (one.source.value, one.machine, one.metric, one.case, one.unit, identity_words(one), one.version)
        for place, value, low, high in zip(one.commits, one.values, one.low, one.high, strict=True):
            commit, change = history.commits[place], marks.get(place)
            marked = (change.outcome.value, change.ratio) if change else (None, None)
            rows.append((*named, place, commit.revision, commit.date, value, low, high, *marked))
    shown = tuple(column.key for column in _POINT_COLUMNS)
    return Table(id="points", caption="Every point", columns=_POINT_COLUMNS, rows=tuple(rows), shown=shown)


def identity_words(series: HistorySeries) -> str:
    """Return what must agree, on one line."""
    return ", ".join(f"{name} {value}" for name, value in series.identity.items() if value)


def level(series: HistorySeries) -> float:
    """Return the level that a series is on now: of its last change, or the median of all."""
    if series.changes:
        return series.changes[-1].new
    ordered = sorted(series.values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def short(history: History, place: int) -> str:
    """Return a commit as people write it."""
    return history.commits[place].revision[:_SHORT]


def _figure(history: History) -> Figure:
    drawn = sorted(history.series, key=lambda it: -max((_size(change) for change in it.changes), default=0.0))[:DRAWN]
    series: list[Series] = []
    for hue, one in enumerate(drawn):
        series += _line(history, one, hue)
    left_out = len(history.series) - len(drawn)
    return Figure(
        id="history",
        title="History",
        finding=" ".join(text for text in (finding(history), _moved_most(history, drawn[0])) if text),
        how_to_read=(
            "Each value relative to the first level of its series, by place in commit order; the distance between "
            "places is not time. A ring marks the first commit of a new level. "
            + (f"The {DRAWN} series that moved most are drawn; the table has all." if left_out else "")
        ),
        x=FigureAxis(title="commit, by place in order"),
        y=FigureAxis(title="value / first level"),
        series=tuple(series),
        table=_figure_table(history, drawn),
    )


def _name(one: HistorySeries) -> str:
    name = f"{one.metric}({one.case})" if one.source is SeriesSource.ASV else f"{one.case} {one.metric}"
    return f"{name} on {one.machine}"


def _moved_most(history: History, one: HistorySeries) -> str:
    """Return the largest change of the series that moved most, nothing where none did."""
    if not one.changes:
        return ""
    change = max(one.changes, key=_size)
    before, new = units.quantity(change.before, one.unit), units.quantity(change.new, one.unit)
    where = short(history, change.first_after)
    return f"{_name(one)} moved most, from {before} to {new} at {where}: {state(change)}."


def _line(history: History, one: HistorySeries, hue: int) -> list[Series]:
    name = _name(one)
    base = (one.changes[0].before if one.changes else level(one)) or 1.0
    places = {place: number for number, place in enumerate(one.commits)}
    hover = [
        f"{short(history, place)}: {units.quantity(value, one.unit)}"
        for place, value in zip(one.commits, one.values, strict=True)
    ]
    marks = [(change, places[change.first_after]) for change in one.changes]
    points = Series(
        name=name,
        legend=name,
        hue=hue,
        dash=hue,
        x=one.commits,
        y=tuple(value / base for value in one.values),
        low=_scaled(one.low, base),
        high=_scaled(one.high, base),
        hover=tuple(hover),
    )
    if not marks:
        return [points]
    rings = Series(
        name=name,
        legend=name,
        hue=hue,
        role=Role.MARK,
        x=tuple(change.first_after for change, _ in marks),
        y=tuple(one.values[number] / base for _, number in marks),
        hover=tuple(f"{state(change)}: {units.change(change.ratio)}" for change, _ in marks),
    )
    return [points, rings]


def _scaled(bounds: Sequence[float | None], base: float) -> tuple[float | None, ...]:
    return tuple(None if bound is None else bound / base for bound in bounds)


def _figure_table(history: History, drawn: Sequence[HistorySeries]) -> Table:
    table = point_table(history_of(history, drawn))
    shown = ("metric", "case", "machine", "commit", "value", "low", "high", "outcome")
    return Table(id="history-data", caption="The series drawn", columns=table.columns, rows=table.rows, shown=shown)


def history_of(history: History, series: Sequence[HistorySeries]) -> History:
    """Return the same history with some of its series."""
    return History(
        sources=history.sources,
        order=history.order,
        min_change=history.min_change,
        commits=history.commits,
        series=tuple(series),
        failing=history.failing,
        notes=history.notes,
    )
