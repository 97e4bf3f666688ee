"""`list` and `show`: which models there are, and what one looks like."""

import fnmatch
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench import specs
from resnet_bench.commands.arguments import Whole
from resnet_bench.commands.chosen import chosen, own_names, split
from resnet_bench.commands.costing import answer
from resnet_bench.commands.output import destination, give
from resnet_bench.config.axes import BY_NAME
from resnet_bench.config.suite_file import Suite, Sweep
from resnet_bench.errors import ModelError, UnknownModelError, UsageError, nearest
from resnet_bench.records import Mode, Optimizer
from resnet_bench.records.bounds import LARGEST_SIZE
from resnet_bench.report.documents import catalogue
from resnet_bench.report.documents.catalogue import RegistryEntry
from resnet_bench.report.renderers import Format
from resnet_bench.runner import choices
from resnet_bench.runner.choices import AskedModel
from resnet_bench.specs import Spec
from resnet_bench.wire.descriptions import ShowRequest
from resnet_bench.words import either, say

# What a model's line in the list is of.
_AS_LISTED: dict[str, Any] = {
    "mode": Mode.INFERENCE,
    "batch_size": 1,
    "optimizer": Optimizer.MOMENTUM,
    "counters": (),
}


def list_models(
    *patterns: str,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
) -> None:
    """List the models, with what each costs for one image and its published accuracy.

    Args:
        patterns: only names like these, such as 'resnet*' 'cifar_*'; a suite file first adds its own models.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
    """
    suite, wanted = split(patterns)
    own = own_names(suite)
    known = [*own, *(name for name in specs.names() if name not in own)]
    found = [name for name in known if not wanted or any(fnmatch.fnmatch(name, each) for each in wanted)]
    if not found:
        asked = either([f"'{each}'" for each in wanted])
        raise ModelError(f"no model is called like {asked}.{nearest(wanted[0], known)}")
    entries = [_entry(name, suite) if name in own else catalogue.entry(specs.find(name)) for name in found]
    give(catalogue.document(entries), destination(format, output))


def _entry(name: str, suite: Suite) -> RegistryEntry:
    """Return the line of a suite's model; what an external one costs is counted in a process of its own."""
    (choice,) = choices.of_sweep(suite, Sweep(axes={"model": (name,)}))
    spec = choice.named.model if isinstance(choice.named.model, Spec) else None
    said = next((it for it in suite.named if it.name == name), None)
    try:
        if spec is not None and not choice.input:
            line = catalogue.entry(spec)
        else:
            line = catalogue.counted_entry(answer(choice, **_AS_LISTED | choice.said({})).profile, spec)
    except UnknownModelError:
        raise
    except ModelError as error:
        line = catalogue.uncounted_entry(choice.name, str(error))
    built_from = " ".join(filter(None, (choice.name, choice.named.arguments)))
    return catalogue.named_entry(
        line,
        name,
        built_from="" if built_from == name else built_from,
        weights=choice.named.weights,
        accuracy=None if said is None else said.accuracy,
    )


def show(*models: str, arguments: str = "", num_classes: Whole | None = None) -> None:
    """Show the module tree of models, as torch prints it.

    Args:
        models: a name from 'resnet-bench list', torchvision:NAME, timm:NAME, or package.module:callable; after a suite
            file (suite.toml) one of its own too.
        arguments: what models are built with, such as 'in_chans=4' for timm's and 'in_channels=4' for our own.
        num_classes: outputs of the last layer; 0 leaves the layer out.
    """
    if num_classes is not None and not 0 <= num_classes <= LARGEST_SIZE:
        raise UsageError(
            f"--num-classes {num_classes}: expected 1 or more, at most {LARGEST_SIZE}, or 0 for the features alone."
        )
    if not models:
        raise UsageError("show needs a model: resnet-bench show resnet50.")
    given = {"arguments": BY_NAME["arguments"].from_text(arguments, "--arguments")} if arguments else {}
    for choice in chosen(models, given):  # a wrong name is answered before torch is loaded
        for line in _tree(choice, num_classes).split("\n"):
            say(line, to=sys.stdout)


def _tree(choice: AskedModel, num_classes: int | None) -> str:
    model = choice.named.model
    if isinstance(model, str):
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415 - a process for a foreign model's code

        request = ShowRequest(model=model, arguments=choice.named.arguments, num_classes=num_classes)
        return launcher().ask(request).tree
    from resnet_bench.models import create_model  # noqa: PLC0415 - imports torch

    return str(create_model(model, num_classes=num_classes, device="meta"))
