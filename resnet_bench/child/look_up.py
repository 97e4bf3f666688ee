"""Whether external models and weights are there and fit, before anything of them is measured. Imports torch."""

from typing import Any, NamedTuple

import torch

from resnet_bench.errors import ModelError, UnsupportedError
from resnet_bench.machine.devices import HOST
from resnet_bench.models import checkpoints, create_model, external, refusals
from resnet_bench.models import weights as trained
from resnet_bench.models.imported import imported
from resnet_bench.records import Precision, arguments
from resnet_bench.records.inputs import ModelInput
from resnet_bench.records.weights import parse
from resnet_bench.specs import Spec
from resnet_bench.wire.answers import Known
from resnet_bench.wire.messages import LookUpRequest, Named

_WITHOUT_DATA = torch.device("meta")


def look_up(request: LookUpRequest) -> Known:
    """Find each model with its own input and precision, its weights, and each function.

    Raises:
        ModelError: the first that is not there, or whose weights or arguments do not fit.
    """
    for function in request.functions:
        imported(function)
    found = [_found(model, builds=request.builds) for model in request.models]
    return Known(inputs=tuple(str(it.input) for it in found), precisions=tuple(it.precision for it in found))


class _Found(NamedTuple):
    input: ModelInput
    precision: Precision = Precision.FP32


def _found(named: Named, *, builds: bool) -> _Found:
    choice = parse(named.weights)
    published = trained.published_name(choice) if named.weights else ""
    of_file = bool(named.weights and not published)
    if of_file:
        checkpoints.refuse_absent(choice)
    if isinstance(named.model, Spec):
        if published:
            trained.url_of(named.model, published)
        if of_file:
            trained.refuse_unfit(create_model(named.model, device="meta"), named.weights, name=named.model.name)
        return _Found(named.model.own_input)
    given = arguments.from_text(named.arguments)
    own = external.look_up(named.model, arguments=given, published=published)
    if not builds:
        return _Found(own)
    if not given and not of_file:
        return _Found(own, _precision_where_it_can_be_built(named.model))
    # Whether published weights take the arguments, only loading tells.
    asked: dict[str, Any] = {"device": torch.device(HOST), "published": published} if published else {}
    module = external.build(named.model, arguments=given, **{"device": _WITHOUT_DATA, **asked})
    if of_file:
        trained.refuse_unfit(module, named.weights, name=named.model)
    return _Found(own, _precision(module, named.model))


def _precision_where_it_can_be_built(name: str) -> Precision:
    """Return a model's own precision; what its code does wrong is told of each case, as a skip."""
    try:
        return _precision(external.build(name, device=_WITHOUT_DATA), name)
    except ModelError:
        return Precision.FP32


def _precision(module: torch.nn.Module, name: str) -> Precision:
    try:
        return refusals.own_precision(module, name, None)
    except UnsupportedError:  # a case says so, as a skip
        return Precision.FP32
