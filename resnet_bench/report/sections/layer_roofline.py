"""The roofline of the layers: a dot for each, under the ceilings of its case."""

from collections.abc import Iterator, Sequence

from resnet_bench import units
from resnet_bench.analysis.layers import LayerRow
from resnet_bench.records import Part
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.sections.layer_subjects import Subject, first_sentences, rows_of, view_with
from resnet_bench.report.sections.roofline import GIGA, roof
from resnet_bench.report.table import Table
from resnet_bench.specs.arithmetic import peak_flop_per_s
from resnet_bench.words import listed

_MARGIN = 2.0
_SMALL_SHARE = 0.01


def layer_roofline_figure(subjects: Sequence[Subject], table: Table) -> Figure | None:
    """Every counted layer as a dot by its type, under the ceilings of the first case that has some."""
    held = [it for it in subjects if it.ceilings and peak_flop_per_s(it.ceilings, it.profile.case.precision)]
    if not held:
        return None
    dots: dict[str, list[tuple[Subject, LayerRow]]] = {}
    for it in held:
        for row in it.layers:
            if row.part in {Part.MODULE, Part.OPERATOR} and row.intensity and row.flop_per_s:
                dots.setdefault(row.type, []).append((it, row))
    if not dots:
        return None
    points = [row for found in dots.values() for _, row in found]
    return Figure(
        id="layer-roofline",
        title="Roofline of the layers",
        finding=_bound_finding(held),
        how_to_read=(
            "As the roofline above, with a dot for each layer. Dots left of the ridge are limited by memory, dots "
            "right of it by compute; dots far below both lines are too small to keep the device busy, or run code that "
            "uses it badly. The filter above leaves the dots of its cases. "
            "Layers that fit in caches may stand above the dashed slope, not above the dotted one."
        ),
        x=FigureAxis(title="arithmetic intensity (FLOP/B)", scale=Scale.LOG),
        y=FigureAxis(title="achieved (GFLOP/s)", scale=Scale.LOG),
        series=(
            *_layer_roofs(held, [row.intensity for row in points if row.intensity]),
            *(
                Series(
                    name=name,
                    legend=name,
                    role=Role.DOTS,
                    hue=hue,
                    x=tuple(row.intensity for _, row in found),
                    y=tuple((row.flop_per_s or 0.0) / GIGA for _, row in found),
                    hover=tuple(
                        f"{row.name} of {it.name}: {units.milliseconds(row.time_s)} ms, bound by {row.bound}"
                        for it, row in found
                    ),
                    rows=rows_of([it for it, _ in found]),
                )
                for hue, (name, found) in enumerate(dots.items())
            ),
        ),
        table=view_with(table, "layer-roofline-data", "type", "intensity", "flop_per_s", "bound"),
    )


def _layer_roofs(held: Sequence[Subject], intensities: Sequence[float]) -> Iterator[Series]:
    drawn = set()
    for it in held:
        precision, ceilings = it.profile.case.precision, it.ceilings
        peak = peak_flop_per_s(ceilings, precision) if ceilings else None
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


def _bound_finding(held: Sequence[Subject]) -> str:
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
    return first_sentences(texts)
