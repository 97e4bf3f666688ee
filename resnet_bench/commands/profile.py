"""`profile`: the exact static cost of models, before anything runs; with `--measured`, where the time goes."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.analysis.layers import By
from resnet_bench.commands.arguments import value_of, with_axes
from resnet_bench.commands.chosen import chosen
from resnet_bench.commands.costing import answer
from resnet_bench.commands.output import destination, give
from resnet_bench.config import values
from resnet_bench.config.axes import ALONE, BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.machine.devices import AUTO, kind_of
from resnet_bench.records import Update
from resnet_bench.report.documents import profiles
from resnet_bench.report.renderers import Format
from resnet_bench.words import say

_AXES = tuple(axis for axis in ALONE if axis.name != "model")
_MEASURED = {axis.name: "With --measured." for axis in _AXES if not axis.static}
_WORDS = _MEASURED | {
    "precision": "Default: fp32, or what the model is built in.",
    "device": "With --measured; else its kind decides what Adam's step takes, by default an accelerator's.",
}


@with_axes(_AXES, defaults={"mode": "inference", "batch_size": "1", "optimizer": "momentum"}, only=_WORDS)
def profile(
    *models: str,
    by: By = By.LAYER,
    with_: Annotated[tuple[str, ...], Parameter(name="--with")] = (),
    memory: str | None = None,
    by_running: Annotated[bool, Parameter(negative=())] = False,
    measured: Annotated[bool, Parameter(negative=())] = False,
    trace: Path | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> None:
    """Print the exact static profile: parameters, MACs, FLOPs, activations, memory. Nothing is run or allocated.

    With --measured the model runs, in a process of its own: the time of each layer, forward and backward, beside its
    MACs, bytes moved, achieved rates, and what bounds it on this machine's measured ceilings.

    Args:
        models: names or patterns from 'resnet-bench list', torchvision:NAME, timm:NAME, or package.module:callable;
            after a suite file (suite.toml) names of its own too, or nothing for all of those.
        by: one row per layer, stage or type.
        with_: other tools' counts beside ours: fvcore, torch.
        memory: also find the largest batch size that fits, such as 141GiB.
        by_running: count by running once on the CPU, for models whose control flow depends on the data.
        measured: run it and time its layers.
        trace: also write a Chrome trace of three iterations to this file, for ui.perfetto.dev; implies --measured.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    if not models:
        raise UsageError("profile needs at least one model: resnet-bench profile resnet50.")
    to = destination(format, output)
    asked = {axis.name: value for axis in _AXES if (value := value_of(given, axis.name)) is not None}
    if measured or trace is not None:
        _refuse({"--with": with_, "--memory": memory, "--by-running": by_running}, "with --measured")
        # numpy and rich, which the static profile needs not
        from resnet_bench.report.documents import layers  # noqa: PLC0415
        from resnet_bench.runner import dissection  # noqa: PLC0415
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415

        found = dissection.dissect(chosen(models, asked), asked, launcher=launcher(), trace=trace)
        give(layers.document(found, by), to)
        if trace is not None:
            say(f"trace: {trace} (open it at ui.perfetto.dev)")
        return
    if by_running:
        _refuse({"--memory": memory}, "with --by-running, which predicts none")
    needless = [name for name in _MEASURED if name != "device"]
    _refuse({BY_NAME[name].singular_flag: asked.get(name) for name in needless}, "without --measured")
    device = str(asked.get("device", AUTO))  # it need not be here
    update = Update.FOREACH if device == AUTO else kind_of(device).update
    static: dict[str, Any] = {name: value for name, value in asked.items() if name not in _MEASURED}
    limit = None if memory is None else int(values.quantity(units.parse_bytes, memory, "--memory"))
    counters = tuple(name for names in with_ for name in names.split(","))
    asked_of = {**static, "counters": counters, "by_running": by_running, "update": update}
    answers = [answer(choice, limit, **asked_of, **choice.said(static)) for choice in chosen(models, asked)]
    give(profiles.document(answers, by), to)


def _refuse(flags: dict[str, object], when: str) -> None:
    given = [flag for flag, value in flags.items() if value]
    if given:
        raise UsageError(f"{given[0]} means nothing {when}; leave it out{_or_measure(when)}.")


def _or_measure(when: str) -> str:
    return ", or add --measured" if when.startswith("without") else ""
