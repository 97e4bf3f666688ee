"""What a sweep would measure: what `run --dry-run` prints, one line a case, and how long it will take."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.config.case_labels import labels
from resnet_bench.records import Case, Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="launches", title="launches", kind=ColumnKind.INTEGER, rank=1),
    Column(key="estimate_s", title="roughly", kind=ColumnKind.DURATION),
)


class PlannedCase(Record, frozen=True, kw_only=True):
    """One case, its launches, and roughly how many seconds they take together."""

    case: Case
    launches: int
    estimate_s: float


def document(planned: Sequence[PlannedCase], *, preset: str, remarks: Sequence[str]) -> Document:
    """Return the cases in the order planned; `remarks` are lines below them.

    Args:
        planned: the cases, of equally many launches each.
        preset: whose protocol it is.
        remarks: what else is to be known of the plan.
    """
    processes = sum(it.launches for it in planned)
    launches = planned[0].launches if planned else 0
    names = labels([it.case for it in planned])
    table = Table(
        id="cases",
        caption="Cases",
        columns=_COLUMNS,
        rows=tuple((names[it.case], it.launches, it.estimate_s) for it in planned),
        shown=tuple(column.key for column in _COLUMNS),
    )
    return Document(
        title=(
            f"{counted(len(planned), 'case')} x {counted(launches, 'launch', 'launches')} = "
            f"{counted(processes, 'process', 'processes')}, "
            f"roughly {units.duration(sum(it.estimate_s for it in planned))} (preset {preset})"
        ),
        kind="run --dry-run",
        content=lambda: planned,
        rows=later(PlannedCase, planned),
        sections=(Section(id="cases", title="", tables=(table,), lines=tuple(remarks)),),
    )
