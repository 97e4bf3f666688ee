"""Runs in, one `Document` out: all that a report says, before any renderer formats it.

Sections stand in the order of the page and are left out where there is nothing to say. To add one: a function from
the `Context` in `resnet_bench.report.sections`, and its name in `SECTIONS`.
"""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.digest import digests_of
from resnet_bench.analysis.published import Catalog, published
from resnet_bench.analysis.results import Result, collect
from resnet_bench.analysis.verdicts import trend
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.errors import UsageError
from resnet_bench.machine.names import named_alike
from resnet_bench.records import SCHEMA_VERSION, Band, Digest, History, Run, VerdictTable
from resnet_bench.report.document import Document, Note, Prominence
from resnet_bench.report.footnotes import footnotes
from resnet_bench.report.history_words import health as history_health
from resnet_bench.report.labels import device_names, label
from resnet_bench.report.rows import objects
from resnet_bench.report.sections.best import best_section
from resnet_bench.report.sections.context import Context, MakesSection
from resnet_bench.report.sections.copies import copies_section
from resnet_bench.report.sections.curves import curves
from resnet_bench.report.sections.decision import decision
from resnet_bench.report.sections.differences import case_verdicts, differences_section, to_baseline, verdict_health
from resnet_bench.report.sections.distribution import distribution_section
from resnet_bench.report.sections.dots import dots_section
from resnet_bench.report.sections.fleet import fleet_section
from resnet_bench.report.sections.foreseen import foreseen_section
from resnet_bench.report.sections.gaps import gaps_section
from resnet_bench.report.sections.header import health_line, run_headers
from resnet_bench.report.sections.history import past_section
from resnet_bench.report.sections.launches import has_launches, launch_table
from resnet_bench.report.sections.layers import layers_section
from resnet_bench.report.sections.memory import memory_section
from resnet_bench.report.sections.method import method_section
from resnet_bench.report.sections.pareto import pareto_section
from resnet_bench.report.sections.ranks import ranks_section
from resnet_bench.report.sections.results import long_table, summary_table
from resnet_bench.report.sections.roofline import roofline_section
from resnet_bench.report.sections.scaling import scaling_section
from resnet_bench.report.sections.trust import GLOSSARY, trust
from resnet_bench.report.sections.varies import Shape, shapes, varies
from resnet_bench.report.table import Table
from resnet_bench.words import counted, listed

SECTIONS: tuple[MakesSection, ...] = (
    pareto_section,
    dots_section,
    scaling_section,
    copies_section,
    ranks_section,
    fleet_section,
    distribution_section,
    memory_section,
    best_section,
    roofline_section,
    layers_section,
    foreseen_section,
    past_section,
    differences_section,
    gaps_section,
    method_section,
)


def build(
    runs: Sequence[Run],
    *,
    catalog: Catalog | None = None,
    baseline: Digest | None = None,
    history: History | None = None,
    bands: Sequence[Sequence[Band]] = (),
) -> Document:
    """Build the document of one or several runs.

    Args:
        runs: what `store.load` read; their order is the order of columns and traces.
        baseline: what the runs are compared with; without one, the first of several runs.
        history: what to say of earlier commits, nothing by default.
        catalog: family and published accuracy by model name; the model registry by default.
        bands: of each run, what separate runs differ by on its machine, as `calibrate` learnt; none by default.

    Raises:
        UsageError: there is no run.
    """
    if not runs:
        raise UsageError("a report needs at least one run directory.")
    runs = named_alike(runs)
    labels = label(runs)
    digests = digests_of(runs, labels.runs)
    results = collect(runs, digests, catalog or published)
    notes, numbers = _notes(runs, results, trend.note(digests[0]) if len(runs) == 1 else "")
    bands = bands or [()] * len(runs)
    verdicts = _compare(digests, baseline, bands)
    long = long_table(
        results,
        labels,
        notes=numbers,
        verdicts=case_verdicts(verdicts),
    )
    context = Context(
        runs=tuple(runs),
        results=tuple(results),
        labels=labels,
        curves=curves(results, labels),
        long=long,
        verdicts=tuple(verdicts.values()),
        history=history,
    )
    sections = tuple(section for make in _ordered(context) if (section := make(context)) is not None)
    document = Document(
        title=_title(runs, results),
        kind="report",
        content=lambda: _content(document, long),
        rows=lambda: long,
        runs=run_headers(runs, results, labels),
        health=(
            *verdict_health(context.verdicts),
            *(history_health(history) if history else ()),
            *health_line(runs, results),
        ),
        finding=" ".join(figure.finding for section in sections[:2] for figure in section.figures[:1]),
        constants=labels.constants,
        results=long,
        launches=launch_table(runs, labels) if has_launches(runs) else None,
        summary=summary_table(results, labels, long),
        sections=sections,
        notes=notes,
        trust=trust(results, labels, (*(baseline.bands if baseline else ()), *(bands[0] if len(runs) == 1 else ()))),
        decision=decision(results, labels),
        lead=next((figure.id for section in sections for figure in section.figures), ""),
        glossary=GLOSSARY,
        baselines=(to_baseline(verdicts, results),) if baseline else (),
    )
    return document


