"""What `benchmarks.predict` found, as records, and as a table with what each bar comes to."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence

from resnet_bench.records import Mode, Record
from resnet_bench.records.predictions import PredictedLatency

STANDARD_LAUNCHES = 6


class Bar(Record, frozen=True):
    """Networks predicted from a library of others, or of their own kind, and how far off that may be."""

    name: str
    library: tuple[str, ...]
    models: tuple[str, ...]
    batch_size: int
    image_size: int = 224
    mode: str = "inference"
    preset: str = "quick"
    median: float | None = None
    most: float | None = None


class Outcome(Record, frozen=True, kw_only=True):
    """One case predicted three ways, and measured: seconds of an iteration.

    `raw_s` is by the clock, `at_nominal_s` at the speed for which all three predictions are;
    `corrected_s` is what a run's report says. `launch_duration_s` is the mean time of a launch's process.
    """

    bar: str
    predicted: PredictedLatency
    by_macs_s: float
    by_roofline_s: float
    raw_s: float
    at_nominal_s: float | None
    corrected_s: float | None
    launch_medians_s: tuple[float, ...]
    launch_duration_s: float

    @property
    def measured_s(self) -> float:
        """What was measured, at the speed that was predicted."""
        return self.at_nominal_s or self.raw_s


class Judged(Record, frozen=True, kw_only=True):
    """A prediction made again after everything was measured, with what other families taught; see `predict --check`."""

    error: float
    covered: bool
    half_width: float


class Outcomes(Record, frozen=True, kw_only=True):
    """All of them, with what the machine was like; `took_s` is by kind of work."""

    bars: tuple[Bar, ...]
    began: str
    load_before: float
    load_after: float
    launches: int
    took_s: dict[str, float]
    outcomes: tuple[Outcome, ...]
    judged: tuple[Judged, ...]


def table(found: Outcomes) -> Iterator[str]:
    """Yield the table in Markdown, and what it comes to."""
    yield "| bar | case | measured, ms | at that speed | predicted, ms | off by | interval | within | MACs | roofline |"
    yield "|---|---|--:|--:|--:|--:|---|---|--:|--:|"
    for it in found.outcomes:
        case = it.predicted.case
        training = "" if case.mode is Mode.INFERENCE else " training"
        size = f"{case.model} b{case.batch_size} {case.image_size}px{training}"
        interval = f"±{100 * (it.predicted.half_width or math.nan):.1f} %"
        yield (
            f"| {it.bar} | {size} | {it.raw_s * 1e3:.1f} | {it.measured_s * 1e3:.1f} "
            f"| {it.predicted.latency_s * 1e3:.1f} | {_off(it.predicted.latency_s, it)} | {interval} "
            f"| {'yes' if _within(it) else 'no'} | {_off(it.by_macs_s, it)} | {_off(it.by_roofline_s, it)} |"
        )
    yield ""
    for name in dict.fromkeys(it.bar for it in found.outcomes):
        yield from _bar_lines(name, [it for it in found.outcomes if it.bar == name], found.bars)
    yield from _interval_lines(found)
    yield from _time_lines(found)


def _within(it: Outcome) -> bool:
    return it.predicted.covers(it.measured_s)


def _bar_lines(name: str, outcomes: Sequence[Outcome], bars: Sequence[Bar]) -> Iterator[str]:
    bar = next(it for it in bars if it.name == name)
    ways: dict[str, Callable[[Outcome], float]] = {
        "layers": lambda it: it.predicted.latency_s,
        "MACs alone": lambda it: it.by_macs_s,
        "the roofline alone": lambda it: it.by_roofline_s,
    }
    limits = f" (bar {bar.median:.0%} and {bar.most:.0%})" if bar.median and bar.most else ""
    for way, of in ways.items():
        errors = [of(it) / it.measured_s - 1 for it in outcomes]
        sizes = [abs(error) for error in errors]
        said = limits if way == "layers" else ""
        yield (
            f"{name}, by {way}: off by {statistics.median(sizes):.1%} in the median, {max(sizes):.1%} at most{said}; "
            f"{statistics.median(errors):+.1%} with its sign."
        )
    raw = [abs(it.predicted.latency_s / it.raw_s - 1) for it in outcomes]
    yield f"{name}, against the clock alone: {statistics.median(raw):.1%} in the median, {max(raw):.1%} at most."


def _interval_lines(found: Outcomes) -> Iterator[str]:
    covered = sum(_within(it) for it in found.outcomes)
    widths = [it.predicted.half_width or math.inf for it in found.outcomes]
    yield (
        f"{covered} of {len(found.outcomes)} measured values lie in their 95 % interval, whose half-width is "
        f"{statistics.median(widths):.1%} in the median (bars 90 in 100 and 12 %)."
    )
    if found.judged:
        held = sum(it.covered for it in found.judged)
        yield (
            f"Predicted again with what others taught meanwhile: {held} of {len(found.judged)} intervals hold, off "
            f"by {statistics.median(abs(it.error) for it in found.judged):.1%} and wide by "
            f"{statistics.median(it.half_width for it in found.judged):.1%} in the median."
        )


def _time_lines(found: Outcomes) -> Iterator[str]:
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in found.took_s.items())
    yield f"{took}; {found.launches} launches a case, began {found.began}, load {found.load_before:.1f} before and "
    yield f"{found.load_after:.1f} after."
    builders = [it for it in found.outcomes if it.bar == "builders"]
    library_s = found.took_s.get("library of builders")
    if builders and library_s:
        standard_s = STANDARD_LAUNCHES * sum(it.launch_duration_s for it in builders)
        yield (
            f"The builders' library took {library_s:.0f} s, measuring them by standard's {STANDARD_LAUNCHES} launches "
            f"{standard_s:.0f} s by what each launch took: {library_s / standard_s:.0%} (bar 33 %)."
        )


def _off(predicted_s: float, it: Outcome) -> str:
    return f"{100 * (predicted_s / it.measured_s - 1):+.1f} %"
