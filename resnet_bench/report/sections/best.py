"""What would be faster: the fastest configuration of each model, and what each axis brings alone."""

from collections.abc import Collection, Sequence

from resnet_bench import units
from resnet_bench.analysis.best import AXES, FIXED, Advice, Best, Gain, Step, best, differing, steps
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.results import Result
from resnet_bench.config.axes import BY_NAME
from resnet_bench.records import Case, Figures
from resnet_bench.report.claim_words import too_few
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.labels import Labels, axis_cells, axis_columns, axis_words, pointless
from resnet_bench.report.ratio_columns import OF_RATIOS
from resnet_bench.report.sections.agreement_columns import agreement_of
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.costs_of_speed import COSTS, commands, cost_cells, costs_shown, costs_words
from resnet_bench.report.sections.peak_words import named_by_peak
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

_WORDS = {
    Advice.USE: "use it",
    Advice.KEEP: "keep the default",
    Advice.UNCLEAR: "not clear: more launches would tell",
}
_GROUP = (
    Column(key="run", title="run", kind=ColumnKind.NAME, repeats=True),
    *axis_columns(FIXED, facet=False),
)
_GAIN = (
    Column(
        key="gain",
        title="gain",
        kind=ColumnKind.RATIO,
        low="gain_low",
        high="gain_high",
        help=f"Throughput over that of the default, with its {CONFIDENCE_TEXT} interval from three launches a side on. "
        f"{OF_RATIOS}",
    ),
    Column(key="gain_low", title="gain, low", kind=ColumnKind.RATIO),
    Column(key="gain_high", title="gain, high", kind=ColumnKind.RATIO),
)
_BEST = (
    *_GROUP,
    Column(key="fastest", title="fastest", kind=ColumnKind.TEXT),
    Column(key="throughput_images_per_s", title="throughput", kind=ColumnKind.RATE, unit="images/s"),
    Column(
        key="not_separable_from",
        title="not separable from",
        kind=ColumnKind.TEXT,
        rank=3,
        help="Configurations whose throughput these launches cannot tell from the fastest.",
    ),
    *_GAIN,
    Column(key="default", title="default", kind=ColumnKind.TEXT, rank=2),
    Column(key="default_images_per_s", title="its throughput", kind=ColumnKind.RATE, unit="images/s", rank=1),
    *COSTS,
    Column(key="configurations", title="of", kind=ColumnKind.INTEGER, help="Configurations measured."),
)
_STEPS = (
    *_GROUP,
    Column(key="axis", title="axis", kind=ColumnKind.TEXT),
    Column(key="change", title="change", kind=ColumnKind.TEXT),
    *_GAIN,
    Column(key="advice", title="advice", kind=ColumnKind.TEXT),
    Column(key="agreement", title="its agreement", kind=ColumnKind.TEXT, rank=1, help="With eager float32."),
)


def best_section(context: Context) -> Section | None:
    """Return both tables, None where no model was measured in more than one configuration."""
    results, labels = context.results, context.labels
    found, alone = best(results), steps(results)
    if not found:
        return None
    named = ("run",) if len(labels.runs) > 1 else ()
    varied = tuple(axis for axis in FIXED[1:] if len({getattr(it.fastest.case, axis) for it in found}) > 1)
    group = (*named, "model", *varied)
    told = _told(results)
    calibrations = [context.runs[it.fastest.run].header.protocol.calibration for it in found]
    tables = [
        Table(
            id="best",
            caption="The fastest configuration of each model, and what it gains over the default",
            columns=named_by_peak(_BEST, [it.fastest for it in found]),
            rows=tuple(_best_row(it, labels, told, folder) for it, folder in zip(found, calibrations, strict=True)),
            shown=(
                *(*group, "fastest", "throughput_images_per_s"),
                *(("not_separable_from",) if any(it.rivals for it in found) else ()),
                *("gain", "default", "default_images_per_s"),
                *costs_shown([it.fastest for it in found]),
            ),
        )
    ]
    if alone:
        tables.append(
            Table(
                id="advice",
                caption="What each axis brings alone, everything else as in the default"
                f"{' or as said' * any(it.within for it in alone)}",
                columns=_STEPS,
                rows=tuple(_step_row(it, labels) for it in alone),
                shown=(*group, "change", "gain", "advice", *(("agreement",) * any(it.other.agreement for it in alone))),
            )
        )
    return Section(
        id="best",
        title="What would be faster",
        prominence=Prominence.PAGE,
        paragraphs=(
            (
                f"{_finding(found, told)}{_separable(found, told)}{_by_which(results, found, alone)} Fastest means "
                "throughput. The default is fp32, "
                "contiguous and eager at the smallest batch measured; an axis that this sweep did not vary is not in "
                "these tables. A larger batch costs latency, another precision changes the numbers that come out"
                f"{costs_words([it.fastest for it in found])}."
            ),
        ),
        tables=tuple(tables),
        lines=commands([it.fastest for it in found], calibrations),
    )


def _told(results: Sequence[Result]) -> tuple[str, ...]:
    """Return the axes that tell configurations of a run apart: what is the same everywhere is said above the tables."""
    measured = [(it.run, it.case) for it in results if it.throughput]
    runs = {run for run, _ in measured}
    return tuple(axis for axis in AXES if len({(run, getattr(case, axis)) for run, case in measured}) > len(runs))


