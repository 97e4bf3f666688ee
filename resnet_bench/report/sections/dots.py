"""Configurations as dots with their intervals, the best first, coloured by the axis that varies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resnet_bench import units
from resnet_bench.analysis.best import Advice, Step, advise, steps
from resnet_bench.analysis.claims import standing
from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.analysis.criteria import borrows_accuracy
from resnet_bench.analysis.deployment_metrics import SQNR
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import PEAK_ALLOCATED, PEAK_RSS, THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.executors.table import facts
from resnet_bench.records import Case, Interval
from resnet_bench.report.claim_words import superlative
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels, axis_words
from resnet_bench.report.sections.agreement_columns import agreement_mark, agreement_of, told_agreement
from resnet_bench.report.sections.best import gain_words
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.curves import throughput_of, view_of
from resnet_bench.report.sections.peak_words import peak_words
from resnet_bench.report.sections.varies import Shape, shapes, varies
from resnet_bench.report.table import Table
from resnet_bench.words import sentence

_ROW_PX = 24
_AGREEMENT_READ = (
    " In brackets stands how close the output is to eager float32's: signal to error of the logits, and the share of "
    "images that get the same class where that is known."
)
_WIDE = 10


@dataclass(frozen=True, kw_only=True)
class _Colour:
    """What the colours say: a name for each value in order, and the value of a result."""

    of: Callable[[Result], str]
    values: tuple[str, ...]


def dots_section(context: Context) -> Section | None:
    """Return the figures, None where curves say it all or nothing differs."""
    kinds = shapes(varies(context.curves))
    if Shape.DOTS not in kinds:
        return None
    best = [it for curve in context.curves if (it := curve.fastest) is not None]
    figures = [_throughput(best, context)]
    if Shape.CURVES not in kinds:
        figures += [it for it in (_memory(best, context),) if it]
    return Section(id="configurations", title="Configurations", prominence=Prominence.PAGE, figures=tuple(figures))


def _throughput(best: Sequence[Result], context: Context) -> Figure:
    names = _names(best, context.labels)
    marked = {it.position: f"{names[it.position]}{agreement_mark(it)}" for it in best}
    ranked = sorted(best, key=lambda it: -throughput_of(it))
    several = len({it.case.batch_size for it in best}) > 1
    return Figure(
        id="configurations",
        title="Throughput of each configuration",
        finding=_finding(best, names, context),
        how_to_read=(
            f"To the right is better. Each dot is a configuration{' at the batch size where it is fastest' * several}, "
            f"its bar the {CONFIDENCE_TEXT} interval over launches: where bars overlap, launches may not tell the two "
            "apart. Colours and markers are the values of the axis that varies."
            f"{_AGREEMENT_READ * (marked != names)}"
        ),
        x=FigureAxis(title="throughput (images/s)", scale=_scale([throughput_of(it) for it in best])),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=_series(
            best,
            marked,
            context.labels,
            value=throughput_of,
            bounds=lambda it: it.throughput.interval if it.throughput else None,
            say=lambda it: f"{units.per_second(throughput_of(it))} images/s{_agreement(it)}",
        ),
        table=view_of(
            context.long,
            "configurations",
            "Throughput of each case",
            (
                *(THROUGHPUT.name, "throughput_low_images_per_s", "throughput_high_images_per_s", "latency_s"),
                *(SQNR.name, "agreement"),
            ),
        ),
        row_px=_ROW_PX,
        order=tuple(marked[it.position] for it in ranked),
    )


def _agreement(it: Result) -> str:
    said = agreement_of(it)
    return f"; as eager float32: {said}" if said else ""


def _scale(values: Sequence[float]) -> Scale:
    """Return a logarithmic scale where the slower ones would lie on one another at the edge."""
    return Scale.LOG if max(values) > _WIDE * min(values) > 0 else Scale.LINEAR


def _memory(best: Sequence[Result], context: Context) -> Figure | None:
    known = sorted((it for it in best if it.peak_bytes), key=lambda it: it.peak_bytes or 0)
    if not known:
        return None
    names = _names(best, context.labels)
    least, most = known[0], known[-1]
    return Figure(
        id="memory",
        title="Peak memory of each configuration",
        finding=(
            f"From {units.byte_size(least.peak_bytes)} ({names[least.position]}) to {units.byte_size(most.peak_bytes)} "
            f"({names[most.position]})."
        ),
        how_to_read=(
            "To the left is better: the peak that the device's allocator handed out, or, where it does not tell, the "
            "peak RSS of the process with the interpreter and its libraries."
        ),
        x=FigureAxis(title=f"{peak_words(known)} (MiB)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=_series(
            known,
            names,
            context.labels,
            value=lambda it: (it.peak_bytes or 0) / 2**20,
            bounds=lambda _: None,
            say=lambda it: units.byte_size(it.peak_bytes),
        ),
        table=_memory_table(context.long),
        row_px=_ROW_PX,
        order=tuple(names[it.position] for it in known),
    )


def _memory_table(long: Table) -> Table:
    return view_of(long, "memory", "Peak memory of each case", (PEAK_ALLOCATED.name, PEAK_RSS.name))


def _names(best: Sequence[Result], labels: Labels) -> dict[int, str]:
    """Return each case's name by its row, with its batch size where they differ."""
    several = len({it.case.batch_size for it in best}) > 1
    return {
        it.position: f"{labels.series(it.case, run=it.run)}{f', batch {it.case.batch_size}' if several else ''}"
        for it in best
    }


