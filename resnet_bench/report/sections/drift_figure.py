"""Launch medians as they were measured and corrected for drift, side by side: what the correction brought."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.results import Result
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.curves import view_of
from resnet_bench.report.table import Table


def drift_figure(ranked: Sequence[Result], labels: Labels, long: Table) -> Figure | None:
    """Return two rows of launch medians for each case, None where no case has a reference beside it."""
    known = [it for it in ranked if it.latency and it.latency.corrected and it.latency.launches > 1]
    if not known:
        return None
    raw, corrected = (_series(name, known, labels, hue) for hue, name in enumerate(("raw", "corrected")))
    order = [f"{_name(it, labels)} {word}" for it in known for word in ("raw", "corrected")]
    spreads = [it.latency.corrected.correction for it in known if it.latency and it.latency.corrected]
    before = [it.spread_raw for it in spreads if it.spread_raw is not None]
    after = [it.spread_corrected for it in spreads if it.spread_corrected is not None]
    brought = (
        f"Between launches of one case: {units.percent(statistics.median(before))} raw, "
        f"{units.percent(statistics.median(after))} corrected for drift (median over cases)."
        if before and after
        else ""
    )
    return Figure(
        id="drift",
        title="Launches, raw and corrected for drift",
        finding=brought,
        how_to_read=(
            "Each mark is the median of one launch, against that of all launches of its case. The row below has the "
            "same launches at the reference's nominal speed: the closer its marks stand, the more of the spread was "
            "the machine's drift and not the model's."
        ),
        x=FigureAxis(title="latency against its median (%)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=(raw, corrected),
        table=view_of(
            long,
            "drift",
            "What launches of a case differ by",
            ("latency_s", "latency_corrected_s", "launch_spread_raw", "launch_spread_cpu", "launch_spread_corrected"),
        ),
        row_px=17,
        order=tuple(order),
    )


def _name(result: Result, labels: Labels) -> str:
    return f"{labels.series(result.case, run=result.run)} · b{result.case.batch_size}"


def _series(name: str, known: Sequence[Result], labels: Labels, hue: int) -> Series:
    x: list[float] = []
    y: list[str] = []
    rows: list[int] = []
    hover: list[str] = []
    for it in known:
        summary = it.latency
        if summary is None or summary.corrected is None:
            continue
        medians = summary.launch_medians if name == "raw" else summary.corrected.launch_medians
        center = statistics.median(medians)
        x += [(value / center - 1) * 100 for value in medians]
        y += [f"{_name(it, labels)} {name}"] * len(medians)
        rows += [it.position] * len(medians)
        hover += [f"launch {number}, {name}: {units.milliseconds(value)} ms" for number, value in enumerate(medians, 1)]
    return Series(
        name=name, legend=name, role=Role.DOTS, hue=hue, x=tuple(x), y=tuple(y), hover=tuple(hover), rows=tuple(rows)
    )
