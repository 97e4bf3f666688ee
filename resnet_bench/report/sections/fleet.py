"""Which machine of a run is slower than the others of its kind."""

from resnet_bench.analysis.fleet import held_against_their_kind
from resnet_bench.report.document import Section
from resnet_bench.report.fleet_words import fleet_table, slow_machines
from resnet_bench.report.sections.context import Context


def fleet_section(context: Context) -> Section | None:
    """Return the slow machines of a run by name; None where it has no three of a kind, or there are several runs."""
    findings = held_against_their_kind(context.runs[0]) if len(context.runs) == 1 else ()
    if not findings:
        return None
    slow = [it for it in findings if it.slower]
    return Section(
        id="fleet",
        title="Machines beside their kind",
        lines=slow_machines(findings),
        tables=(fleet_table(slow, id_="slow_machines", caption="Slower than their kind"),) if slow else (),
        folded=(fleet_table(findings),),
    )
