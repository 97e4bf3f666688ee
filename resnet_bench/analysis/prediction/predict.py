"""The latency of one iteration: layers, what lies between them, and how sure that is.

Layers that the library lacks are estimated from the roofline: their least time on the machine's ceilings times what
layers of the same operator take of theirs, which is marked, and makes the interval as wide as those differ.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from resnet_bench.analysis.prediction.knowledge import Knowledge, LayerKnowledge
from resnet_bench.analysis.prediction.model_error import CONFIDENCE, half_width, model_error
from resnet_bench.analysis.prediction.shapes import StaticPiece, static_pieces
from resnet_bench.analysis.roofline import least_of_layer
from resnet_bench.records import Case, Ceilings, Interval, Layer, Mode, Profile
from resnet_bench.records.layer_library import LayerShape
from resnet_bench.records.predictions import MissingLayer, PredictedLatency, PredictionError
from resnet_bench.specs.costs import Cost, first_weighted, iteration_cost

# Of a layer that nothing like it was timed: a third of the ceilings, give or take a factor of two.
_USUAL_TIMES_LEAST, _USUAL_LOG_SPREAD = 3.0, 0.7
_FORWARD_SHARE = 1 / 3  # of a training step of a layer that was not timed: its backward pass does twice the work


class _Sum(NamedTuple):
    """Seconds of all layers of one kind, and their variance in s²; `known_s` is of those that were timed."""

    forward_s: float
    backward_s: float
    launch_s: float
    variance: float
    known_s: float
    missing: tuple[MissingLayer, ...]


def predict(
    case: Case, static: Profile, known: Knowledge, *, family: str, ceilings: Ceilings | None = None
) -> PredictedLatency:
    """Predict one case, before anything is known of how predictions do here; `with_error` then tells it.

    Args:
        case: what is asked.
        static: its profile, with its layers.
        known: a library of the case's machine and way.
        family: of its network.
        ceilings: for layers that the library lacks.
    """
    pieces = static_pieces(static.layers)
    found = _summed(case, pieces, static.layers, known, ceilings)
    training = case.mode is Mode.TRAINING
    between = known.between
    update_s = (between.update_s or 0.0) * static.trainable_parameters if training else 0.0
    between_s = len(pieces) * (between.forward_s + (between.backward_s if training else 0.0))
    device_s = found.forward_s + found.backward_s + between_s + update_s
    host_s = found.launch_s + len(pieces) * between.launch_s if known.queues else None
    latency_s = max(device_s, host_s or 0.0)
    memory = static.predicted_memory
    made = PredictedLatency(
        case=case,
        family=family,
        latency_s=latency_s,
        interval=None,
        forward_s=found.forward_s,
        backward_s=found.backward_s if training else None,
        optimizer_s=update_s if training else None,
        between_s=between_s,
        host_s=host_s,
        layers=len(pieces),
        distinct_layers=len({piece.shape for piece in pieces}),
        missing=found.missing,
        known_share=(found.known_s + between_s + update_s) / device_s if device_s else 0.0,
        parameters=static.parameters,
        macs=static.macs,
        peak_bytes=memory.peak_bytes if memory else None,
        library_deviation=math.hypot(math.sqrt(found.variance) / latency_s, known.level_deviation)
        if latency_s
        else 0.0,
        model_error=model_error(()),
        nominal=known.nominal,
    )
    return with_error(made, made.model_error)


def with_error(predicted: PredictedLatency, error: PredictionError) -> PredictedLatency:
    """Return a prediction with what is known of how far those before it were off, in place of what it was made with."""
    latency_s = predicted.latency_s * math.exp(error.bias - predicted.model_error.bias)
    half = half_width(error, predicted.library_deviation)
    bounds = (latency_s * math.exp(-half), latency_s * math.exp(half))
    bounded = latency_s > 0 and all(it.assumed_s is not None for it in predicted.missing)
    return msgspec.structs.replace(
        predicted,
        latency_s=latency_s,
        interval=Interval(low=bounds[0], high=bounds[1], confidence=CONFIDENCE) if bounded else None,
        model_error=error,
    )


def missing_shapes(layers: Sequence[Layer], known: Knowledge | None) -> tuple[LayerShape, ...]:
    """Return the distinct layers of a network that a library lacks, in the order in which they run."""
    shapes = dict.fromkeys(piece.shape.anywhere for piece in static_pieces(layers))
    return tuple(shape for shape in shapes if known is None or known.find(shape) is None)


def _summed(
    case: Case, pieces: Sequence[StaticPiece], layers: Sequence[Layer], known: Knowledge, ceilings: Ceilings | None
) -> _Sum:
    counts = Counter(piece.shape for piece in pieces)
    examples = {piece.shape: piece for piece in reversed(pieces)}
    first = first_weighted(layers)
    images = None if first is None else layers[first]
    efficiency: _Efficiency | None = None
    forward_s = backward_s = launch_s = variance = known_s = 0.0
    missing = []
    for shape, count in counts.items():
        timed = known.find(shape)
        if timed is None:
            if efficiency is None and ceilings is not None:
                efficiency = _Efficiency(case, known, ceilings)
            lacking, timed = _estimated(case, shape, count, examples[shape], images, efficiency)
            missing.append(lacking)
        else:
            known_s += count * timed.time_s
        forward_s += count * timed.forward_s
        backward_s += count * timed.backward_s
        launch_s += count * timed.launch_s
        variance += (count * timed.time_s * timed.deviation) ** 2
    return _Sum(forward_s, backward_s, launch_s, variance, known_s, tuple(missing))


def _estimated(  # noqa: PLR0917 - everything that is known of it
    case: Case,
    shape: LayerShape,
    count: int,
    piece: StaticPiece,
    images: Layer | None,
    efficiency: "_Efficiency | None",
) -> tuple[MissingLayer, LayerKnowledge]:
    """Return a missing layer, and what is assumed of it: nothing at all without ceilings."""
    least_s = efficiency.least_s(cost_of(case, piece, images)) if efficiency is not None else None
    if efficiency is None or least_s is None:
        return MissingLayer(shape=shape, count=count, least_s=None, assumed_s=None), _NOTHING
    times, spread = efficiency.of(shape.operator)
    assumed = times * least_s
    share = _FORWARD_SHARE if case.mode is Mode.TRAINING else 1.0
    assumption = LayerKnowledge(assumed * share, assumed * (1 - share), 0.0, spread, 0, 0)
    return MissingLayer(shape=shape, count=count, least_s=least_s, assumed_s=assumed), assumption


_NOTHING = LayerKnowledge(0.0, 0.0, 0.0, 0.0, 0, 0)


def cost_of(case: Case, piece: StaticPiece, images: Layer | None) -> Cost | None:
    """Return what a piece asks of the device in an iteration, None where its backward pass is not known."""
    costs = [iteration_cost(it, case.mode, case.precision, is_first=it is images) for it in piece.layers]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return Cost(sum(it.flops for it in known), sum(it.moved_bytes for it in known))


class _Efficiency:
    """How many times its least time a layer of an operator takes: the median of those timed, and their spread."""

    def __init__(self, case: Case, known: Knowledge, ceilings: Ceilings) -> None:
        self._case, self._ceilings = case, ceilings
        self._logs: dict[str, list[float]] = {}
        for shape, timed in known.shapes:
            least_s = self.least_s(timed.cost)
            if least_s and timed.time_s:
                self._logs.setdefault(shape.operator, []).append(math.log(timed.time_s / least_s))

    def least_s(self, cost: Cost | None) -> float | None:
        """Return the least time of a cost on the ceilings, None where either is not known."""
        launches = 2 if self._case.mode is Mode.TRAINING else 1
        bound = cost and least_of_layer(*cost, self._ceilings, self._case.precision, launches=launches)
        return bound.seconds if bound else None

    def of(self, operator: str) -> tuple[float, float]:
        """Return the factor and its relative spread; of operators that were never timed, of all others."""
        logs = self._logs.get(operator) or list(_every(self._logs.values()))
        if not logs:
            return _USUAL_TIMES_LEAST, _USUAL_LOG_SPREAD
        spread = statistics.stdev(logs) if len(logs) > 1 else _USUAL_LOG_SPREAD
        return math.exp(statistics.median(logs)), spread


def _every(lists: Iterable[list[float]]) -> Iterable[float]:
    return (value for each in lists for value in each)
