"""What a model costs, whoever's it is: a foreign one's code runs in a process of its own."""

from typing import Any

from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.largest_batch import largest_batch
from resnet_bench.report.documents.profiles import Answer
from resnet_bench.runner.choices import AskedModel
from resnet_bench.wire.descriptions import NOT_OF_A_BATCH, CostRequest


def answer(choice: AskedModel, memory_limit_bytes: int | None = None, **asked: Any) -> Answer:
    """Return a model's profile, and what fits in so much memory where that is asked.

    Args:
        choice: the model.
        memory_limit_bytes: of which the largest batch is looked for.
        asked: of `static_profile`, as the wire has it.

    Raises:
        ModelError: the model or its input is wrong.
        UnsupportedError: it cannot be trained, or not in this precision.
    """
    named, asked["arguments"] = choice.named, choice.named.arguments
    if isinstance(named.model, str):
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415 - numpy and rich, not needed otherwise

        found = launcher().ask(CostRequest(model=named.model, memory_bytes=memory_limit_bytes, **asked))
        return Answer(
            profile=found.profile, memory_limit_bytes=memory_limit_bytes, largest_batch_size=found.largest_batch_size
        )
    counted, fits = static_profile(named.model, **asked), None
    if memory_limit_bytes is not None:
        fitting = {name: value for name, value in asked.items() if name not in NOT_OF_A_BATCH}
        fits = largest_batch(named.model, memory_bytes=memory_limit_bytes, **fitting)
    return Answer(profile=counted, memory_limit_bytes=memory_limit_bytes, largest_batch_size=fits)
