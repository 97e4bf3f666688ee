"""Predictions as tables and sentences: what `predict` prints, and with --check how far off they were."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.prediction.across import PAIRS
from resnet_bench.config.case_labels import labels
from resnet_bench.errors import IncompleteError
from resnet_bench.records import Mode
from resnet_bench.records.layer_library import LayerLibrary, LayerShape, LayerWay
from resnet_bench.records.predictions import JudgedPrediction, PredictedLatency, PredictionError
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.runner.oracle import Oracle
from resnet_bench.words import counted, listed

_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="latency_s", title="latency", kind=ColumnKind.LATENCY, unit="ms", low="low_s", high="high_s"),
    Column(key="low_s", title="low", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="high_s", title="high", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="forward_s", title="forward", kind=ColumnKind.LATENCY, unit="ms", rank=5),
    Column(key="backward_s", title="backward", kind=ColumnKind.LATENCY, unit="ms", rank=6),
    Column(key="optimizer_s", title="optimizer", kind=ColumnKind.LATENCY, unit="ms", rank=7),
    Column(
        key="between_s",
        title="between",
        kind=ColumnKind.LATENCY,
        unit="ms",
        rank=4,
        help="What lies between and around layers: Python, and launches where they are not hidden.",
    ),
    Column(key="host_s", title="host", kind=ColumnKind.LATENCY, unit="ms", rank=3),
    Column(key="peak_bytes", title="peak memory", kind=ColumnKind.MEMORY, unit="MiB", rank=8),
    Column(key="macs", title="MACs", kind=ColumnKind.COUNT, rank=2),
    Column(key="parameters", title="parameters", kind=ColumnKind.COUNT, rank=1),
    Column(key="missing", title="unknown layers", kind=ColumnKind.INTEGER),
)
_CHECKED = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="latency_s", title="predicted", kind=ColumnKind.LATENCY, unit="ms", low="low_s", high="high_s"),
    Column(key="low_s", title="low", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="high_s", title="high", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="measured_s", title="measured", kind=ColumnKind.LATENCY, unit="ms"),
    Column(
        key="raw_s",
        title="before correction",
        kind=ColumnKind.LATENCY,
        unit="ms",
        help="Measured is at the speed of the prediction, where the reference told it; this is what the clock said.",
    ),
    Column(key="error", title="error", kind=ColumnKind.FIGURE, help="Predicted over measured, less 1."),
    Column(key="within", title="within", kind=ColumnKind.TEXT, help="Whether the interval holds what was measured."),
    Column(key="learnt", title="learnt from", kind=ColumnKind.TEXT),
)


def document(found: Sequence[PredictedLatency], oracles: Sequence[Oracle]) -> Document:
    """Return predictions; JSON is a list of them, CSV has a row for each."""
    elsewhere = {oracle.library.way for oracle in oracles if oracle.is_of_another_machine}
    names = labels([it.case for it in found])
    table = Table(
        id="predictions",
        caption="Predicted latency",
        columns=_COLUMNS,
        rows=tuple(_row(names[it.case], it) for it in found),
        shown=_shown(found),
    )
    lines = [
        *(line for oracle in oracles for line in library_lines(oracle.library)),
        *(_across_line(oracle) for oracle in oracles if oracle.differences),
        *dict.fromkeys(error_line(it.model_error) for it in found if LayerWay.of(it.case) not in elsewhere),
        *_speed_lines(found),
        *_missing_lines(found),
    ]
    return Document(
        title=f"Predicted: {next(iter(names.values()))}" if len(found) == 1 else counted(len(found), "predicted case"),
        kind="predict",
        content=lambda: found,
        rows=later(PredictedLatency, found),
        sections=(Section(id="predictions", title="", tables=(table,), lines=tuple(lines)),),
    )


def check(judged: Sequence[JudgedPrediction]) -> Document:
    """Return every prediction beside what was measured.

    Raises:
        IncompleteError: there is nothing to judge by.
    """
    if not judged:
        raise IncompleteError(
            "nothing was measured here that the known layers predict; measure some networks: "
            "resnet-bench run --models resnet34,resnet101."
        )
    return Document(
        title=f"{counted(len(judged), 'prediction')} beside what was measured",
        kind="predict --check",
        content=lambda: [_judged(it) for it in judged],
        rows=lambda: checked_table(judged),
        sections=(Section(id="check", title="", tables=(checked_table(judged),), lines=verdict_lines(judged)),),
    )


def checked_table(judged: Sequence[JudgedPrediction]) -> Table:
    """Return a row for each prediction that was measured."""
    names = labels([it.predicted.case for it in judged])
    rows = tuple(
        (
            names[it.predicted.case],
            it.predicted.latency_s,
            *_bounds(it.predicted),
            it.measured_s,
            it.raw_s,
            units.change(1 + it.error),
            "yes" if it.covered else "no",
            "not learnt from: disturbed" if it.disturbed else "yes",
        )
        for it in judged
    )
    hidden = {"low_s", "high_s"} | (set() if any(it.raw_s for it in judged) else {"raw_s"})
    hidden |= set() if any(it.disturbed for it in judged) else {"learnt"}
    shown = tuple(column.key for column in _CHECKED if column.key not in hidden)
    return Table(id="check", caption="Predicted and measured", columns=_CHECKED, rows=rows, shown=shown)


def verdict_lines(judged: Sequence[JudgedPrediction]) -> tuple[str, ...]:
    """Return in sentences how far off predictions were and how often their intervals held."""
    counting = [it for it in judged if not it.disturbed]
    if not counting:
        return ("All of these were measured while something else used the machine, so nothing is learnt from them.",)
    errors = [abs(it.error) for it in counting]
    covered = sum(it.covered for it in counting)
    widths = [it.predicted.half_width for it in counting if it.predicted.half_width is not None]
    lines = [
        (
            f"Off by {units.percent(statistics.median(errors))} in the median and {units.percent(max(errors))} at "
            f"most; {covered} of {counted(len(counting), 'interval')} hold what was measured, where 95 in 100 should; "
            f"their half-width is {units.percent(statistics.median(widths))} in the median."
        ),
        "Each was predicted without what the library learnt of that model, by errors of other families alone.",
    ]
    if len(counting) < len(judged):
        apart = counted(len(judged) - len(counting), "measurement")
        lines.append(f"Not learnt from, and in none of these figures: {apart} while something else used the machine.")
    widened = [it.predicted.model_error.widening for it in counting if it.predicted.model_error.widening > 1]
    if widened:
        lines.append(
            f"Intervals missed more often than they say, so they are wider by {units.factor(max(widened))} at most."
        )
    return tuple(lines)


def library_lines(library: LayerLibrary) -> tuple[str, ...]:
    """Return in sentences what a library is made of, and how old it is."""
    sources = library.sources
    models = list(dict.fromkeys(source.model for source in sources))
    dates = sorted(source.measured_at[:10] for source in sources)
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    disturbed = sum(bool(source.disturbances) for source in sources)
    lines = [
        (
            f"Layers: {counted(len(library.shapes), 'distinct layer')} from {counted(len(sources), 'profile')} of "
            f"{listed(models, limit=6)}, timed {when} on {library.identity.device_name}."
        )
    ]
    if disturbed:
        verb = "was" if disturbed == 1 else "were"
        lines.append(f"{counted(disturbed, 'profile')} of these {verb} disturbed by something else on the machine.")
    return tuple(lines)


def error_line(error: PredictionError) -> str:
    """Return in a sentence what the interval stands on beside the library."""
    if not error.judged:
        return (
            "No prediction was measured here yet, so intervals assume an error of a few percent; each run of another "
            "family tells more: resnet-bench predict --check."
        )
    widened = f", and are wider by {units.factor(error.widening)} because of that" if error.widening > 1 else ""
    return (
        f"Intervals are learnt from {counted(error.judged, 'measured prediction')} of other families, which were off "
        f"by {units.percent(abs(math.expm1(error.bias)))} on average; {error.missed} lay outside of theirs{widened}."
    )


def shape_words(shape: LayerShape) -> str:
    """Return a layer as people say it: Conv2d 1x64x56x56 to 1x256x56x56."""
    return f"{shape.operator} {units.shape(shape.input_shape)} to {units.shape(shape.output_shape)}"


def _across_line(oracle: Oracle) -> str:
    apart = "; ".join(oracle.differences)
    if not oracle.is_of_another_machine:
        return f"These layers are of other software ({apart}): intervals are wider."
    return (
        f"These layers are of another machine ({apart}): each is taken to be as far from this machine's ceilings as it "
        f"was from those. How far that is off was learnt from {counted(len(PAIRS), 'pair')} of published machines."
    )


def _speed_lines(found: Sequence[PredictedLatency]) -> list[str]:
    speeds = [it.nominal for it in found if it.nominal is not None]
    if not speeds:
        return []
    if all(speed.run for speed in speeds):
        return ["Latencies are at this machine's nominal speed, as the corrected figures of a run are."]
    return ["Latencies are at the speed that this machine had while its layers were timed; its first run gives it one."]


def _missing_lines(found: Sequence[PredictedLatency]) -> list[str]:
    lines = []
    for it in found:
        if not it.missing:
            continue
        names = listed([shape_words(layer.shape) for layer in it.missing], limit=4)
        if it.interval is None:
            said = "nothing bounds them without ceilings (resnet-bench machine --ceilings), so the sum is of the others"
        else:
            least_s = sum(layer.count * (layer.least_s or 0.0) for layer in it.missing)
            said = (
                f"estimated from the roofline, which allows {units.milliseconds(least_s)} ms for them; "
                f"{units.percent(it.known_share, 0)} of the latency was timed"
            )
        lines.append(
            f"{it.case.model} at batch {it.case.batch_size} has {counted(len(it.missing), 'layer')} that nobody timed: "
            f"{names}; {said}. Time them with --measure-missing."
        )
    return lines


def _row(name: str, it: PredictedLatency) -> Row:
    return (
        name,
        it.latency_s,
        *_bounds(it),
        it.forward_s,
        it.backward_s,
        it.optimizer_s,
        it.between_s,
        it.host_s,
        it.peak_bytes,
        it.macs,
        it.parameters,
        len(it.missing) or None,
    )


def _bounds(it: PredictedLatency) -> tuple[float | None, float | None]:
    return (it.interval.low, it.interval.high) if it.interval else (None, None)


def _shown(found: Sequence[PredictedLatency]) -> tuple[str, ...]:
    training = any(it.case.mode is Mode.TRAINING for it in found)
    return (
        "case",
        "latency_s",
        *(("forward_s", "backward_s", "optimizer_s") if training else ()),
        "between_s",
        *(("host_s",) if any(it.host_s is not None for it in found) else ()),
        "peak_bytes",
        "macs",
        "parameters",
        *(("missing",) if any(it.missing for it in found) else ()),
    )


def _judged(it: JudgedPrediction) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(it)
    return fields | {"error": it.error, "covered": it.covered}
