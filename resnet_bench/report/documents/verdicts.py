"""A table of verdicts in benchstat's form: what `compare` prints, and `check` below its findings.

One section a noisy metric, one for exact ones. Rows of one metric that are unchanged, or not comparable for one
reason, fold into one line unless all are asked for. JSON is the record itself, CSV has every row.
"""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metric import ExactMetric, NoisyMetric
from resnet_bench.analysis.metrics import NOISY_METRICS, find_metric
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.records import Case, Comparison, Figures, Summary, Verdict, VerdictTable
from resnet_bench.report.document import Document, Health, Prominence, Section, Severity
from resnet_bench.report.rows import later
from resnet_bench.report.sections.differences import SEVERITY, comparison_table, finding
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.report.verdict_words import ORDER, case_labels, detectable_line, fold, shared_words, speed_lines
from resnet_bench.words import counted

_VERDICT = (
    Column(key="verdict", title="verdict", kind=ColumnKind.VERDICT),
    Column(key="reason", title="reason", kind=ColumnKind.TEXT),
)
_PERCENTILES = {"p50": 6, "p90": 3, "p95": 4, "p99": 5}
_NOISY = (
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="baseline", title="baseline", kind=ColumnKind.FIGURE),
    Column(key="contender", title="contender", kind=ColumnKind.FIGURE),
    Column(key="ratio", title="ratio", kind=ColumnKind.FIGURE),
    Column(key="interval", title=f"{CONFIDENCE_TEXT} interval", kind=ColumnKind.FIGURE),
    *(Column(key=name, title=name, kind=ColumnKind.FIGURE, rank=rank) for name, rank in _PERCENTILES.items()),
    Column(key="launches", title="launches", kind=ColumnKind.FIGURE, rank=2),
    Column(key="samples", title="samples", kind=ColumnKind.FIGURE, rank=1),
    *_VERDICT,
)
_EXACT = (
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="metric", title="metric", kind=ColumnKind.TEXT),
    Column(key="baseline", title="baseline", kind=ColumnKind.FIGURE),
    Column(key="contender", title="contender", kind=ColumnKind.FIGURE),
    *_VERDICT,
)
_DIFFERENCES = (
    *(Column(key=key, title=key, kind=ColumnKind.TEXT) for key in ("kind", "field", "baseline", "contender")),
    Column(key="cases", title="cases", kind=ColumnKind.INTEGER),
    Column(key="allowed", title="allowed", kind=ColumnKind.TEXT),
)


def document(table: VerdictTable, *, every_row: bool = False) -> Document:
    """Return every metric's verdicts; the page can filter all rows."""
    every = comparison_table(table, table.comparisons, id="results", caption="Every comparison")
    return Document(
        title=f"baseline {table.baseline}, contender {table.contender}",
        kind="compare",
        content=lambda: table,
        rows=later(Comparison, table.comparisons),
        health=health(table),
        finding=finding(table),
        constants=shared_words(table),
        results=every,
        summary=comparison_table(table, table.comparisons, id="summary", caption="Every comparison"),
        summary_prominence=Prominence.PAGE,
        sections=sections(table, every_row=every_row),
    )


def health(table: VerdictTable) -> tuple[Health, ...]:
    """Return the count of every verdict that occurs."""
    found = [(verdict, table.counts.get(verdict.value, 0)) for verdict in ORDER]
    total = f" of {counted(len(table.comparisons), 'comparison')}"
    return tuple(
        Health(severity=SEVERITY[verdict], text=f"{count:,}{'' if number else total} {verdict}")
        for number, (verdict, count) in enumerate(pair for pair in found if pair[1])
    ) or (Health(severity=Severity.BAD, text="nothing in common"),)


def sections(
    table: VerdictTable, *, every_row: bool = False, prominence: Prominence = Prominence.MAIN
) -> tuple[Section, ...]:
    """Return what the sides differ in, a section a noisy metric, the exact metrics, and what could be found."""
    labels = case_labels(table)
    found = [_differences(table, prominence)] if table.differences else []
    for metric in NOISY_METRICS:
        rows = [row for row in table.comparisons if row.metric == metric.name]
        if rows:
            found.append(_noisy(metric, rows, table, labels, every_row=every_row, prominence=prominence))
    exact = [row for row in table.comparisons if isinstance(find_metric(row.metric), ExactMetric)]
    if exact:
        title = "exact metrics: any difference is a change"
        exact_rows = tuple(_exact_row(row, folded, labels) for row, folded in fold(exact, every_row=every_row))
        found.append(_section("exact", title, _EXACT, exact_rows, prominence=prominence))
    closing = (*speed_lines(table), detectable_line(table), *table.warnings)
    return (*found, Section(id="reach", title="", lines=closing, prominence=prominence))


