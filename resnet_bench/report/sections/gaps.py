"""What was planned and has no number: skips with their reasons, and cases nobody came to."""

from resnet_bench.analysis.results import CaseStatus
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.sections.context import Context
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True),
    Column(key="model", title="model", kind=ColumnKind.NAME, repeats=True),
    Column(key="batch_size", title="batch", kind=ColumnKind.INTEGER),
    Column(key="variant", title="variant", kind=ColumnKind.TEXT),
)
_SKIP_COLUMNS = (
    *_COLUMNS,
    Column(key="reason", title="reason", kind=ColumnKind.STATUS),
    Column(key="detail", title="detail", kind=ColumnKind.NAME),
)


def gaps_section(context: Context) -> Section | None:
    """Return the skips and missing cases, None where every case was measured."""
    runs, results, labels = context.runs, context.results, context.labels
    skipped = [(index, skip) for index, run in enumerate(runs) for skip in run.skips]
    missing = [result for result in results if result.status is CaseStatus.MISSING]
    if not skipped and not missing:
        return None
    several = ("run",) if len(labels.runs) > 1 else ()
    named = (*several, "model", "batch_size", *(("variant",) if labels.case_axes else ()))
    tables = []
    if skipped:
        rows = tuple(
            (
                labels.runs[index],
                skip.case.model,
                skip.case.batch_size,
                labels.variant(skip.case),
                skip.reason.value.replace("_", " "),
                skip.detail,
            )
            for index, skip in skipped
        )
        caption = f"{counted(len(rows), 'case')} that could not run"
        tables.append(
            Table(id="skips", caption=caption, columns=_SKIP_COLUMNS, rows=rows, shown=(*named, "reason", "detail"))
        )
    if missing:
        gaps = tuple(
            (labels.runs[it.run], it.case.model, it.case.batch_size, labels.variant(it.case)) for it in missing
        )
        caption = f"{counted(len(gaps), 'planned case')} not measured yet"
        tables.append(Table(id="missing", caption=caption, columns=_COLUMNS, rows=gaps, shown=named))
    return Section(
        id="gaps",
        title="Skipped and missing",
        prominence=Prominence.SUPPORT,
        paragraphs=(
            (
                "Out of memory and unsupported are results. A case that disagrees did not compute the network, so it "
                "has no figures and is not tried again. Time-outs, crashes, interruptions and missing cases leave the "
                "run incomplete: resnet-bench run --resume measures them."
            ),
        ),
        tables=tuple(tables),
    )
