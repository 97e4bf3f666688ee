"""`profile`: the exact static cost of models, before anything runs."""

from typing import Annotated

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.commands.arguments import Whole
from resnet_bench.errors import UsageError
from resnet_bench.profilers import complexity
from resnet_bench.records import Mode, Optimizer, Precision
from resnet_bench.report import profiles
from resnet_bench.report.format import Format
from resnet_bench.report.profiles import Answer, By


def profile(
    *models: str,
    mode: Mode = Mode.INFERENCE,
    batch_size: Whole = 1,
    image_size: Whole | None = None,
    precision: Precision = Precision.FP32,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    by: By = By.LAYER,
    with_: Annotated[tuple[str, ...], Parameter(name="--with")] = (),
    memory: str | None = None,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
) -> None:
    """Print the exact static profile: parameters, MACs, FLOPs, activations, memory. Nothing is run or allocated.

    Args:
        models: names from 'resnet-bench list', torchvision:NAME, timm:NAME, or package.module:callable.
        mode: inference or training; decides the predicted memory.
        batch_size: images in one iteration.
        image_size: pixels on a side; by default each model's own.
        precision: fp32, tf32, fp16, bf16, amp_fp16 or amp_bf16; decides bytes.
        optimizer: sgd, momentum or adam; decides the optimizer's share of training memory.
        by: one row per layer, stage or type.
        with_: other tools' counts beside ours: fvcore, torch.
        memory: also find the largest batch size that fits, such as 141GiB.
        format: text, markdown, json or csv.
    """
    if not models:
        raise UsageError("profile needs at least one model: resnet-bench profile resnet50.")
    limit = None if memory is None else units.parse_bytes(memory)
    counters = tuple(name for names in with_ for name in names.split(","))
    answers = []
    for model in models:
        counted = complexity.static_profile(
            model,
            mode=mode,
            precision=precision,
            batch_size=batch_size,
            image_size=image_size,
            counters=counters,
            optimizer=optimizer,
        )
        fits = None
        if limit is not None:
            fits = complexity.largest_batch(
                model,
                memory_bytes=limit,
                mode=mode,
                precision=precision,
                image_size=image_size,
                optimizer=optimizer,
            )
        answers.append(Answer(profile=counted, memory_limit_bytes=limit, largest_batch_size=fits))
    print(profiles.render(answers, format, by=by))
