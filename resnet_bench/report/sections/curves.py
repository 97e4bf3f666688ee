"""What the figures share: results grouped into series of batch sizes, their colours, and lists in words."""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.results import Result
from resnet_bench.records import Record, Summary
from resnet_bench.report.figure import FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import AXES, Labels
from resnet_bench.report.table import Table

KNEE_SHARE = 0.95
_KNEE_MIN_POINTS = 3


class Curve(Record, frozen=True, kw_only=True):
    """The cases of one model and variant of one run, by rising batch size; `hue` and `dash` are its looks."""

    name: str
    run: int
    hue: int
    dash: int
    results: tuple[Result, ...]

    @property
    def measured(self) -> tuple[Result, ...]:
        """The cases that have a throughput."""
        return tuple(result for result in self.results if result.throughput and result.latency)

    @property
    def fastest(self) -> Result | None:
        """The case with the highest throughput."""
        return max(self.measured, key=throughput_of, default=None)

    @property
    def knee(self) -> Result | None:
        """The smallest batch with 95 % of the best throughput; None with fewer than three batch sizes."""
        if len(self.measured) < _KNEE_MIN_POINTS or self.fastest is None:
            return None
        enough = KNEE_SHARE * throughput_of(self.fastest)
        return next(result for result in self.measured if throughput_of(result) >= enough)


def throughput_of(result: Result) -> float:
    """Return the measured throughput, 0 where there is none (for ranking only)."""
    return result.throughput.median if result.throughput else 0.0


def curves(results: Sequence[Result], labels: Labels) -> tuple[Curve, ...]:
    """Group results by run, model and variant, in order of first appearance."""
    grouped: dict[tuple[int, str, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.run, result.case.model, labels.variant(result.case)), []).append(result)
    hues = {model: number for number, model in enumerate(dict.fromkeys(model for _, model, _ in grouped))}
    looks = dict.fromkeys((run, variant) for run, _, variant in grouped)
    dashes = {look: number for number, look in enumerate(looks)}
    return tuple(
        Curve(
            name=labels.series(found[0].case, run=run),
            run=run,
            hue=hues[model],
            dash=dashes[run, variant],
            results=tuple(sorted(found, key=lambda result: result.case.batch_size)),
        )
        for (run, model, variant), found in grouped.items()
    )


def line(
    curve: Curve, points: Sequence[Result], *, summaries: Sequence[Summary], hover: Sequence[str], scale: float = 1.0
) -> Series:
    """Return a measured series over batch size with its intervals, in base units times `scale`."""
    return Series(
        name=curve.name,
        legend=curve.name,
        role=Role.MEASURED,
        hue=curve.hue,
        dash=curve.dash,
        x=tuple(point.case.batch_size for point in points),
        y=tuple(summary.median * scale for summary in summaries),
        low=tuple(summary.interval.low * scale if summary.interval else None for summary in summaries),
        high=tuple(summary.interval.high * scale if summary.interval else None for summary in summaries),
        hover=tuple(hover),
        rows=tuple(point.position for point in points),
    )


def batch_axis(results: Sequence[Result]) -> FigureAxis:
    """Return the axis of batch sizes with a tick at each that was planned."""
    ticks = tuple(float(size) for size in sorted({result.case.batch_size for result in results}))
    return FigureAxis(title="batch size (images)", scale=Scale.LOG, ticks=ticks)


def view_of(long: Table, figure: str, caption: str, shown: Sequence[str]) -> Table:
    """Return the long table with only the columns that a figure draws, beside those that name the case."""
    named = [key for key in long.shown if key in {"run", "model", "batch_size"} or key in AXES]
    positions = {key: long.index(key) for key in shown}
    present = [key for key, position in positions.items() if any(row[position] is not None for row in long.rows)]
    status = [key for key in long.shown if key == "status"]
    return msgspec.structs.replace(long, id=f"{figure}-data", caption=caption, shown=(*named, *present, *status))
