"""The registry: what `list` prints."""

from collections.abc import Sequence

import msgspec

from resnet_bench import specs
from resnet_bench.records import Profile, Record
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
    Column(key="given_acc1", title="given acc@1", kind=ColumnKind.FINE_SHARE, help="What the suite gives."),
    Column(key="acc5", title="acc@5", kind=ColumnKind.FINE_SHARE, rank=2),
    Column(key="weights", title="weights", kind=ColumnKind.TEXT, rank=8),
    Column(key="source", title="source", kind=ColumnKind.TEXT, rank=1),
)


class RegistryEntry(Record, frozen=True, kw_only=True):
    """One model of the registry or of a suite; counts are for one image of `image_size`, or for one of `input`.

    `weights`, `acc1` and `acc5` (%) are those of the first of its published weights, None where none are published.
    `source` is the paper that describes the family. Of a suite's model `built_from` is what it is where its name does
    not say it, `weights` are the suite's, and `given_acc1` (%) is the accuracy that it gives. Of another package's
    model there are no depth, block and layers; where it cannot be counted, `uncounted` says why.
    """

    model: str
    family: str
    depth: int | None
    block: str | None
    layers: tuple[int, ...]
    layout: str | None
    image_size: int | None
    min_image_size: int | None
    parameters: int | None
    macs: int | None
    activations: int | None
    weights: str | None
    acc1: float | None
    acc5: float | None
    source: str
    published: tuple[Accuracy, ...]
    input: str = ""
    built_from: str = ""
    given_acc1: float | None = None
    uncounted: str = ""


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


def counted_entry(profile: Profile, spec: Spec | None) -> RegistryEntry:
    """Return the line of a model that was counted; where it has no spec, nothing but its counts is known."""
    return msgspec.structs.replace(
        uncounted_entry(profile.model, "") if spec is None else entry(spec),
        image_size=profile.image_size or None,
        input=profile.input,
        parameters=profile.parameters,
        macs=profile.macs,
        activations=profile.activations,
    )


def uncounted_entry(model: str, why: str) -> RegistryEntry:
    """Return the line of a model that cannot be counted."""
    return RegistryEntry(
        model=model,
        family="",
        depth=None,
        block=None,
        layers=(),
        layout=None,
        image_size=None,
        min_image_size=None,
        parameters=None,
        macs=None,
        activations=None,
        weights=None,
        acc1=None,
        acc5=None,
        source="",
        published=(),
        uncounted=why,
    )


def named_entry(
    line: RegistryEntry, name: str, *, built_from: str, weights: str, accuracy: float | None
) -> RegistryEntry:
    """Return a line under a suite's name, with the suite's weights and the accuracy that it gives, a fraction."""
    return msgspec.structs.replace(
        line,
        model=name,
        built_from=built_from,
        weights=weights or line.weights,
        given_acc1=None if accuracy is None else 100 * accuracy,
    )


def document(entries: Sequence[RegistryEntry]) -> Document:
    """Return the models with what each costs for one image."""
    return Document(
        title=counted(len(entries), "model"),
        kind="list",
        content=lambda: entries,
        rows=later(RegistryEntry, entries),
        sections=(
            Section(
                id="models",
                title="",
                tables=(_table(entries),),
                lines=tuple(it.uncounted for it in entries if it.uncounted),
            ),
        ),
    )


def _table(entries: Sequence[RegistryEntry]) -> Table:
    rows = tuple(
        (
            *(it.model, it.family, it.depth, it.block, "-".join(map(str, it.layers)), it.image_size),
            *(it.parameters, it.macs, _share(it.acc1), _share(it.given_acc1), _share(it.acc5), it.weights),
            "; ".join(filter(None, (it.built_from, it.input and f"input {it.input}", it.source))),
        )
        for it in entries
    )
    given = any(it.given_acc1 is not None for it in entries)
    shown = tuple(column.key for column in _COLUMNS if given or column.key != "given_acc1")
    return Table(id="models", caption="Models", columns=_COLUMNS, rows=rows, shown=shown)


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