def _colours(best: Sequence[Result], labels: Labels) -> _Colour:
    """Return the first axis that varies beside model and batch size; runs where they stand side by side."""
    if len(labels.runs) > 1:
        return _Colour(of=lambda it: labels.runs[it.run], values=labels.runs)
    for axis in labels.case_axes:
        values = tuple(dict.fromkeys(axis_words(axis, getattr(it.case, axis)) for it in best))
        if len(values) > 1:
            return _Colour(of=_words_of(axis), values=values)
    return _Colour(of=lambda _: "", values=("",))


def _words_of(axis: str) -> Callable[[Result], str]:
    return lambda it: axis_words(axis, getattr(it.case, axis))


def _series(
    best: Sequence[Result],
    names: dict[int, str],
    labels: Labels,
    *,
    value: Callable[[Result], float],
    bounds: Callable[[Result], Interval | None],
    say: Callable[[Result], str],
) -> tuple[Series, ...]:
    colours = _colours(best, labels)
    found = []
    for hue, name in enumerate(colours.values):
        of = [it for it in best if colours.of(it) == name]
        intervals = [bounds(it) for it in of]
        found.append(
            Series(
                name=name,
                legend=name,
                role=Role.DOTS,
                hue=hue,
                x=tuple(value(it) for it in of),
                y=tuple(names[it.position] for it in of),
                low=tuple(it.low if it else None for it in intervals),
                high=tuple(it.high if it else None for it in intervals),
                bounds_on_x=True,
                hover=tuple(f"{names[it.position]}: {say(it)}" for it in of),
                rows=tuple(it.position for it in of),
            )
        )
    return tuple(it for it in found if it.x)


def _finding(best: Sequence[Result], names: dict[int, str], context: Context) -> str:
    summaries = [it.throughput for it in best if it.throughput]
    found = standing(summaries, Direction.HIGHER)
    figure = f"{units.per_second(summaries[found.first].median)} images/s"
    text = superlative([names[it.position] for it in best], found, quality="the fastest", figure=figure)
    return f"{text}.{_helps(context)}"


def _helps(context: Context) -> str:
    """Say what the axes bring that a user can turn: the largest gain of each, and whether it is proven."""
    said = []
    for axis in context.labels.case_axes:
        alone = [it for it in steps(context.results) if it.axis == axis]
        if alone:
            most = max(alone, key=lambda it: it.gain.ratio)
            case = most.other.case
            value = " in ".join(filter(None, (_titled((axis,), case), _titled(most.within, case))))
            gain, model = gain_words(most.gain), case.model
            if borrows_accuracy(most.other):
                model += f"; agreement with fp32 {told_agreement(most.other)}"
            verdicts = {
                Advice.USE: f"{value} helps: up to {gain} ({model})",
                Advice.KEEP: f"{value} does not help: at best {gain} ({model})",
                Advice.UNCLEAR: f"whether {value} helps is not clear ({gain} measured)",
            }
            said.append(verdicts[_judged(most, alone)])
    return "".join(f" {sentence(it)}" for it in said)


def _judged(most: Step, alone: Sequence[Step]) -> Advice:
    """Return what is said of the largest of several gains: chance makes one of many large, and hardly two."""
    if most.advice is Advice.USE and sum(it.advice is Advice.USE for it in alone) == 1:
        return advise(most.default, most.other, family=len(alone))
    return most.advice


def _titled(axes: Sequence[str], case: Case) -> str:
    """Return values of axes as sentences have them: a runtime is called as its makers do."""
    titles = {"executor": facts(case.executor).title}
    return ", ".join(titles.get(axis) or axis_words(axis, getattr(case, axis)) for axis in axes)
