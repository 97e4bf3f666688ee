"""Samples in time order: warm-up, samples, and the reference beside them, of the cases that spread most."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.results import Result
from resnet_bench.records import Launch, Run
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted

_CASES = 3
_MOST_SAMPLES = 400
_WARMUP_SHARE = 0.2
_TICKS = (0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="launch", title="launch", kind=ColumnKind.INTEGER),
    Column(key="samples", title="samples", kind=ColumnKind.INTEGER),
    Column(key="first_iteration_s", title="first iteration", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="warmup_iterations", title="warm-up", kind=ColumnKind.INTEGER, help="Iterations before the samples."),
    Column(key="latency_s", title="latency", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="reference_s", title="reference", kind=ColumnKind.LATENCY, unit="ms"),
)


def samples_figure(ranked: Sequence[Result], runs: Sequence[Run], labels: Labels) -> Figure | None:
    """Return the samples over time of the first of these cases, None where nothing was sampled."""
    chosen = [it for it in ranked if it.latency][:_CASES]
    series: list[Series] = []
    rows = []
    for hue, result in enumerate(chosen):
        launches = _launches(result, runs)
        name = f"{labels.series(result.case, run=result.run)} · b{result.case.batch_size}"
        series += _series(name, launches, hue, result)
        rows += [_row(name, it) for it in launches]
    if not any(it.x for it in series):
        return None
    return Figure(
        id="samples",
        title="Samples over time",
        finding=_finding(chosen, series),
        how_to_read=(
            "Each dot is a sample, in time order, launch after launch, against the case's median; paler dots before "
            "each launch's samples are its warm-up, which does not count. The line is the reference: a fixed kernel "
            "timed in turns with the samples. Where both rise together the machine drifted, and the corrected figures "
            "take that off."
        ),
        x=FigureAxis(title="launch"),
        y=FigureAxis(title="latency / median", scale=Scale.LOG, ticks=_TICKS),
        series=tuple(it for it in series if it.x),
        table=Table(
            id="samples-data",
            caption="Launches of the cases drawn",
            columns=_COLUMNS,
            rows=tuple(rows),
            shown=tuple(column.key for column in _COLUMNS),
        ),
        unfiltered="sentence is",
    )


def _launches(result: Result, runs: Sequence[Run]) -> tuple[Launch, ...]:
    return next((it.launches for it in runs[result.run].measurements if it.case == result.case), ())


def _series(name: str, launches: Sequence[Launch], hue: int, result: Result) -> list[Series]:
    median = result.latency.median if result.latency else 0.0
    if median <= 0:
        return []
    warm_x, warm_y, x, y, reference_x, reference_y = ([] for _ in range(6))
    passes = [it for launch in launches if (ref := launch.isolated.reference) for it in ref.elapsed_s]
    typical = statistics.median(passes) if passes else 0.0
    for number, launch in enumerate(launches, start=1):
        warmed = launch.warmup.iteration_s
        warm_x += [number - _WARMUP_SHARE * (1 - at / len(warmed)) for at in range(len(warmed))]
        warm_y += [value / median for value in warmed]
        iterations = launch.isolated.iteration_s
        room = (1 - 1.5 * _WARMUP_SHARE) / max(1, len(iterations))
        x += [number + at * room for at in range(len(iterations))]
        y += [value / median for value in iterations]
        reference = launch.isolated.reference
        if reference is not None and typical > 0:
            reference_x += [number + min(at, len(iterations)) * room for at in reference.taken]
            reference_y += [value / typical for value in reference.elapsed_s]
    step = max(1, len(x) // _MOST_SAMPLES)
    found = [
        Series(name=name, legend=name, role=Role.SAMPLES, hue=hue, x=tuple(x[::step]), y=tuple(y[::step])),
        Series(name=f"{name}: warm-up", legend=name, role=Role.WARMUP, hue=hue, x=tuple(warm_x), y=tuple(warm_y)),
    ]
    thin = max(1, len(reference_x) // _MOST_SAMPLES)
    if reference_x:
        found.append(
            Series(
                name=f"{name}: reference",
                legend=name,
                role=Role.PREDICTED,
                hue=hue,
                x=tuple(reference_x[::thin]),
                y=tuple(reference_y[::thin]),
            )
        )
    return found


def _row(name: str, launch: Launch) -> tuple[str | int | float | None, ...]:
    iterations, reference = launch.isolated.iteration_s, launch.isolated.reference
    return (
        name,
        launch.index + 1,
        len(iterations),
        launch.warmup.first_iteration_s,
        len(launch.warmup.iteration_s),
        statistics.median(iterations) if iterations else None,
        statistics.median(reference.elapsed_s) if reference else None,
    )


def _finding(chosen: Sequence[Result], series: Sequence[Series]) -> str:
    dots = [value for it in series if it.role is Role.SAMPLES for value in it.y if isinstance(value, int | float)]
    what = f"The {counted(len(chosen), 'case')} that spread most" if len(chosen) > 1 else "The case that spreads most"
    return f"{what}: samples lie from {units.change(min(dots))} to {units.change(max(dots))} of the median."
