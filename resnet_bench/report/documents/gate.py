"""What `check` prints: outcomes that are no pass first, then the verdicts behind them."""

from resnet_bench.analysis.verdicts.gate import GateResult, Outcome, improvements
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.report.document import Document, Health, Prominence, Section, Severity
from resnet_bench.report.documents import verdicts
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table

_ORDER = {
    Status.FAILED: Severity.BAD,
    Status.INCOMPLETE: Severity.BAD,
    Status.UNDECIDED: Severity.NOTICE,
    Status.NEW: Severity.NOTICE,
    Status.PASSED: Severity.GOOD,
}
_COLUMNS = (
    Column(key="status", title="status", kind=ColumnKind.TEXT),
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="rule", title="rule", kind=ColumnKind.TEXT),
    Column(key="message", title="what was found", kind=ColumnKind.TEXT),
)


def document(result: GateResult) -> Document:
    """Return the gate's findings and the table of verdicts below them; CSV has a line for each outcome."""
    below = verdicts.document(result.table)
    return Document(
        title=f"check: {result.status}",
        kind="check",
        content=lambda: result,
        rows=later(Outcome, result.outcomes),
        health=_health(result),
        constants=below.constants,
        results=below.results,
        summary=below.summary,
        summary_prominence=Prominence.PAGE,
        sections=(
            Section(
                id="findings",
                title="",
                paragraphs=result.blind,
                tables=_tables(result),
                lines=tuple(_lines(result)),
            ),
            Section(id="named", title="", paragraphs=(below.title,)),
            *verdicts.sections(result.table, prominence=Prominence.SUPPORT),
        ),
    )


def _health(result: GateResult) -> tuple[Health, ...]:
    counts = {status: sum(it.status is status for it in result.outcomes) for status in _ORDER}
    said = [Health(severity=_ORDER[status], text=f"{count} {status}") for status, count in counts.items() if count]
    nothing = [Health(severity=Severity.BAD, text="nothing checked")] if result.nothing_checked else []
    lines = [Health(severity=Severity.BAD, text="lines set aside")] if result.unreadable else []
    return (*said, *nothing, *lines)


def _tables(result: GateResult) -> tuple[Table, ...]:
    rows = tuple(
        (it.status.value, it.case.key, it.rule, it.message)
        for status in _ORDER
        if status is not Status.PASSED
        for it in result.outcomes
        if it.status is status
    )
    shown = tuple(column.key for column in _COLUMNS)
    return (Table(id="findings", caption="Findings", columns=_COLUMNS, rows=rows, shown=shown),) if rows else ()


def _lines(result: GateResult) -> list[str]:
    better = [f"improved: {row.case.key} {row.metric}: {row.reason}" for row in improvements(result.table)]
    unmatched = [f"rule matches nothing: {name}" for name in result.unmatched]
    nothing = [result.nothing_checked] if result.nothing_checked else []
    return [*better, *unmatched, *nothing, *result.unreadable, *result.notes]
