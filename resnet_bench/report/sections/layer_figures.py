"""Where the time goes: stages as bars, every layer as a tile, time along the network."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from resnet_bench import units
from resnet_bench.analysis.layers import LayerRow
from resnet_bench.report.documents.layers import cells
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series, Tile
from resnet_bench.report.sections.layer_subjects import Subject, first_sentences, rows_of, view_with
from resnet_bench.report.table import Table
from resnet_bench.words import listed


def stages_figure(subjects: Sequence[Subject], table: Table) -> Figure:
    """Return a bar for each case, cut where its stages end."""
    names = list(dict.fromkeys(row.name for it in subjects for row in it.stages))
    series = []
    for hue, name in enumerate(names):
        held = [(it, row) for it in subjects for row in it.stages if row.name == name]
        series.append(
            Series(
                name=name,
                legend=name,
                role=Role.BARS,
                hue=hue,
                x=tuple(row.time_s * 1e3 for _, row in held),
                y=tuple(it.name for it, _ in held),
                hover=tuple(
                    f"{it.name}: {units.milliseconds(row.time_s)} ms, {units.percent(row.share)}" for it, row in held
                ),
                rows=rows_of([it for it, _ in held]),
            )
        )
    return Figure(
        id="stages",
        title="Time by stage",
        finding=_stage_finding(subjects),
        how_to_read=(
            "Each bar is one iteration of one case, cut where the network's stages end. The stem is everything before "
            "the first stage, the head everything after the last."
        ),
        x=FigureAxis(title="time of one iteration (ms)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=tuple(series),
        table=_stage_table(subjects, table),
    )


def _stage_finding(subjects: Sequence[Subject]) -> str:
    slowest = [(it, max(it.stages, key=lambda row: row.time_s)) for it in subjects]
    by_stage: dict[str, list[str]] = {}
    for it, row in slowest:
        by_stage.setdefault(row.name, []).append(f"{it.name} ({units.percent(row.share, 0)})")
    said = " ".join(f"{stage} takes the most time in {listed(names)}." for stage, names in by_stage.items())
    return f"{said} That is of one profile each, which gives no interval."


def _stage_table(subjects: Sequence[Subject], table: Table) -> Table:
    return Table(
        id="stages-data",
        caption="Time by stage",
        columns=table.columns,
        rows=tuple((it.name, *cells(row)) for it in subjects for row in it.stages),
        positions=rows_of([it for it in subjects for _ in it.stages]),
        shown=tuple(key for key in table.shown if key not in {"type", "call"}),
    )


def treemap_figure(subjects: Sequence[Subject], table: Table) -> Figure:
    """Return a tile for each layer within its stage within its case."""
    tiles = [tile for number, it in enumerate(subjects) for tile in _tiles(str(number), it, several=len(subjects) > 1)]
    if len(subjects) > 1:
        tiles.insert(0, _tile("all", "", "all cases", [row for it in subjects for row in it.layers]))
    return Figure(
        id="treemap",
        title="Every layer by its time",
        finding=first_sentences([_layer_finding(it) for it in subjects]),
        how_to_read=(
            "Area is time of one iteration; the buttons above make it MACs or bytes moved instead. A percentage is of "
            "the tile around. Colour is arithmetic intensity: violet layers move much and compute little, orange ones "
            "compute much for each byte. Click a tile to enter it, the bar above to leave; the filter does not apply. "
            "A large tile that shrinks when area means MACs is where time goes without computing."
        ),
        x=FigureAxis(title=""),
        y=FigureAxis(title=""),
        series=(Series(name="layers", legend="layers", role=Role.TILES, hue=0, x=(), y=(), tiles=tuple(tiles)),),
        table=view_with(table, "treemap-data", "time_s", "share", "macs", "moved_bytes", "intensity"),
    )


def _tiles(root: str, it: Subject, *, several: bool) -> Iterator[Tile]:
    yield _tile(root, "all" if several else "", it.name, it.layers)
    for stage in it.stages:
        members = [row for row in it.layers if row.stage == stage.name]
        branch = f"{root}/{stage.name}"
        yield _tile(branch, root, stage.name, members)
        if len(members) > 1:
            for position, row in enumerate(members):
                call = f" ({row.call})" if row.call > 1 else ""
                yield _tile(f"{branch}/{position}", branch, f"{row.name}{call}", [row])


def _tile(name: str, parent: str, label: str, members: Sequence[LayerRow]) -> Tile:
    flops = sum(row.flops or 0 for row in members)
    moved = sum(row.moved_bytes or 0 for row in members)
    return Tile(
        id=name,
        parent=parent,
        label=label,
        time_s=sum(row.time_s for row in members),
        macs=sum(row.macs for row in members),
        moved_bytes=moved,
        intensity=flops / moved if flops and moved else None,
    )


def _layer_finding(it: Subject) -> str:
    types: dict[str, float] = {}
    for row in it.layers:
        if row.type:
            types[row.type] = types.get(row.type, 0.0) + row.share
    ranked = sorted(types.items(), key=lambda pair: -pair[1])[:2]
    slowest = max(it.layers, key=lambda row: row.time_s)
    text = (
        f"In {it.name} {listed([f'{name} takes {units.percent(share, 0)}' for name, share in ranked])} of the time; "
        f"in this one profile, which gives no interval, the slowest row is {slowest.name} with "
        f"{units.milliseconds(slowest.time_s)} ms ({units.percent(slowest.share)})."
    )
    weighty = [(row.time_s - (row.least_s or 0.0), row) for row in it.layers if row.least_s]
    if weighty:
        _, row = max(weighty, key=lambda pair: pair[0])
        text += (
            f" The most is to be gained at {row.name}: {units.milliseconds(row.time_s)} ms, "
            f"{units.factor(row.times_least)} the least that its {row.bound} bound allows."
        )
    return text


def depth_figure(subjects: Sequence[Subject], table: Table) -> Figure:
    """Return the time until each layer has run, a curve for each case."""
    series = []
    for number, it in enumerate(subjects):
        elapsed = tuple(accumulate(row.time_s * 1e3 for row in it.layers))
        series.append(
            Series(
                name=it.name,
                legend=it.name,
                role=Role.CURVE,
                hue=number,
                dash=number,
                x=tuple(range(1, len(elapsed) + 1)),
                y=elapsed,
                hover=tuple(f"{row.name}: {units.milliseconds(row.time_s)} ms" for row in it.layers),
                rows=rows_of([it] * len(elapsed)),
            )
        )
    return Figure(
        id="depth",
        title="Time along the network",
        finding=first_sentences([_depth_finding(it) for it in subjects]),
        how_to_read=(
            "From left to right the layers in the order in which they run, upwards the time until then, forward and "
            "backward of a layer together. Steep parts are slow; a step is one slow layer."
        ),
        x=FigureAxis(title="layers from the input (calls)"),
        y=FigureAxis(title="time until there (ms)"),
        series=tuple(series),
        table=view_with(table, "depth-data", "call", "time_s", "share"),
    )


def _depth_finding(it: Subject) -> str:
    half = sum(row.time_s for row in it.layers) / 2
    elapsed = list(accumulate(row.time_s for row in it.layers))
    at = next((position for position, after in enumerate(elapsed) if after >= half), 0)
    return f"Half of {it.name} is over after {at + 1} of {len(it.layers)} rows, at {it.layers[at].name}."
