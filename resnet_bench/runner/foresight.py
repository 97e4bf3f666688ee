"""What this machine's layers predict of a run's cases before they are measured: kept in it, to stand beside them."""

from collections.abc import Iterator

from resnet_bench.errors import ResNetBenchError
from resnet_bench.records import Foreseen
from resnet_bench.records.layer_library import LayerWay
from resnet_bench.runner.oracle import Oracle, PredictionSubject, static_of
from resnet_bench.runner.plan import Plan
from resnet_bench.runner.prediction import refuse
from resnet_bench.specs import Spec


def foresee(plan: Plan) -> tuple[Foreseen, ...]:
    """Predict the cases of a plan that are made of known layers alone; nothing is measured for it, and nothing said."""
    return tuple(_foreseen(plan))


def _foreseen(plan: Plan) -> Iterator[Foreseen]:
    oracles: dict[LayerWay, Oracle | None] = {}
    for case in plan.cases:
        model, way = plan.model(case), LayerWay.of(case)
        # Layers are known of this machine alone, and of one process.
        if not isinstance(model, Spec) or case.input or case.machine or case.processes > 1:
            continue
        if way not in oracles:
            oracles[way] = _oracle(way)
        oracle = oracles[way]
        if oracle is None:
            continue
        try:
            refuse(case, model)
            subject = PredictionSubject(case, model, static_of(case, model), model.family)
        except ResNetBenchError:  # what cannot be predicted, or not even run, is no reason to stop
            continue
        found = oracle.predict(subject)
        if found.interval is not None and not found.missing:
            low_s, high_s = found.interval.low, found.interval.high
            yield Foreseen(case=case, latency_s=found.latency_s, low_s=low_s, high_s=high_s, nominal=found.nominal)


def _oracle(way: LayerWay) -> Oracle | None:
    try:
        return Oracle(way)
    except ResNetBenchError:
        return None