def _ordered(context: Context) -> list[MakesSection]:
    """Return the sections with the one first whose figure is to lead."""
    kinds = shapes(varies(context.curves))
    leads = dots_section if kinds[:1] == (Shape.DOTS,) else SECTIONS[0]
    return sorted(SECTIONS, key=lambda it: it is not leads)


def _compare(
    digests: Sequence[Digest], baseline: Digest | None, bands: Sequence[Sequence[Band]]
) -> dict[int, VerdictTable]:
    """Compare each run with the baseline, by default the first run; a run is not compared with itself."""
    first = 0 if baseline else 1
    judged = list(enumerate(zip(digests, bands, strict=True)))[first:]
    return {number: compare(baseline or digests[0], it, bands=known) for number, (it, known) in judged}


def only(document: Document, name: str) -> Document:
    """Return one section of a report as a document of its own; CSV has its first table, JSON all of them.

    Raises:
        UsageError: the report has no such section.
    """
    found = next((it for it in document.sections if it.id == name), None)
    if found is None:
        raise UsageError("no model was measured in more than one configuration; give run several batch sizes or so.")
    section = msgspec.structs.replace(found, title="", prominence=Prominence.MAIN)
    return Document(
        title=found.title,
        kind="report",
        content=lambda: {table.id: objects(table) for table in found.tables},
        rows=lambda: found.tables[0],
        sections=(section,),
    )


def _content(document: Document, long: Table) -> dict[str, object]:
    """Return what JSON holds: runs, health, results, findings by figure, other tables by id, notes."""
    return {
        "schema": SCHEMA_VERSION,
        "title": document.title,
        "runs": [
            {"label": run.label, "id": run.id, "facts": {fact.label: fact.value for fact in run.facts}}
            for run in document.runs
        ],
        "health": document.health,
        "results": objects(long),
        "findings": {figure.id: figure.finding for section in document.sections for figure in section.figures},
        **{table.id: objects(table) for section in document.sections for table in (*section.tables, *section.folded)},
        "notes": document.notes,
    }


def _notes(runs: Sequence[Run], results: Sequence[Result], drifting: str) -> tuple[tuple[Note, ...], dict[str, int]]:
    """Number each kind of warning once, those of the files first; what two runs drift by, their comparison says."""
    counts: dict[str, int] = {text: 0 for run in runs for text in run.warnings}
    if drifting:
        counts[drifting] = 0
    for result in results:
        for text in result.warnings:
            counts[text] = counts.get(text, 0) + 1
    return footnotes(counts)


def _title(runs: Sequence[Run], results: Sequence[Result]) -> str:
    models = list(dict.fromkeys(result.case.model for result in results))
    devices = device_names([environment for run in runs for environment in run.header.environments])
    what = listed(models) if len(models) <= 4 else counted(len(models), "model")  # noqa: PLR2004 - what fits a line
    return f"{what or 'No cases'} on {devices or 'an unknown device'}"
