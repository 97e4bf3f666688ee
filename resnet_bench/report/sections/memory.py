"""Peak memory against batch size: measured, predicted, the device's limit and where it was reached."""

import statistics
from collections.abc import Mapping, Sequence

from resnet_bench import units
from resnet_bench.analysis.metrics import PEAK_ALLOCATED, PEAK_RESERVED, PEAK_RSS, PREDICTED_PEAK
from resnet_bench.analysis.results import CaseStatus, Result
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Run
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import Curve, batch_axis, view_of
from resnet_bench.report.sections.peak_words import by_allocator
from resnet_bench.words import counted

_NEAR_LIMIT = 0.25


def memory_section(context: Context) -> Section | None:
    """Return the figure, None where no peak was measured and nothing ran out of memory."""
    results, curves, runs, long = context.results, context.curves, context.runs, context.long
    if max((len({it.case.batch_size for it in curve.results}) for curve in curves), default=0) < 2:  # noqa: PLR2004
        return None  # no curve over one batch size
    if not any(result.peak_bytes is not None or result.status is CaseStatus.OUT_OF_MEMORY for result in results):
        return None
    devices = dict.fromkeys((it.run, it.case.device) for it in results)
    limits = {(run, device): _limit(runs[run], device) for run, device in devices}
    series = [part for curve in curves for part in _parts(curve, limits[curve.run, curve.results[0].case.device])]
    series += _limit_lines(results, limits)
    title, measured = _measured_as(results)
    figure = Figure(
        id="memory",
        title="Peak memory against batch size",
        finding=_finding(curves),
        how_to_read=(
            f"Lower is better; both axes are logarithmic. Lines with markers are measured: {measured}. Dotted "
            "lines without are predicted from the architecture: weights, input and activations, without convolution "
            "workspace. A cross marks the first batch size that ran out of memory, drawn at its predicted need; the "
            "horizontal line is the device's memory."
        ),
        x=batch_axis(results),
        y=FigureAxis(title=title, scale=Scale.LOG),
        series=tuple(series),
        table=view_of(
            long,
            "memory",
            "Peak memory of each case",
            (PEAK_ALLOCATED.name, PEAK_RESERVED.name, PEAK_RSS.name, PREDICTED_PEAK.name),
        ),
    )
    return Section(id="memory", title="Memory", prominence=Prominence.PAGE, figures=(figure,))


def _measured_as(results: Sequence[Result]) -> tuple[str, str]:
    """Return the axis' title and, in words, which peak the solid lines are."""
    allocated = "the peak that the device's allocator handed out for tensors"
    rss = "the process' peak RSS, the interpreter and its libraries included, so it starts high and lies above the "
    rss += "prediction"
    counted_by_allocator = {by_allocator(it) for it in results if it.peak_bytes is not None}
    if counted_by_allocator == {True, False}:
        return "peak allocated or RSS (MiB)", f"{allocated}; where that was not counted, {rss}"
    return ("peak allocated (MiB)", allocated) if True in counted_by_allocator else ("peak RSS (MiB)", rss)


def _limit(run: Run, device: str) -> int | None:
    totals = [
        launch.memory.device_total_bytes
        for measurement in run.measurements
        for launch in measurement.launches
        if launch.memory.device_total_bytes is not None and launch.case.device == device
    ]
    kind = kind_of(device)
    of_kind = [it for it in run.header.environments if it.identity.device == kind.torch_type]
    named = [it.identity.device_memory_bytes if kind.accelerator else it.memory_bytes for it in of_kind]
    return min([*totals, *(value for value in named if value is not None)], default=None)


def _parts(curve: Curve, limit: int | None) -> list[Series]:
    measured = [result for result in curve.results if result.peak_bytes is not None]
    predicted = [result for result in curve.results if result.predicted_bytes is not None]
    parts = [_line(curve, Role.MEASURED, measured, [result.peak_bytes for result in measured])]
    parts.append(_line(curve, Role.PREDICTED, predicted, [result.predicted_bytes for result in predicted]))
    cliff = _cliff(curve)
    height = cliff.predicted_bytes or limit if cliff else None
    if cliff is not None and height is not None:
        largest = _largest_fit(curve)
        fits = f"largest that fits: {largest.case.batch_size}" if largest else "no measured batch size fits"
        parts.append(
            Series(
                name=f"{curve.name}: out of memory",
                legend=curve.name,
                role=Role.CLIFF,
                hue=curve.hue,
                x=(cliff.case.batch_size,),
                y=(height / 2**20,),
                hover=(f"out of memory at batch size {cliff.case.batch_size}; {fits}",),
                rows=(cliff.position,),
            )
        )
    return [part for part in parts if part.x]


