"""`list` and `show`: which models there are, and what one looks like."""

import fnmatch
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import specs
from resnet_bench.commands.arguments import Whole
from resnet_bench.commands.output import destination, give
from resnet_bench.errors import ModelError, UsageError, nearest
from resnet_bench.records.bounds import LARGEST_SIZE
from resnet_bench.report.documents import catalogue
from resnet_bench.report.renderers import Format
from resnet_bench.wire.descriptions import ShowRequest
from resnet_bench.words import either, say


def list_models(
    *patterns: str,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
) -> None:
    """List the models, with what each costs for one image and its published accuracy.

    Args:
        patterns: only names like these, such as 'resnet*' 'cifar_*'.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
    """
    chosen = [name for name in specs.names() if not patterns or any(fnmatch.fnmatch(name, each) for each in patterns)]
    if not chosen:
        asked = either([f"'{each}'" for each in patterns])
        raise ModelError(f"no model is called like {asked}.{nearest(patterns[0], specs.names())}")
    entries = [catalogue.entry(specs.find(name)) for name in chosen]
    give(catalogue.document(entries), destination(format, output))


def show(model: str, /, *, num_classes: Whole | None = None) -> None:
    """Show the module tree of one model, as torch prints it.

    Args:
        model: a name from 'resnet-bench list', torchvision:NAME, timm:NAME, or package.module:callable.
        num_classes: outputs of the last layer.
    """
    if num_classes is not None and not 1 <= num_classes <= LARGEST_SIZE:
        raise UsageError(f"--num-classes {num_classes}: expected 1 or more, at most {LARGEST_SIZE}.")
    if specs.is_external(model):
        from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415 - a process for a foreign model's code

        tree = launcher().ask(ShowRequest(model=model, num_classes=num_classes)).tree
    else:
        specs.find(model)  # a wrong name is answered before torch is loaded
        from resnet_bench.models import create_model  # noqa: PLC0415 - imports torch

        tree = str(create_model(model, num_classes=num_classes, device="meta"))
    for line in tree.split("\n"):
        say(line, to=sys.stdout)
