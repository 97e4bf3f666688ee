"""Two runs, or a run and a baseline: what changed, what did not, and what could not be told.

Verdicts come from `analysis.verdicts.compare`; here they only become tables. Unchanged and not comparable rows are
folded.
"""

from collections.abc import Mapping, Sequence

from resnet_bench import units
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.metric import NoisyMetric
from resnet_bench.analysis.metrics import THROUGHPUT, TIMINGS, find_metric
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.records import Case, Comparison, Figures, Verdict, VerdictTable
from resnet_bench.report.document import Health, Prominence, Section, Severity
from resnet_bench.report.given_baseline import GivenBaseline
from resnet_bench.report.ratio_columns import RATIO_BOUNDS
from resnet_bench.report.sections.context import Context
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.report.verdict_words import ORDER, case_labels, detectable_line, speed_lines
from resnet_bench.words import counted, listed, sentence

_TIMINGS = frozenset(metric.name for metric in TIMINGS)
_CHANGED = (Verdict.REGRESSED, Verdict.IMPROVED, Verdict.INCONCLUSIVE)
SEVERITY = {
    Verdict.REGRESSED: Severity.BAD,
    Verdict.IMPROVED: Severity.GOOD,
    Verdict.INCONCLUSIVE: Severity.NOTICE,
    Verdict.NOT_COMPARABLE: Severity.NOTICE,
    Verdict.UNCHANGED: Severity.GOOD,
}
_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="metric", title="metric", kind=ColumnKind.TEXT, facet=True),
    Column(key="baseline", title="baseline, base units", kind=ColumnKind.NUMBER),
    Column(key="contender", title="contender, base units", kind=ColumnKind.NUMBER),
    Column(key="baseline_text", title="baseline", kind=ColumnKind.TEXT),
    Column(key="contender_text", title="contender", kind=ColumnKind.TEXT),
    Column(key="ratio", title="ratio", kind=ColumnKind.RATIO, help="Contender divided by baseline."),
    *RATIO_BOUNDS,
    Column(key="interval", title=f"{CONFIDENCE_TEXT} interval", kind=ColumnKind.FIGURE, help="Of the ratio."),
    Column(key="figures", title="figures", kind=ColumnKind.TEXT, help="Raw: as measured. Corrected: for drift."),
    Column(key="verdict", title="verdict", kind=ColumnKind.VERDICT, facet=True),
    Column(key="reason", title="reason", kind=ColumnKind.NAME),
)
_SHOWN = (*("case", "metric", "verdict", "baseline_text", "contender_text", "ratio", "interval", "figures", "reason"),)
_ENVIRONMENT = (
    Column(key="field", title="field", kind=ColumnKind.NAME),
    Column(key="baseline", title="baseline", kind=ColumnKind.NAME),
    Column(key="contender", title="contender", kind=ColumnKind.NAME),
    Column(key="cases", title="cases", kind=ColumnKind.INTEGER),
    Column(key="allowed", title="allowed", kind=ColumnKind.TEXT),
)


def differences_section(context: Context) -> Section | None:
    """Return the verdicts of each comparison, None where nothing was compared."""
    tables = context.verdicts
    if not tables:
        return None
    paragraphs, shown, folded = [], [], []
    for number, table in enumerate(tables):
        paragraphs.append(finding(table))
        if table.differences:
            shown.append(_environment(table, number))
        changed = [row for verdict in _CHANGED for row in table.comparisons if row.verdict is verdict]
        if changed:
            shown.append(
                comparison_table(
                    table,
                    changed,
                    id=f"differences-{number}",
                    caption=f"Changed or undecided against {table.baseline}",
                )
            )
        for verdict in (Verdict.UNCHANGED, Verdict.NOT_COMPARABLE):
            rows = [row for row in table.comparisons if row.verdict is verdict]
            if rows:
                identity = f"{verdict.value.replace(' ', '-')}-{number}"
                caption = f"{counted(len(rows), 'row')} {verdict}"
                folded.append(comparison_table(table, rows, id=identity, caption=caption))
        said = (*speed_lines(table), detectable_line(table))
        paragraphs += [*map(sentence, said), *table.warnings]
    return Section(
        id="differences",
        title="Differences",
        prominence=Prominence.PAGE,
        paragraphs=tuple(paragraphs),
        tables=tuple(shown),
        folded=tuple(folded),
    )


