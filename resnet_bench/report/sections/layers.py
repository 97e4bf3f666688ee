"""Where the time goes: measured layers by stage, as a treemap, along the network, and on the roofline."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from resnet_bench import units
from resnet_bench.analysis.layers import AGREEMENT, By, LayerRow, agrees, rows
from resnet_bench.analysis.roofline import ceilings_of
from resnet_bench.records import Ceilings, LayerProfile, Part, Run
from resnet_bench.report.document import (
    Axis,
    Column,
    Figure,
    Kind,
    Role,
    Scale,
    Section,
    Series,
    Table,
    Tile,
)
from resnet_bench.report.labels import Labels
from resnet_bench.report.layers import COLUMNS, cells
from resnet_bench.report.sections.curves import counted, listed
from resnet_bench.report.sections.results import case_words
from resnet_bench.report.sections.roofline import GIGA, roof

_SUBJECT = Column(key="subject", title="model", kind=Kind.NAME)
_MARGIN = 2.0
_SMALL_SHARE = 0.01
_MOST_SENTENCES = 2
# So that the page stays one that can be mailed: what is left out is said, and stands in layers.jsonl.
_MOST_ROWS, _MOST_BARS = 2000, 24
_MANY_CASES, _MOST_ROWS_BESIDE_MANY = 200, 400


class _Subject(NamedTuple):
    name: str
    profile: LayerProfile
    ceilings: Ceilings | None
    layers: tuple[LayerRow, ...]
    stages: tuple[LayerRow, ...]


def layers_section(runs: Sequence[Run], labels: Labels) -> Section | None:
    """Return the figures and the table, None where no run has measured layers."""
    every = [_subject(index, run, profile, labels) for index, run in enumerate(runs) for profile in run.layers]
    if not every:
        return None
    cases = sum(len(run.header.cases) for run in runs)
    subjects = _within(every, _MOST_ROWS if cases <= _MANY_CASES else _MOST_ROWS_BESIDE_MANY)
    table = _table(subjects)
    figures = [_stages(every[:_MOST_BARS], table), _treemap(subjects, table), _depth(subjects, table)]
    roofline = _roofline(subjects, table)
    return Section(
        id="layers",
        title="Where the time goes",
        paragraphs=(_method(every), *_left_out(every, subjects)),
        figures=(*figures, *([roofline] if roofline is not None else [])),
        tables=(table,),
    )


def _within(subjects: Sequence[_Subject], rows_at_most: int) -> list[_Subject]:
    """Return the first subjects whose layers fit, one at least."""
    ends = accumulate(len(it.layers) for it in subjects)
    return [
        it for number, (it, end) in enumerate(zip(subjects, ends, strict=True)) if not number or end <= rows_at_most
    ]


def _left_out(every: Sequence[_Subject], shown: Sequence[_Subject]) -> tuple[str, ...]:
    if len(shown) == len(every):
        return ()
    return (
        (
            f"Layer by layer the page shows the first {counted(len(shown), 'case')}, by stage the first "
            f"{min(len(every), _MOST_BARS)}; all {len(every)} stand in layers.jsonl of the run."
        ),
    )


def _subject(index: int, run: Run, profile: LayerProfile, labels: Labels) -> _Subject:
    ceilings = ceilings_of(profile.case, run.header.ceilings, profile.environment)
    return _Subject(
        name=case_words(profile.case, labels, run=index),
        profile=profile,
        ceilings=ceilings,
        layers=rows(profile, ceilings),
        stages=rows(profile, ceilings, by=By.STAGE),
    )


def _method(subjects: Sequence[_Subject]) -> str:
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


def _stages(subjects: Sequence[_Subject], table: Table) -> Figure:
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
        x=Axis(title="time of one iteration (ms)"),
        y=Axis(title="", scale=Scale.CATEGORY),
        series=tuple(series),
        table=_stage_table(subjects, table),
    )


def _stage_finding(subjects: Sequence[_Subject]) -> str:
    slowest = [(it, max(it.stages, key=lambda row: row.time_s)) for it in subjects]
    by_stage: dict[str, list[str]] = {}
    for it, row in slowest:
        by_stage.setdefault(row.name, []).append(f"{it.name} ({units.percent(row.share, 0)})")
    return " ".join(f"{stage} takes the most time in {listed(names)}." for stage, names in by_stage.items())


def _stage_table(subjects: Sequence[_Subject], table: Table) -> Table:
    return Table(
        id="stages-data",
        caption="Time by stage",
        columns=table.columns,
        rows=tuple((it.name, *cells(row)) for it in subjects for row in it.stages),
        shown=tuple(key for key in table.shown if key not in {"type", "call"}),
    )


def _treemap(subjects: Sequence[_Subject], table: Table) -> Figure:
    tiles = [tile for number, it in enumerate(subjects) for tile in _tiles(str(number), it, several=len(subjects) > 1)]
    if len(subjects) > 1:
        tiles.insert(0, _tile("all", "", "all cases", [row for it in subjects for row in it.layers]))
    return Figure(
        id="treemap",
        title="Every layer by its time",
        finding=_first([_layer_finding(it) for it in subjects]),
        how_to_read=(
            "Area is time of one iteration; the buttons above make it MACs or bytes moved instead. A percentage is of "
            "the tile around. Colour is arithmetic intensity: violet layers move much and compute little, orange ones "
            "compute much for each byte. Click a tile to enter it, the bar above to leave. A large tile that shrinks "
            "when area means MACs is where time goes without computing."
        ),
        x=Axis(title=""),
        y=Axis(title=""),
        series=(Series(name="layers", legend="layers", role=Role.TILES, hue=0, x=(), y=(), tiles=tuple(tiles)),),
        table=_view(table, "treemap-data", "time_s", "share", "macs", "moved_bytes", "intensity"),
    )


def _view(table: Table, name: str, *keys: str) -> Table:
    """Return the table with only the columns that a figure draws; its rows are the same ones, not a copy."""
    shown = tuple(key for key in table.shown if key in {"subject", "name", *keys})
    return Table(id=name, caption=table.caption, columns=table.columns, rows=table.rows, shown=shown)


def _tiles(root: str, it: _Subject, *, several: bool) -> Iterator[Tile]:
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


def _layer_finding(it: _Subject) -> str:
    types: dict[str, float] = {}
    for row in it.layers:
        if row.type:
            types[row.type] = types.get(row.type, 0.0) + row.share
    ranked = sorted(types.items(), key=lambda pair: -pair[1])[:2]
    slowest = max(it.layers, key=lambda row: row.time_s)
    text = (
        f"In {it.name} {listed([f'{name} takes {units.percent(share, 0)}' for name, share in ranked])} of the time; "
        f"the slowest row is {slowest.name} with {units.milliseconds(slowest.time_s)} ms "
        f"({units.percent(slowest.share)})."
    )
    weighty = [(row.time_s - (row.least_s or 0.0), row) for row in it.layers if row.least_s]
    if weighty:
        _, row = max(weighty, key=lambda pair: pair[0])
        text += (
            f" The most is to be gained at {row.name}: {units.milliseconds(row.time_s)} ms, "
            f"{units.factor(row.times_least)} the least that its {row.bound} bound allows."
        )
    return text


def _depth(subjects: Sequence[_Subject], table: Table) -> Figure:
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
            )
        )
    return Figure(
        id="depth",
        title="Time along the network",
        finding=_first([_depth_finding(it) for it in subjects]),
        how_to_read=(
            "From left to right the layers in the order in which they run, upwards the time until then, forward and "
            "backward of a layer together. Steep parts are slow; a step is one slow layer."
        ),
        x=Axis(title="layers from the input (calls)"),
        y=Axis(title="time until there (ms)"),
        series=tuple(series),
        table=_view(table, "depth-data", "call", "time_s", "share"),
    )


def _depth_finding(it: _Subject) -> str:
    half = sum(row.time_s for row in it.layers) / 2
    elapsed = list(accumulate(row.time_s for row in it.layers))
    at = next((position for position, after in enumerate(elapsed) if after >= half), 0)
    return f"Half of {it.name} is over after {at + 1} of {len(it.layers)} rows, at {it.layers[at].name}."


def _roofline(subjects: Sequence[_Subject], table: Table) -> Figure | None:
    """Every counted layer as a dot by its type, under the ceilings of the first case that has some."""
    held = [it for it in subjects if it.ceilings is not None and it.ceilings.flop_per_s(it.profile.case.precision)]
    if not held:
        return None
    dots: dict[str, list[tuple[_Subject, LayerRow]]] = {}
    for it in held:
        for row in it.layers:
            if row.part in {Part.MODULE, Part.OPERATOR} and row.intensity and row.flop_per_s:
                dots.setdefault(row.type, []).append((it, row))
    if not dots:
        return None
    points = [row for rows_of in dots.values() for _, row in rows_of]
    return Figure(
        id="layer-roofline",
        title="Roofline of the layers",
        finding=_bound_finding(held),
        how_to_read=(
            "As the roofline above, with a dot for each layer. Dots left of the ridge are limited by memory, dots "
            "right of it by compute; dots far below both lines are too small to keep the device busy, or run code that "
            "uses it badly. Layers that fit in caches may stand above the dashed slope, not above the dotted one."
        ),
        x=Axis(title="arithmetic intensity (FLOP/B)", scale=Scale.LOG),
        y=Axis(title="achieved (GFLOP/s)", scale=Scale.LOG),
        series=(
            *_layer_roofs(held, [row.intensity for row in points if row.intensity]),
            *(
                Series(
                    name=name,
                    legend=name,
                    role=Role.DOTS,
                    hue=hue,
                    x=tuple(row.intensity for _, row in rows_of),
                    y=tuple((row.flop_per_s or 0.0) / GIGA for _, row in rows_of),
                    hover=tuple(
                        f"{row.name} of {it.name}: {units.milliseconds(row.time_s)} ms, bound by {row.bound}"
                        for it, row in rows_of
                    ),
                )
                for hue, (name, rows_of) in enumerate(dots.items())
            ),
        ),
        table=_view(table, "layer-roofline-data", "type", "intensity", "flop_per_s", "bound"),
    )


def _layer_roofs(held: Sequence[_Subject], intensities: Sequence[float]) -> Iterator[Series]:
    drawn = set()
    for it in held:
        precision, ceilings = it.profile.case.precision, it.ceilings
        peak = ceilings.flop_per_s(precision) if ceilings else None
        if ceilings is None or peak is None or (id(ceilings), precision) in drawn:
            continue
        drawn.add((id(ceilings), precision))
        yield from roof(
            f"{precision} ceiling",
            peak=peak,
            memory=ceilings.memory_byte_per_s,
            cached=max(copy.byte_per_s for copy in ceilings.bandwidths),
            reach=(
                min(intensities) / _MARGIN,
                max(*intensities, peak / ceilings.memory_byte_per_s) * _MARGIN,
            ),
        )


def _bound_finding(held: Sequence[_Subject]) -> str:
    texts = []
    for it in held:
        shares: dict[str, float] = {}
        for row in it.layers:
            if row.bound is not None:
                shares[row.bound] = shares.get(row.bound, 0.0) + row.share
        words = [
            f"{units.percent(share, 0)} in layers bound by {bound}"
            for bound, share in sorted(shares.items(), key=lambda pair: -pair[1])
            if share >= _SMALL_SHARE
        ]
        texts.append(f"{it.name} spends {listed(words)}.")
    return _first(texts)


def _first(sentences: Sequence[str]) -> str:
    """Join a sentence for each of the first cases, and leave the others to the table."""
    left = len(sentences) - _MOST_SENTENCES
    more = [f"The table has {counted(left, 'more case')}."] if left > 0 else []
    return " ".join([*sentences[:_MOST_SENTENCES], *more])


def _table(subjects: Sequence[_Subject]) -> Table:
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
    )
