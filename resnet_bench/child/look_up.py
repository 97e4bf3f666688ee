"""Whether external models and weights are there, before anything of them is measured. Imports torch."""

from resnet_bench.models import checkpoints, external
from resnet_bench.models import weights as trained
from resnet_bench.models.imported import imported
from resnet_bench.records import arguments
from resnet_bench.records.inputs import ModelInput
from resnet_bench.records.weights import parse
from resnet_bench.specs import Spec
from resnet_bench.wire.messages import Known, LookUpRequest, Named


def look_up(request: LookUpRequest) -> Known:
    """Find each model with its own input, its weights, and each function.

    Raises:
        ModelError: the first that is not there.
    """
    for function in request.functions:
        imported(function)
    return Known(inputs=tuple(str(_own_input(model)) for model in request.models))


def _own_input(named: Named) -> ModelInput:
    choice = parse(named.weights)
    published = trained.published_name(choice) if named.weights else ""
    if named.weights and not published:
        checkpoints.refuse_absent(choice)
    if isinstance(named.model, Spec):
        if published:
            trained.url_of(named.model, published)
        return named.model.own_input
    return external.look_up(named.model, arguments=arguments.from_text(named.arguments), published=published)