def verdict_health(tables: Sequence[VerdictTable]) -> tuple[Health, ...]:
    """Return the count of each verdict over all comparisons that could judge a timing, for the health line."""
    tables = [table for table in tables if _judged(table)]
    counts = {verdict: sum(table.counts.get(verdict.value, 0) for table in tables) for verdict in ORDER}
    # A case has several metrics: without its noun the first count would be read as one of cases.
    total = f" of {counted(sum(counts.values()), 'comparison')}"
    found = [(verdict, count) for verdict, count in counts.items() if count]
    return tuple(
        Health(severity=SEVERITY[verdict], text=f"{count:,}{'' if number else total} {verdict}")
        for number, (verdict, count) in enumerate(found)
    )


def case_verdicts(tables: Mapping[int, VerdictTable]) -> dict[tuple[int, Case], str]:
    """Return the gravest verdict on latency and throughput of each case, by run and case."""
    found: dict[tuple[int, Case], Verdict] = {}
    for run, table in tables.items():
        if not _judged(table):
            continue
        for row in table.comparisons:
            slot = (run, row.contender_case)
            if row.metric in _TIMINGS and (slot not in found or ORDER.index(row.verdict) < ORDER.index(found[slot])):
                found[slot] = row.verdict
    return {slot: verdict.value for slot, verdict in found.items()}


def to_baseline(tables: Mapping[int, VerdictTable], results: Sequence[Result]) -> GivenBaseline:
    """Return each result's throughput as a ratio to a baseline, with the interval that the verdict was judged by."""
    found = {
        (run, row.contender_case): (
            row.ratio,
            *((it.low, it.high) if (it := row.judged or row.interval) else (None, None)),
        )
        for run, table in tables.items()
        for row in table.comparisons
        if row.metric == THROUGHPUT.name and row.ratio is not None and row.verdict is not Verdict.NOT_COMPARABLE
    }
    name = next((table.baseline for table in tables.values()), "")
    return GivenBaseline(name=name, ratios=tuple(found.get((it.run, it.case)) for it in results))


def _judged(table: VerdictTable) -> bool:
    """Return whether any timing was comparable: two devices side by side have no verdicts to count."""
    return any(row.verdict is not Verdict.NOT_COMPARABLE for row in table.comparisons if row.metric in _TIMINGS)


def finding(table: VerdictTable) -> str:
    """Return the counts of verdicts and the geometric means of the timings, in sentences."""
    verdicts = [f"{table.counts[verdict.value]:,} {verdict}" for verdict in ORDER if table.counts.get(verdict.value)]
    text = f"{table.contender} against {table.baseline}: {listed(verdicts, limit=5) or 'nothing in common'}."
    means = [
        f"{find_metric(mean.metric).label} x {units.ratio(mean.ratio)}"
        for mean in table.means
        if mean.metric in _TIMINGS
    ]
    return f"{text} Geometric mean: {listed(means)}." if means else text


def _environment(table: VerdictTable, number: int) -> Table:
    return Table(
        id=f"environment-{number}",
        caption=f"What the sides differ in: {table.baseline} and {table.contender}",
        columns=_ENVIRONMENT,
        rows=tuple(
            (it.field, it.baseline, it.contender, it.cases, "yes" if it.allowed else "no") for it in table.differences
        ),
        shown=tuple(column.key for column in _ENVIRONMENT),
    )


def comparison_table(table: VerdictTable, rows: Sequence[Comparison], *, id: str, caption: str) -> Table:  # noqa: A002 - the table's
    """Return some of a table's comparisons with their values in base units and in words."""
    labels = case_labels(table)
    some = any(row.figures is Figures.CORRECTED for row in table.comparisons)
    shown = tuple(key for key in _SHOWN if some or key != "figures")
    return Table(id=id, caption=caption, columns=_COLUMNS, rows=tuple(_row(row, labels) for row in rows), shown=shown)


def _row(row: Comparison, labels: Mapping[Case, str]) -> Row:
    metric = find_metric(row.metric)
    unit = f" {metric.unit}" if metric.unit and isinstance(metric, NoisyMetric) else ""
    low, high = (row.interval.low, row.interval.high) if row.interval else (None, None)
    return (
        labels[row.case],
        metric.label,
        row.baseline,
        row.contender,
        "" if row.baseline is None else f"{metric.show(row.baseline)}{unit}",
        "" if row.contender is None else f"{metric.show(row.contender)}{unit}",
        row.ratio,
        low,
        high,
        interval_words.of_row(row),
        row.figures.value,
        row.verdict.value,
        row.reason,
    )
