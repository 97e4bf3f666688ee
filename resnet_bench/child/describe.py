"""A foreign model's static profile and its module tree. Imports torch."""

from typing import Any

from resnet_bench.errors import ModelError, ResNetBenchError, deed
from resnet_bench.models import create_model
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.largest_batch import largest_batch
from resnet_bench.wire.descriptions import Costed, CostRequest, Shown, ShowRequest


def cost(request: CostRequest) -> Costed:
    """Profile a model, and find the largest batch that fits where a size of memory is given.

    Raises:
        ModelError: the model or its input is wrong.
        UsageError: a counter is not known.
    """
    asked: dict[str, Any] = dict(
        mode=request.mode, precision=request.precision, image_size=request.image_size, optimizer=request.optimizer
    )
    profile = static_profile(request.model, batch_size=request.batch_size, counters=request.counters, **asked)
    limit, fits = request.memory_bytes, None
    if limit is not None:
        fits = largest_batch(request.model, memory_bytes=limit, **asked)
    return Costed(profile=profile, largest_batch_size=fits)


def show(request: ShowRequest) -> Shown:
    """Build a model without data and print it, in characters that can be written.

    Raises:
        ModelError: it cannot be built, or not be printed.
    """
    module = create_model(request.model, num_classes=request.num_classes, device="meta")
    try:
        tree = str(module)
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ModelError(f"'{request.model}' cannot be printed: it {deed(error)}.") from error
    return Shown(tree=tree.encode(errors="backslashreplace").decode())
