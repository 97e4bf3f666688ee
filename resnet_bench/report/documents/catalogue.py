"""The registry as a table: what `list` prints, in every format."""

from collections.abc import Sequence

from resnet_bench import specs, units
from resnet_bench.records import Record
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid, markdown_lines, text_lines
from resnet_bench.report.renderers import csv, json
from resnet_bench.specs import Published, Spec

_HEADERS = ("model", "family", "depth", "block", "layers", "px", "parameters", "MACs", "acc@1", "acc@5", "weights")
_RIGHT = (False, False, True, False, False, True, True, True, True, True, False)


class Entry(Record, frozen=True, kw_only=True):
    """One registry model; counts are for one image of `image_size`."""

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
    published: tuple[Published, ...]


def entry(spec: Spec) -> Entry:
    """Return the line of one architecture."""
    counted = specs.totals(spec)
    return Entry(
        model=spec.name,
        family=spec.family,
        depth=spec.depth,
        block=spec.block.value,
        layers=spec.layers,
        layout=spec.layout.value,
        image_size=spec.image_size,
        min_image_size=spec.min_image_size,
        parameters=counted.parameters,
        macs=counted.macs,
        activations=counted.activations,
        published=specs.published(spec.name),
    )


def render(entries: Sequence[Entry], form: Format) -> str:
    """Return the table in one of the formats; JSON and CSV hold exact counts."""
    match form:
        case Format.JSON:
            return json.encode(entries).rstrip("\n")
        case Format.CSV:
            return _csv(entries)
        case Format.MARKDOWN:
            return "\n".join(markdown_lines(_grid(entries)))
        case Format.TEXT:
            return "\n".join(text_lines(_grid(entries)))


def _grid(entries: Sequence[Entry]) -> Grid:
    """The accuracy shown is that of the newest weights, which stand beside it."""
    rows = []
    for each in entries:
        first = each.published[0] if each.published else None
        rows.append(
            (
                each.model,
                each.family,
                str(each.depth),
                each.block,
                "-".join(map(str, each.layers)),
                str(each.image_size),
                units.scaled(each.parameters),
                units.scaled(each.macs),
                units.UNAVAILABLE if first is None else units.percent(first.acc1 / 100, decimals=2),
                units.UNAVAILABLE if first is None else units.percent(first.acc5 / 100, decimals=2),
                units.UNAVAILABLE if first is None else first.weights,
            )
        )
    return Grid(headers=_HEADERS, rows=tuple(rows), right=_RIGHT)


def _csv(entries: Sequence[Entry]) -> str:
    names = [name for name in Entry.__struct_fields__ if name != "published"]
    lines: list[list[object]] = [[*names, "weights", "acc1", "acc5"]]
    for each in entries:
        values = {name: getattr(each, name) for name in names} | {"layers": "-".join(map(str, each.layers))}
        first = each.published[0] if each.published else None
        accuracy = ("", "", "") if first is None else (first.weights, first.acc1, first.acc5)
        lines.append([*values.values(), *accuracy])
    return csv.lines(lines).rstrip("\n")
