"""Machines of a run beside their kind: what `compare RUN --fleet` prints."""

from collections.abc import Sequence

from resnet_bench.analysis.fleet import FleetFinding
from resnet_bench.report.document import Document, Section
from resnet_bench.report.fleet_words import fleet_table, slow_machines
from resnet_bench.report.rows import later


def document(findings: Sequence[FleetFinding], *, name: str, every_row: bool) -> Document:
    """Return the machines that are slower than their kind; all of them with `every_row`."""
    shown = [it for it in findings if it.slower or every_row]
    tables = (fleet_table(shown),) if shown else ()
    return Document(
        title=f"Machines of {name} beside their kind",
        kind="compare --fleet",
        content=lambda: findings,
        rows=later(FleetFinding, findings),
        sections=(Section(id="fleet", title="", tables=tables, lines=slow_machines(findings)),),
    )
