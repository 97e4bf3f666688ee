"""The section of measured layers: whose they are, how they were measured, and all of them as a table."""

from collections.abc import Sequence
from itertools import accumulate

from resnet_bench import units
from resnet_bench.analysis.layers import AGREEMENT, By, agrees, rows
from resnet_bench.analysis.roofline import ceilings_of
from resnet_bench.records import LayerProfile, Run
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.documents.layers import COLUMNS, cells
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.layer_figures import depth_figure, stages_figure, treemap_figure
from resnet_bench.report.sections.layer_roofline import layer_roofline_figure
from resnet_bench.report.sections.layer_subjects import Subject, rows_of
from resnet_bench.report.sections.results import case_words
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed

_SUBJECT = Column(key="subject", title="model", kind=ColumnKind.NAME)
# So that the page stays one that can be mailed: what is left out is said, and stands in layers.jsonl.
_MOST_ROWS, _MOST_BARS = 2000, 24
_MANY_CASES, _MOST_ROWS_BESIDE_MANY = 200, 400


def layers_section(context: Context) -> Section | None:
    """Return the figures and the table, None where no run has measured layers."""
    runs, results, labels = context.runs, context.results, context.labels
    positions = {(it.run, it.case): it.position for it in results}
    every = [
        _subject(index, run, profile, labels=labels, position=positions.get((index, profile.case)))
        for index, run in enumerate(runs)
        for profile in run.layers
    ]
    if not every:
        return None
    cases = sum(len(run.header.cases) for run in runs)
    subjects = _within(every, _MOST_ROWS if cases <= _MANY_CASES else _MOST_ROWS_BESIDE_MANY)
    table = _table(subjects)
    figures = [
        stages_figure(every[:_MOST_BARS], table),
        treemap_figure(subjects, table),
        depth_figure(subjects, table),
    ]
    roofline = layer_roofline_figure(subjects, table)
    return Section(
        id="layers",
        title="Where the time goes",
        prominence=Prominence.PAGE,
        paragraphs=(_method(every), *_left_out(every, subjects)),
        figures=(*figures, *([roofline] if roofline is not None else [])),
        tables=(table,),
    )


def _within(subjects: Sequence[Subject], rows_at_most: int) -> list[Subject]:
    """Return the first subjects whose layers fit, one at least."""
    ends = accumulate(len(it.layers) for it in subjects)
    return [
        it for number, (it, end) in enumerate(zip(subjects, ends, strict=True)) if not number or end <= rows_at_most
    ]


def _left_out(every: Sequence[Subject], shown: Sequence[Subject]) -> tuple[str, ...]:
    if len(shown) == len(every):
        return ()
    return (
        (
            f"Layer by layer the page shows the first {counted(len(shown), 'case')}, by stage the first "
            f"{min(len(every), _MOST_BARS)}; all {len(every)} stand in layers.jsonl of the run."
        ),
    )


def _subject(index: int, run: Run, profile: LayerProfile, *, labels: Labels, position: int | None) -> Subject:
    ceilings = ceilings_of(profile.case, run.header.ceilings, profile.environment)
    return Subject(
        name=case_words(profile.case, labels, run=index),
        profile=profile,
        ceilings=ceilings,
        layers=rows(profile, ceilings),
        stages=rows(profile, ceilings, by=By.STAGE),
        position=position,
    )


def _method(subjects: Sequence[Subject]) -> str:
    off = [f"{it.name} ({units.change(1 + it.profile.disagreement)})" for it in subjects if not agrees(it.profile)]
    verdict = (
        f"In all of them the rows add up to the whole, measured without marks, within {units.percent(AGREEMENT, 0)}."
        if not off
        else f"The rows do not add up to the whole within {units.percent(AGREEMENT, 0)} for {listed(off)}."
    )
    return (
        f"Layers of {counted(len(subjects), 'case')}, each in a process of its own, after the launches above: a mark "
        "where a module is entered and left, its own cost taken off; operators between modules stand in the gap where "
        f"they run, what is left is “outside modules”; compiled code stands by kernel. {verdict}"
    )


def _table(subjects: Sequence[Subject]) -> Table:
    training = any(row.backward_s is not None for it in subjects for row in it.layers)
    bounded = any(row.bound is not None for it in subjects for row in it.layers)
    return Table(
        id="layers",
        caption="Every layer as measured",
        columns=(_SUBJECT, *COLUMNS),
        rows=tuple((it.name, *cells(row)) for it in subjects for row in it.layers),
        shown=(
            *(("subject",) if len(subjects) > 1 else ()),
            "name",
            "type",
            "call",
            "time_s",
            "share",
            *(("forward_s", "backward_s") if training else ()),
            "macs",
            "moved_bytes",
            "intensity",
            "flop_per_s",
            "byte_per_s",
            *(("bound", "times_least") if bounded else ()),
        ),
        constants="" if len(subjects) > 1 else subjects[0].name,
        positions=rows_of([it for it in subjects for _ in it.layers]),
    )
