"""Whether external models are there, before anything of them is measured. Imports torch."""

from resnet_bench.models import external
from resnet_bench.wire.messages import Known, LookUpRequest


def look_up(request: LookUpRequest) -> Known:
    """Find each model.

    Raises:
        UnknownModelError: the first that is not there.
    """
    for name in request.models:
        external.look_up(name)
    return Known()
