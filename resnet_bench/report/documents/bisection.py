"""A bisection: what `bisect` prints. One row a step, then the commit with its size and interval."""

from resnet_bench import units
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.records.bisections import BisectionResult, BisectionStep
from resnet_bench.records.live import Decision
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="revision", title="commit", kind=ColumnKind.TEXT),
    Column(key="ruling", title="against the good one", kind=ColumnKind.TEXT),
    Column(key="ratio", title="ratio", kind=ColumnKind.RATIO),
    Column(key="interval", title="interval", kind=ColumnKind.FIGURE),
    Column(key="subject", title="subject", kind=ColumnKind.TEXT),
    Column(key="detail", title="detail", kind=ColumnKind.TEXT, rank=1),
)


def document(found: BisectionResult) -> Document:
    """Return the steps and what they led to; JSON is the record, CSV has the steps."""
    table = Table(
        id="steps",
        caption="Steps",
        columns=_COLUMNS,
        rows=tuple(map(_row, found.steps)),
        shown=tuple(column.key for column in _COLUMNS),
    )
    section = Section(id="bisection", title="", tables=(table,) if found.steps else (), lines=tuple(_lines(found)))
    return Document(
        title=_title(found),
        kind="bisect",
        content=lambda: found,
        rows=later(BisectionStep, found.steps),
        sections=(section,),
    )


def _title(found: BisectionResult) -> str:
    if len(found.candidates) == 1:
        return f"{found.candidates[0][:12]} made it slower: {found.subjects[0]}"
    return f"One of {counted(len(found.candidates), 'commit')} made it slower"


def _lines(found: BisectionResult) -> list[str]:
    named = [f"{it[:12]} {subject}" for it, subject in zip(found.candidates, found.subjects, strict=True)]
    lines = [f"{found.bad[:12]} against {found.good[:12]}: {_size(found.whole)}."]
    if len(named) == 1:
        own = _size(found.change) if found.change else "it could not be measured against its parent"
        return [*lines, f"{named[0]}, against its parent: {own}."]
    skipped = [step.revision[:12] for step in found.steps if step.detail]
    return [*lines, *named, f"Skipped, so that one cannot be told from the other: {', '.join(skipped)}."]


def _size(decision: Decision) -> str:
    return f"ratio {units.ratio(decision.ratio)} {_interval(decision)}".strip()


def _interval(decision: Decision) -> str:
    said = interval_words.of_decision(decision)
    return f"({said})" if said else ""


def _row(step: BisectionStep) -> Row:
    decision = step.decision
    ratio = decision.ratio if decision else None
    interval = _interval(decision) if decision else ""
    detail = step.detail or (decision.reason if decision and decision.by_code else "")
    return (step.revision[:12], step.ruling.value, ratio, interval, step.subject, detail)
