"""The long table (a row for each case of each run, every column) and the summary that people read."""

from collections.abc import Mapping, Sequence

import msgspec

from resnet_bench.analysis.metric import Place
from resnet_bench.analysis.results import CaseStatus, Result
from resnet_bench.records import Case
from resnet_bench.report.footnotes import cited
from resnet_bench.report.labels import AXES, Labels
from resnet_bench.report.sections.peak_words import named_by_peak
from resnet_bench.report.sections.result_column import Line
from resnet_bench.report.sections.result_columns import COLUMNS, INDEX, RESULT_COLUMNS
from resnet_bench.report.sections.side_by_side import side_by_side
from resnet_bench.report.table import Row, Table


def long_table(
    results: Sequence[Result], labels: Labels, *, notes: Mapping[str, int], verdicts: Mapping[tuple[int, Case], str]
) -> Table:
    """Return every column of every case, a row for each case of each run."""
    rows = tuple(_row(result, labels, notes=notes, verdicts=verdicts) for result in results)
    return Table(
        id="results",
        caption="Every case with every column, in base units",
        columns=named_by_peak(COLUMNS, results),
        rows=rows,
        shown=_shown(rows, labels),
        constants=labels.constants,
    )


def summary_table(results: Sequence[Result], labels: Labels, long: Table) -> Table:
    """Return the table that people read: the long one for a single run, else runs side by side."""
    if len(labels.runs) == 1:
        return msgspec.structs.replace(long, id="summary", caption="All cases")
    return side_by_side(results, labels, long)


def _row(result: Result, labels: Labels, *, notes: Mapping[str, int], verdicts: Mapping[tuple[int, Case], str]) -> Row:
    line = Line(
        result=result,
        run=labels.runs[result.run],
        verdict=verdicts.get((result.run, result.case)),
        notes=cited(result.warnings, notes),
    )
    return tuple(it.value(line) for it in RESULT_COLUMNS)


def _shown(rows: Sequence[Row], labels: Labels) -> tuple[str, ...]:
    """Leave out what is the same everywhere (it is said once) and what nobody measured."""

    def known(key: str) -> bool:
        position = INDEX[key]
        return any(row[position] not in {None, ""} for row in rows)

    position = INDEX["status"]
    # What was measured stands first: on a narrow screen the rest is what is scrolled to.
    found = [it for it in RESULT_COLUMNS if it.place is not Place.DATA and known(it.column.key)]
    measured = sorted(found, key=lambda it: it.place is not Place.SIDE_BY_SIDE)
    return (
        *(("run",) if len(labels.runs) > 1 else ()),
        "model",
        *(axis for axis in AXES if axis in labels.case_axes),
        "batch_size",
        *(it.column.key for it in measured),
        *(("verdict",) if known("verdict") else ()),
        *(("status",) if any(row[position] != CaseStatus.MEASURED for row in rows) else ()),
        *(("notes",) if known("notes") else ()),
    )


def case_words(case: Case, labels: Labels, *, run: int) -> str:
    """Return a case as one line in a table of figures: "resnet50 · bf16 at batch size 4"."""
    return f"{labels.series(case, run=run)} at batch size {case.batch_size}"
