"""`profile`: the exact static cost of models, before anything runs; with `--measured`, where the time goes."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.analysis.layers import By
from resnet_bench.commands.arguments import Whole
from resnet_bench.errors import UsageError
from resnet_bench.profilers import complexity
from resnet_bench.records import Executor, MemoryFormat, Mode, Optimizer, Precision
from resnet_bench.report.documents import profiles
from resnet_bench.report.documents.profiles import Answer
from resnet_bench.report.format import Format


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
    measured: Annotated[bool, Parameter(negative=())] = False,
    trace: Path | None = None,
    device: str | None = None,
    executor: Executor | None = None,
    memory_format: MemoryFormat | None = None,
    threads: str | None = None,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
) -> None:
    """Print the exact static profile: parameters, MACs, FLOPs, activations, memory. Nothing is run or allocated.

    With --measured the model runs, in a process of its own: the time of each layer, forward and backward, beside its
    MACs, bytes moved, achieved rates, and what bounds it on this machine's measured ceilings.

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
        measured: run it and time its layers.
        trace: also write a Chrome trace of three iterations to this file, for ui.perfetto.dev; implies --measured.
        device: cpu, cuda, cuda:1, ... Default: the first accelerator, else the CPU. With --measured.
        executor: eager, compile, compile-max-autotune or cuda_graph. With --measured.
        memory_format: contiguous or channels_last. With --measured.
        threads: CPU threads, or "all". Default: all physical cores but one. With --measured.
        format: text, markdown, json or csv.
    """
    if not models:
        raise UsageError("profile needs at least one model: resnet-bench profile resnet50.")
    if measured or trace is not None:
        _refuse({"--with": with_, "--memory": memory}, "with --measured")
        if optimizer is not Optimizer.MOMENTUM:
            raise UsageError(f"--optimizer {optimizer}: a measured training step is of SGD with momentum.")
        # numpy and rich, which the static profile needs not
        from resnet_bench.report.documents import layers  # noqa: PLC0415
        from resnet_bench.runner import dissection  # noqa: PLC0415
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415

        question = dissection.Question(
            mode=mode,
            batch_size=batch_size,
            image_size=image_size,
            precision=precision,
            device=device or "auto",
            executor=executor or Executor.EAGER,
            memory_format=memory_format or MemoryFormat.CONTIGUOUS,
            threads=threads,
        )
        found = dissection.dissect(models, question, launcher=launcher(), trace=trace)
        print(layers.render(found, format, by=by))
        if trace is not None:
            print(f"trace: {trace} (open it at ui.perfetto.dev)", file=sys.stderr)
        return
    _refuse(
        {"--device": device, "--executor": executor, "--memory-format": memory_format, "--threads": threads},
        "without --measured",
    )
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


def _refuse(flags: dict[str, object], when: str) -> None:
    given = [flag for flag, value in flags.items() if value]
    if given:
        raise UsageError(f"{given[0]} means nothing {when}; leave it out{_or_measure(when)}.")


def _or_measure(when: str) -> str:
    return ", or add --measured" if when.startswith("without") else ""
