"""Predictions held against what was measured: each without what the library learnt of its own model or family."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from resnet_bench.analysis.prediction.knowledge import Knowledge, knowledge
from resnet_bench.analysis.prediction.levels import at_speed_s
from resnet_bench.analysis.prediction.model_error import PastError, model_error
from resnet_bench.analysis.prediction.predict import predict, with_error
from resnet_bench.analysis.prediction.shapes import static_pieces
from resnet_bench.records import Nominal, Profile
from resnet_bench.records.layer_library import LayerLibrary, LayerWay, MeasuredLatency
from resnet_bench.records.predictions import JudgedPrediction, PredictedLatency

# The static profile of what was measured and its family, None where it has no closed form.
Counted = Callable[[MeasuredLatency], tuple[Profile, str] | None]


def judged(
    library: LayerLibrary, measured: Iterable[MeasuredLatency], counted: Counted
) -> tuple[JudgedPrediction, ...]:
    """Predict what was measured in the library's way, and say how far off that is.

    What needs layers that the library knows from that model alone, or not at all, is left out: it would judge guesses.
    """
    without: dict[frozenset[str], Knowledge | None] = {}
    raw: list[JudgedPrediction] = []
    taught = [(source.model, {it.shape: len(it.forward_s) for it in source.layers}) for source in library.sources]
    for each in measured:
        if LayerWay.of(each.case) != library.way:
            continue
        found = counted(each)
        if found is None:
            continue
        own = Counter(piece.shape for piece in static_pieces(found[0].layers))
        # A network of the same layers is the same one, whatever it is called.
        excluded = frozenset(model for model, layers in taught if model == each.case.model or layers == own)
        if excluded not in without:
            without[excluded] = knowledge(library, without=excluded)
        known = without[excluded]
        if known is None:
            continue
        predicted = predict(each.case, found[0], known, family=found[1])
        if not predicted.missing:
            raw.append(_beside(predicted, each, known.nominal))
    past = past_errors(raw)
    errors = {family: model_error(past, family=family) for family in {it.predicted.family for it in raw}}
    return tuple(
        msgspec.structs.replace(it, predicted=with_error(it.predicted, errors[it.predicted.family])) for it in raw
    )


def _beside(predicted: PredictedLatency, measured: MeasuredLatency, nominal: Nominal | None) -> JudgedPrediction:
    """Return a prediction beside what was measured: at the same speed, where that is known of both."""
    corrected_s = at_speed_s(measured, nominal)
    return JudgedPrediction(
        predicted=predicted,
        measured_s=corrected_s or measured.latency_s,
        measured_at=measured.measured_at,
        raw_s=measured.latency_s if corrected_s else None,
        disturbed=measured.disturbed and corrected_s is None,
    )


def past_errors(judged: Sequence[JudgedPrediction]) -> tuple[PastError, ...]:
    """Return how far the layers' sums were off, before anything was learnt from that; what was disturbed tells none."""
    return tuple(
        PastError(
            family=it.predicted.family,
            log_ratio=math.log(it.measured_s / it.predicted.latency_s) + it.predicted.model_error.bias,
            deviation=it.predicted.library_deviation,
        )
        for it in judged
        if not it.disturbed
    )
