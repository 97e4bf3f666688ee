"""The layers that are known of this machine: what `machine --layers` prints."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.prediction.knowledge import Knowledge, knowledge
from resnet_bench.config.case_labels import label
from resnet_bench.records import Case, LayerProfile
from resnet_bench.records.layer_library import LayerLibrary
from resnet_bench.report.document import Document, Section
from resnet_bench.report.documents.predictions import library_lines
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, listed

_COLUMNS = (
    Column(key="operator", title="operator", kind=ColumnKind.TEXT),
    Column(key="input_shape", title="input", kind=ColumnKind.TEXT),
    Column(key="output_shape", title="output", kind=ColumnKind.TEXT),
    Column(key="after", title="after", kind=ColumnKind.TEXT, rank=2, help="The operator that runs before it."),
    Column(key="occurrences", title="times", kind=ColumnKind.INTEGER, rank=1, help="How often it was timed."),
    Column(key="forward_s", title="forward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="backward_s", title="backward", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="deviation", title="unsure by", kind=ColumnKind.SHARE, help="Relative standard deviation of the mean."),
)


def document(timed: Sequence[LayerProfile], left_out: Sequence[Case], libraries: Sequence[LayerLibrary]) -> Document:
    """Return what is known after layers were timed, a section for each way in which they are run."""
    lines = [f"{label(it.case)}: {units.milliseconds(it.whole_s)} ms an iteration." for it in timed]
    if left_out:
        names = listed([label(case) for case in left_out], limit=4)
        lines.append(f"Left out, because all of their layers were timed already: {names}.")
    return Document(
        title=f"Layers of {counted(len(timed), 'network')}, timed",
        kind="machine --layers",
        content=lambda: libraries,
        rows=later(LayerLibrary, libraries),
        sections=(
            Section(id="timed", title="", lines=tuple(lines)),
            *(_section(number, library) for number, library in enumerate(libraries)),
        ),
    )


def _section(number: int, library: LayerLibrary) -> Section:
    known = knowledge(library)
    way = library.way
    threads = f", {counted(way.threads, 'thread')}" if way.threads else ""
    name = f"layers-{number}"
    title = f"{way.mode} in {way.precision}, {way.memory_format}, {way.executor} on {way.device}{threads}"
    return Section(
        id=name,
        title=title,
        tables=(_table(name, title, known),) if known else (),
        lines=library_lines(library),
    )


def _table(name: str, title: str, known: Knowledge) -> Table:
    rows = [
        (
            shape.operator,
            units.shape(shape.input_shape),
            units.shape(shape.output_shape),
            shape.after,
            timed.occurrences,
            timed.forward_s,
            timed.backward_s or None,
            timed.deviation,
        )
        for shape, timed in known.shapes
    ]
    training = any(row[6] is not None for row in rows)
    shown = tuple(column.key for column in _COLUMNS if column.key != "backward_s" or training)
    return Table(id=name, caption=title, columns=_COLUMNS, rows=tuple(rows), shown=shown)
