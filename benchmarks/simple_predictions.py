"""Predictions that know nothing of layers: by MACs alone, and by the roofline alone, to stand beside those that do."""

import math
import statistics
from collections.abc import Callable

import msgspec

from resnet_bench import specs
from resnet_bench.analysis.prediction.knowledge import knowledge
from resnet_bench.analysis.prediction.levels import level_of
from resnet_bench.analysis.roofline import headroom
from resnet_bench.records import Case, Ceilings
from resnet_bench.records.layer_library import LayerSource, LayerWay
from resnet_bench.runner import layer_library
from resnet_bench.runner.oracle import static_of
from resnet_bench.specs.costs import iteration_work

Predictor = Callable[[Case], float]


def simple(of: Case) -> tuple[Predictor, Predictor]:
    """Return what predicts by MACs and by the roofline, fitted to the library's own networks at a case's sizes."""
    library = layer_library.find(LayerWay.of(of)).own
    if library is None or library.ceilings is None:
        raise SystemExit("the library that was just made is not there, or has no ceilings.")
    ceilings = library.ceilings
    known = knowledge(library)
    nominal = known.nominal if known else None
    whole = [
        (_case(of, it), level_of(it, nominal, threads=of.threads).seconds)
        for it in library.sources
        if it.model in specs.names() and it.batch_size == of.batch_size and _image_size(it) == of.image_size
    ]
    return _fitted(_macs, whole), _fitted(lambda case: _least_s(case, ceilings), whole)


def _case(of: Case, source: LayerSource) -> Case:
    return msgspec.structs.replace(of, model=source.model)


def _image_size(source: LayerSource) -> int:
    return source.layers[0].shape.input_shape[-1]


def _fitted(quantity: Predictor, whole: list[tuple[Case, float]]) -> Predictor:
    factor = math.exp(statistics.fmean(math.log(seconds / quantity(case)) for case, seconds in whole))
    return lambda case: factor * quantity(case)


def _macs(case: Case) -> float:
    return static_of(case, specs.find(case.model)).macs


def _least_s(case: Case, ceilings: Ceilings) -> float:
    static = static_of(case, specs.find(case.model))
    work = iteration_work(
        static.layers, mode=case.mode, precision=case.precision, trainable_parameters=static.trainable_parameters
    )
    bound = headroom(case, work, (ceilings,))
    return math.nan if bound is None else bound.least_s