def _finding(found: Sequence[Best], told: Collection[str]) -> str:
    gains = [(it.gain.ratio, it) for it in found if it.gain is not None]
    if not gains:
        if any(it.default is None for it in found):
            return "The default was not measured, so there is no gain over it."
        return "The default measured the highest throughput of every model's configurations."
    most = max(gains, key=lambda pair: pair[0])[1]
    where = _gained(most.fastest.case, most.default.case) if most.default else words(most.fastest.case, told)
    interval = most.gain.interval if most.gain else None
    sure = (
        "" if interval is not None and interval.low > 1 else ", which these launches are too few or too noisy to prove"
    )
    return (
        f"The largest gain measured is that of {most.fastest.case.model}: {gain_words(most.gain)} with {where}{sure}"
        f"{_as_large(most, [it for _, it in gains])}."
    )


def gain_words(gain: Gain | None) -> str:
    """Return a gain as a person says it, with the digits that its interval leaves it."""
    plain = units.factor(gain.ratio if gain else None)
    if gain is None or gain.interval is None:
        return plain
    return min(f"{units.known_ratio(gain.ratio, gain.interval.low, gain.interval.high)}x", plain, key=len)


def _as_large(most: Best, gains: Sequence[Best]) -> str:
    """Say which other gains may be as large: those whose interval meets that of the largest."""
    bound = most.gain.interval.low if most.gain and most.gain.interval else None
    if bound is None:
        return ""
    rivals = [
        f"{it.fastest.case.model} ({gain_words(it.gain)})"
        for it in gains
        if it is not most and it.gain and it.gain.interval and it.gain.interval.high >= bound
    ]
    return f"; these launches cannot tell it from that of {listed(rivals)}" if rivals else ""


def _separable(found: Sequence[Best], told: Collection[str]) -> str:
    """Say for how many models the fastest configuration is proven to be that, "" where it is for all of them."""
    tied = [it for it in found if not it.standing.proven]
    if not tied:
        return ""
    counts = f"{len(tied)} of {counted(len(found), 'model')}"
    few = [it for it in tied if it.standing.without_interval]
    if len(few) == len(tied):
        return f" That it is the fastest is not proven for {counts}: {too_few(few[0].standing.launches)}."
    most = max(tied, key=lambda it: it.standing.half_width or 0.0)
    others = listed([words(it.case, told) for it in most.rivals])
    example = f"these launches cannot tell {words(most.fastest.case, told)} from {others}"
    if len(found) == 1:
        return f" Which is the fastest is open: {example}."
    return f" For {counts} which is the fastest is open: of {most.fastest.case.model} {example}."


def _by_which(results: Sequence[Result], found: Sequence[Best], alone: Sequence[Step]) -> str:
    """Say by which figures configurations are ranked, "" where none of them could have been corrected."""
    kinds = {gain.figures for gain in (*(it.gain for it in found), *(it.gain for it in alone)) if gain}
    if not kinds or not any(it.throughput and it.throughput.corrected for it in results):
        return ""
    if kinds == {Figures.CORRECTED}:
        return " Ranks and gains are of figures corrected for drift."
    if Figures.CORRECTED in kinds:
        return " Gains are of figures corrected for drift where both configurations have them, else as measured."
    return " Gains are of figures as they were measured."


def words(case: Case, told: Collection[str]) -> str:
    """Return a configuration in words: its values of the axes that are told."""
    return ", ".join(filter(None, (_axis(axis, case) for axis in AXES if axis in told))) or "the default"


def _within_words(step: Step) -> str:
    """Return where a step was made if not from the default: " in openvino", "" from the default."""
    return f" in {', '.join(_axis(axis, step.other.case) for axis in step.within)}" if step.within else ""


def _gained(case: Case, default: Case) -> str:
    """Return in words what differs from the default."""
    return ", ".join(_axis(axis, case) for axis in differing(case, default)) or "the default"


def _axis(axis: str, case: Case) -> str:
    return axis_words(axis, getattr(case, axis))


def _best_row(it: Best, labels: Labels, told: Collection[str], calibration: str) -> Row:
    default = it.default
    return (
        *_group_cells(it.fastest, labels),
        words(it.fastest.case, told),
        it.fastest.throughput.median if it.fastest.throughput else None,
        _rivals(it, told),
        *_gain_cells(it.gain),
        None if default is None else words(default.case, told),
        default.throughput.median if default is not None and default.throughput else None,
        *cost_cells(it.fastest, calibration),
        it.configurations,
    )


def _rivals(it: Best, told: Collection[str]) -> str | None:
    if it.standing.without_interval:
        return too_few(it.standing.launches)
    return "; ".join(words(rival.case, told) for rival in it.rivals) or None


def _step_row(it: Step, labels: Labels) -> Row:
    return (
        *_group_cells(it.default, labels),
        BY_NAME[it.axis].title,
        f"{_axis(it.axis, it.other.case)} instead of {getattr(it.default.case, it.axis)}{_within_words(it)}",
        *_gain_cells(it.gain),
        _WORDS[it.advice],
        agreement_of(it.other),
    )


def _group_cells(result: Result, labels: Labels) -> Row:
    idle = pointless(result.case)
    cells = zip(FIXED, axis_cells(result.case, FIXED), strict=True)
    return (labels.runs[result.run], *(None if axis in idle else cell for axis, cell in cells))


def _gain_cells(gain: Gain | None) -> Row:
    if gain is None:
        return None, None, None
    return (gain.ratio, *((gain.interval.low, gain.interval.high) if gain.interval else (None, None)))