def _line(curve: Curve, role: Role, points: Sequence[Result], peaks: Sequence[int | None]) -> Series:
    known = [peak for peak in peaks if peak is not None]
    word = "measured" if role is Role.MEASURED else "predicted"
    return Series(
        name=curve.name if role is Role.MEASURED else f"{curve.name}: predicted",
        legend=curve.name,
        role=role,
        hue=curve.hue,
        dash=curve.dash,
        x=tuple(point.case.batch_size for point in points),
        y=tuple(peak / 2**20 for peak in known),
        hover=tuple(f"{word} {units.byte_size(peak)}" for peak in known),
        rows=tuple(point.position for point in points),
    )


def _limit_lines(results: Sequence[Result], limits: Mapping[tuple[int, str], int | None]) -> list[Series]:
    """Draw a limit only where something comes near it; far away it would only press the curves flat."""
    lines = []
    sizes = [result.case.batch_size for result in results]
    needs: dict[int, int] = {}
    for result in results:
        need = max(result.peak_bytes or 0, result.predicted_bytes or 0)
        limit = limits[result.run, result.case.device]
        if limit is not None and (need > _NEAR_LIMIT * limit or result.status is CaseStatus.OUT_OF_MEMORY):
            needs[limit] = need
    for number, limit in enumerate(sorted(needs)):
        lines.append(
            Series(
                name=f"device memory {units.byte_size(limit)}",
                legend=f"device memory {units.byte_size(limit)}",
                role=Role.LIMIT,
                hue=number,
                x=(min(sizes), max(sizes)),
                y=(limit / 2**20, limit / 2**20),
                hover=(f"device memory {units.byte_size(limit)}",) * 2,
            )
        )
    return lines


def _cliff(curve: Curve) -> Result | None:
    return next((result for result in curve.results if result.status is CaseStatus.OUT_OF_MEMORY), None)


def _largest_fit(curve: Curve) -> Result | None:
    cliff = _cliff(curve)
    fitting = [it for it in curve.measured if cliff is None or it.case.batch_size < cliff.case.batch_size]
    return fitting[-1] if fitting else None


def _finding(curves: Sequence[Curve]) -> str:
    sentences = []
    fallen = [(curve, cliff) for curve in curves if (cliff := _cliff(curve)) is not None]
    if fallen:
        curve, cliff = min(fallen, key=lambda pair: pair[1].case.batch_size)
        largest = _largest_fit(curve)
        fits = (
            f"the largest batch that fits is {largest.case.batch_size}" if largest else "nothing smaller was measured"
        )
        sentences.append(
            f"{counted(len(fallen), 'series runs', 'series run')} out of memory, the first being {curve.name} at batch "
            f"size {cliff.case.batch_size} ({fits})."
        )
    else:
        peaks = [(it.peak_bytes, curve.name, it.case) for curve in curves for it in curve.results if it.peak_bytes]
        if peaks:
            top, name, case = max(peaks, key=lambda found: found[0])
            whole = all(it.status is CaseStatus.MEASURED for curve in curves for it in curve.results)
            sentences.append(
                f"Everything {'' if whole else 'measured '}fits: the most is {units.byte_size(top)}, {name} at batch "
                f"size {case.batch_size}."
            )
    errors = [
        abs(result.predicted_bytes / allocated - 1)
        for curve in curves
        for result in curve.measured
        if result.predicted_bytes and (allocated := result.value(PEAK_ALLOCATED))
    ]
    if errors:
        beside = any(it.peak_bytes is not None and not by_allocator(it) for curve in curves for it in curve.measured)
        what = "is of allocated bytes, no RSS; where an allocator counted them it is" if beside else "is"
        sentences.append(
            f"The prediction {what} off by {units.percent(statistics.median(errors))} in the median and "
            f"{units.percent(max(errors))} at most."
        )
    return " ".join(sentences)
