"""How latency spreads: within launches (boxes) and between them (a mark for each launch)."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.results import NOISY_SPREAD, Result
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Box, Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import view_of
from resnet_bench.report.sections.drift_figure import drift_figure
from resnet_bench.report.sections.samples import samples_figure
from resnet_bench.report.sections.spread_words import of_which_figures
from resnet_bench.words import counted


def distribution_section(context: Context) -> Section | None:
    """Return the figure, noisiest case first; None where nothing was measured."""
    results, labels, long = context.results, context.labels, context.long
    measured = [result for result in results if result.latency and result.quantiles and result.latency.median > 0]
    if not measured:
        return None
    ranked = sorted(measured, key=lambda result: -(result.spread or 0.0))
    figure = Figure(
        id="distribution",
        row_px=18,
        title="Latency distributions",
        finding=_finding(ranked, labels),
        how_to_read=(
            "Each row is a case, the noisiest first; everything is relative to the case's own median, so that a short "
            "latency and a long one can share an axis. The box holds the middle half of all samples, its whiskers "
            "90 %. Each diamond is the median of one launch (a fresh process): diamonds far apart mean that launches "
            "disagree, which no number of samples within a launch can mend."
        ),
        x=FigureAxis(title="latency against its median (%)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=tuple(part for result in ranked for part in _parts(result, labels)),
        table=view_of(
            long,
            "distribution",
            "Percentiles of latency, and its fastest and slowest launch",
            (
                *("latency_p05_s", "latency_p25_s", "latency_s", "latency_p75_s", "latency_p95_s", "latency_p99_s"),
                *("fastest_launch_s", "slowest_launch_s", "spread", "launches", "samples"),
            ),
        ),
    )
    figures = [figure, samples_figure(ranked, context.runs, labels), drift_figure(ranked, labels, long)]
    return Section(
        id="distributions",
        title="Latency distributions",
        prominence=Prominence.PAGE,
        figures=tuple(it for it in figures if it is not None),
    )


def _name(result: Result, labels: Labels) -> str:
    return f"{labels.series(result.case, run=result.run)} · b{result.case.batch_size}"


def _parts(result: Result, labels: Labels) -> tuple[Series, ...]:
    latency, found = result.latency, result.quantiles
    if latency is None or found is None:
        return ()
    name = _name(result, labels)

    def relative(seconds: float) -> float:
        return (seconds / latency.median - 1) * 100

    box = Box(
        p05=relative(found.p05),
        p25=relative(found.p25),
        p50=relative(found.p50),
        p75=relative(found.p75),
        p95=relative(found.p95),
    )
    return (
        Series(
            name=name, legend="samples", role=Role.BOX, hue=0, x=(), y=(name,), boxes=(box,), rows=(result.position,)
        ),
        Series(
            name=name,
            legend="launch medians",
            role=Role.LAUNCHES,
            hue=1,
            x=tuple(relative(median) for median in latency.launch_medians),
            y=(name,) * latency.launches,
            hover=tuple(
                f"launch {number}: {units.milliseconds(median)} ms"
                for number, median in enumerate(latency.launch_medians, start=1)
            ),
            rows=(result.position,) * latency.launches,
        ),
    )


def _finding(ranked: Sequence[Result], labels: Labels) -> str:
    spreads = [result.spread or 0.0 for result in ranked]
    noisy = [spread for spread in spreads if spread > NOISY_SPREAD]
    limit = ", ".join(filter(None, (units.percent(NOISY_SPREAD, 0), of_which_figures(ranked))))
    text = (
        f"The widest spread is {units.percent(spreads[0])} ({_name(ranked[0], labels)}); "
        f"half of all cases stay within {units.percent(statistics.median(spreads))}."
    )
    if noisy:
        return f"{counted(len(noisy), 'case is', 'cases are')} noisy (spread above {limit}). {text}"
    return f"No case is noisy (spread above {limit}). {text}"