def _section(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: tuple[Row, ...],
    *,
    prominence: Prominence,
    lines: tuple[str, ...] = (),
) -> Section:
    shown = tuple(column.key for column in columns)
    drawn = Table(id=name, caption=title, columns=columns, rows=rows, shown=shown)
    return Section(id=name, title=title, tables=(drawn,), lines=lines, prominence=prominence)


def _differences(table: VerdictTable, prominence: Prominence) -> Section:
    rows: tuple[Row, ...] = tuple(
        (it.kind, it.field, it.baseline, it.contender, it.cases, "yes" if it.allowed else "no")
        for it in table.differences
    )
    return _section("sides", "the sides differ in", _DIFFERENCES, rows, prominence=prominence)


def _noisy(
    metric: NoisyMetric,
    rows: Sequence[Comparison],
    table: VerdictTable,
    labels: dict[Case, str],
    *,
    every_row: bool,
    prominence: Prominence,
) -> Section:
    corrected = any(row.figures is Figures.CORRECTED for row in rows)
    # Of two bands that of what was measured comes first.
    *_, band = (it for it in table.bands if it.metric == metric.name and (corrected or it.figures is Figures.RAW))
    how = " corrected for drift" if corrected else ""
    title = (
        f"{metric.label}{how} [{metric.unit}], {metric.direction} is better, "
        f"noise band {units.percent_short(band.width)} ({band.source})"
    )
    cells = tuple(_noisy_row(metric, row, folded, labels) for row, folded in fold(rows, every_row=every_row))
    means = [mean for mean in table.means if mean.metric == metric.name]
    lines = (
        *_raw_beside(rows),
        *(f"geometric mean of {counted(it.cases, 'ratio')}: {units.ratio(it.ratio)}" for it in means),
    )
    return _section(metric.name, title, _NOISY, cells, prominence=prominence, lines=lines)


def _raw_beside(rows: Sequence[Comparison]) -> tuple[str, ...]:
    """Say what the raw figures would be, where corrected ones are judged."""
    ratios = sorted(row.raw_ratio for row in rows if row.raw_ratio is not None)
    if not ratios:
        return ()
    span = units.ratio(ratios[0]) if len(ratios) == 1 else f"{units.ratio(ratios[0])} to {units.ratio(ratios[-1])}"
    raw = sum(row.figures is Figures.RAW and row.verdict is not Verdict.NOT_COMPARABLE for row in rows)
    others = f"; {counted(raw, 'row is', 'rows are')} compared as measured" if raw else ""
    what = "ratio" if len(ratios) == 1 else "ratios"
    return (f"as measured, not corrected: {what} of {span}, and all percentiles{others}",)


def _noisy_row(metric: NoisyMetric, row: Comparison, folded: Sequence[Comparison], labels: dict[Case, str]) -> Row:
    if folded:
        ratios = sorted(it.ratio for it in folded if it.ratio is not None)
        between = f"{units.ratio(ratios[0])} to {units.ratio(ratios[-1])}" if ratios else ""
        reason = row.reason if row.verdict is Verdict.NOT_COMPARABLE else "interval within the noise band"
        blank = ("",) * len(_PERCENTILES)
        return (counted(len(folded), "case"), "", "", between, "", *blank, "", "", row.verdict.value, reason)
    left, right = row.baseline_summary, row.contender_summary
    return (
        labels[row.case],
        metric.show(row.baseline),
        metric.show(row.contender),
        units.ratio(row.ratio),
        interval_words.of_row(row),
        *(_percentile_change(left, right, name) for name in _PERCENTILES),
        _both(left, right, "launches"),
        _both(left, right, "samples"),
        row.verdict.value,
        row.reason,
    )


def _exact_row(row: Comparison, folded: Sequence[Comparison], labels: dict[Case, str]) -> Row:
    if folded:
        names = ", ".join(dict.fromkeys(find_metric(it.metric).label for it in folded))
        return (counted(len(folded), "value"), names, "", "", row.verdict.value, row.reason)
    metric = find_metric(row.metric)
    shown = (metric.show(row.baseline), metric.show(row.contender))
    return (labels[row.case], metric.label, *shown, row.verdict.value, row.reason)


def _percentile_change(left: Summary | None, right: Summary | None, name: str) -> str:
    before, after = (getattr(side, name) if side else None for side in (left, right))
    return units.change(after / before) if before and after is not None else units.UNAVAILABLE


def _both(left: Summary | None, right: Summary | None, name: str) -> str:
    return "+".join(str(getattr(side, name)) if side else "0" for side in (left, right))
