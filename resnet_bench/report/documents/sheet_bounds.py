"""Bounds by a data sheet as a table: what `predict --data-sheet` prints, and that it is no prediction."""

from collections.abc import Sequence

from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.runner.sheet_bounds import SheetBound

_COLUMNS = (
    Column(key="model", title="model", kind=ColumnKind.NAME),
    Column(key="batch_size", title="batch", kind=ColumnKind.INTEGER),
    Column(key="image_size", title="pixels", kind=ColumnKind.INTEGER),
    Column(key="mode", title="mode", kind=ColumnKind.TEXT),
    Column(key="precision", title="precision", kind=ColumnKind.TEXT),
    Column(key="least_s", title="at least", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="flops", title="FLOPs", kind=ColumnKind.COUNT, help="Of multiply-accumulates alone."),
)


def document(found: Sequence[SheetBound]) -> Document:
    """Return bounds; JSON is a list of them."""
    rows = tuple(
        (it.model, it.batch_size, it.image_size, str(it.mode), str(it.precision), it.least_s, it.flops) for it in found
    )
    table = Table(
        id="bounds",
        caption="A bound on the latency",
        columns=_COLUMNS,
        rows=rows,
        shown=tuple(column.key for column in _COLUMNS),
    )
    product, source = found[0].product, found[0].source
    line = (
        f"A bound, no prediction: multiply-accumulates at the rate that a data sheet says of {product} ({source}). "
        "Networks take several times as much. Measured ceilings tell more: resnet-bench machine --ceilings there, and "
        "layers of another machine with predict --library FILE --across."
    )
    return Document(
        title=f"No less than this on {product}",
        kind="predict --data-sheet",
        content=lambda: found,
        rows=later(SheetBound, found),
        sections=(Section(id="bounds", title="", tables=(table,), lines=(line,)),),
    )
