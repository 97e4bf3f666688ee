"""The registry: what `list` prints."""

from collections.abc import Sequence

from resnet_bench import specs
from resnet_bench.records import Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.specs import Accuracy, Spec
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="model", title="model", kind=ColumnKind.NAME),
    Column(key="family", title="family", kind=ColumnKind.TEXT, rank=6),
    Column(key="depth", title="depth", kind=ColumnKind.INTEGER, rank=3),
    Column(key="block", title="block", kind=ColumnKind.TEXT, rank=4),
    Column(key="layers", title="layers", kind=ColumnKind.TEXT, rank=5),
    Column(key="image_size", title="px", kind=ColumnKind.INTEGER, rank=7),
    Column(key="parameters", title="parameters", kind=ColumnKind.COUNT),
    Column(key="macs", title="MACs", kind=ColumnKind.COUNT),
    Column(key="acc1", title="acc@1", kind=ColumnKind.FINE_SHARE, help="Published ImageNet top-1 accuracy."),
    Column(key="acc5", title="acc@5", kind=ColumnKind.FINE_SHARE, rank=2),
    Column(key="weights", title="weights", kind=ColumnKind.TEXT, rank=8),
    Column(key="source", title="source", kind=ColumnKind.TEXT, rank=1),
)


class RegistryEntry(Record, frozen=True, kw_only=True):
    """One registry model; counts are for one image of `image_size`.

    `weights`, `acc1` and `acc5` (%) are those of the first of its published weights, None where none are published.
    `source` is the paper that describes the family.
    """

    model: str
    family: str
    depth: int
    block: str
    layers: tuple[int, ...]
    layout: str
    image_size: int
    min_image_size: int
    parameters: int
    macs: int
    activations: int
    weights: str | None
    acc1: float | None
    acc5: float | None
    source: str
    published: tuple[Accuracy, ...]


def entry(spec: Spec) -> RegistryEntry:
    """Return the line of one architecture."""
    totals, published = specs.totals(spec), specs.published(spec.name)
    first = published[0] if published else None
    return RegistryEntry(
        model=spec.name,
        family=spec.family,
        depth=spec.depth,
        block=spec.block.value,
        layers=spec.layers,
        layout=spec.layout.value,
        image_size=spec.image_size,
        min_image_size=spec.min_image_size,
        parameters=totals.parameters,
        macs=totals.macs,
        activations=totals.activations,
        weights=first.weights if first else None,
        acc1=first.acc1 if first else None,
        acc5=first.acc5 if first else None,
        source=specs.source(spec.family),
        published=published,
    )


def document(entries: Sequence[RegistryEntry]) -> Document:
    """Return the models with what each costs for one image."""
    return Document(
        title=counted(len(entries), "model"),
        kind="list",
        content=lambda: entries,
        rows=later(RegistryEntry, entries),
        sections=(Section(id="models", title="", tables=(_table(entries),)),),
    )


def _table(entries: Sequence[RegistryEntry]) -> Table:
    rows = tuple(
        (
            *(it.model, it.family, it.depth, it.block, "-".join(map(str, it.layers)), it.image_size),
            *(it.parameters, it.macs, _share(it.acc1), _share(it.acc5), it.weights, it.source),
        )
        for it in entries
    )
    shown = tuple(column.key for column in _COLUMNS)
    return Table(id="models", caption="Models", columns=_COLUMNS, rows=rows, shown=shown)


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
