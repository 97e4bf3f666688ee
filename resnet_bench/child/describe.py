"""A foreign model's static profile and its module tree. Imports torch."""

from typing import Any

from resnet_bench.errors import ModelError, ResNetBenchError, deed
from resnet_bench.models import create_model
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.largest_batch import largest_batch
from resnet_bench.records import arguments
from resnet_bench.wire.descriptions import NOT_OF_A_BATCH, Costed, CostRequest, Shown, ShowRequest

_ASKED = tuple(name for name in CostRequest.__struct_fields__ if name not in {"model", "memory_bytes"})


def cost(request: CostRequest) -> Costed:
    """Profile a model, and find the largest batch that fits where a size of memory is given.

    Raises:
        ModelError: the model or its input is wrong.
        UsageError: a counter is not known.
    """
    asked: dict[str, Any] = {name: getattr(request, name) for name in _ASKED}
    profile, limit, fits = static_profile(request.model, **asked), request.memory_bytes, None
    if limit is not None:
        fitting = {name: value for name, value in asked.items() if name not in NOT_OF_A_BATCH}
        fits = largest_batch(request.model, memory_bytes=limit, **fitting)
    return Costed(profile=profile, largest_batch_size=fits)


def show(request: ShowRequest) -> Shown:
    """Build a model without data and print it, in characters that can be written.

    Raises:
        ModelError: it cannot be built, or not be printed.
    """
    built_with = arguments.from_text(request.arguments)
    module = create_model(request.model, num_classes=request.num_classes, device="meta", arguments=built_with)
    try:
        tree = str(module)
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ModelError(f"'{request.model}' cannot be printed: it {deed(error)}.") from error
    return Shown(tree=tree.encode(errors="backslashreplace").decode())
