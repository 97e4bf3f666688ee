"""What a sweep would measure: what `run --dry-run` prints, one line a case, and how long it will take."""

from collections.abc import Mapping, Sequence

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


def document(
    planned: Sequence[PlannedCase], *, preset: str, remarks: Sequence[str], slots: Mapping[str, int] = {}
) -> Document:
    """Return the cases in the order planned; `remarks` are lines below them.

    Args:
        planned: the cases, of equally many launches each.
        preset: whose protocol it is.
        remarks: what else is to be known of the plan.
        slots: how many launches each machine runs at once, by its name; machines go on beside each other.
    """
    on_machine = {name: [it for it in planned if it.case.machine == name] for name in slots or {"": 1}}
    took_s = {name: sum(it.estimate_s for it in own) / slots.get(name, 1) for name, own in on_machine.items()}
    beside = " on all machines together" if len(took_s) > 1 else ""
    by_machine = [
        f"{name}: {counted(sum(it.launches for it in own), 'launch', 'launches')}, "
        f"roughly {units.duration(took_s[name])}"
        for name, own in on_machine.items()
        if beside
    ]
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
            f"roughly {units.duration(max(took_s.values()))}{beside} (preset {preset})"
        ),
        kind="run --dry-run",
        content=lambda: planned,
        rows=later(PlannedCase, planned),
        sections=(Section(id="cases", title="", tables=(table,), lines=(*by_machine, *remarks)),),
    )
