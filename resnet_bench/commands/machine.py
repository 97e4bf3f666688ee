"""`machine`: what is measured on, and what to change for steadier numbers."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench.commands.output import destination, give
from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.git.commit import current_commit
from resnet_bench.interop import asv_write
from resnet_bench.machine import environment
from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Ceilings, Environment, Precision
from resnet_bench.report.documents import machine as page
from resnet_bench.report.renderers import Format
from resnet_bench.runner import ceilings as cache
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.runner.progress import warn
from resnet_bench.storage import ceilings_cache
from resnet_bench.words import say


def machine(
    *,
    device: str = "auto",
    ceilings: Annotated[bool, Parameter(negative=())] = False,
    precision: str | None = None,
    threads: str | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    asv_record: Annotated[bool, Parameter(name="--asv", negative=())] = False,
) -> None:
    """Show what is measured on, and what to change for steadier numbers.

    Args:
        device: cpu, cuda, cuda:1, ... Default: the first accelerator, else the CPU.
        ceilings: Measure what the device can do at best, and keep it for profiles and runs; also shows the data sheet.
        precision: Of the ceilings, separated by commas. Default: fp32 and bf16, on CUDA also tf32, fp16 and fp8.
        threads: CPU threads of the ceilings, or "all". Default: all physical cores but one.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        asv_record: write it into ~/.asv-machine.json, with GPU, driver, CUDA and torch, and print only where.
    """
    if not ceilings and (precision is not None or threads is not None):
        raise UsageError("--precision and --threads are of the ceilings; add --ceilings.")
    asked: tuple[tuple[Any, ...], tuple[Any, ...]] = (
        BY_NAME["precision"].several_from_text(precision, "--precision") if precision else (),
        BY_NAME["threads"].several_from_text(threads, "--threads") if threads else (environment.default_threads(),),
    )
    to = destination(format, output)
    starter = launcher()
    probed = starter.machines(device)[0]
    seen = probed.environment
    for sentence in probed.falsified:
        warn(sentence)
    if asv_record:
        say(str(asv_write.write_machine(seen, Path.home())), to=sys.stdout)
        return
    commit = current_commit()
    found = _measured(starter, seen, probed.device, *asked) if ceilings else ()
    sheet = data_sheet(seen.identity) if ceilings else None
    kept = [str(ceilings_cache.cache_file(it.device, it.threads)) for it in found]
    answer = page.Seen(environment=seen, commit=commit, ceilings=found, data_sheet=sheet)
    give(page.document(answer, default_threads=environment.default_threads(), kept=kept), to)


def _measured(
    starter: Launcher, seen: Environment, device: str, precisions: tuple[Precision, ...], threads: tuple[int, ...]
) -> tuple[Ceilings, ...]:
    wanted = precisions or kind_of(seen.identity.device).ceilings
    return tuple(
        cache.measured(seen, launcher=starter, device=device, threads=count, precisions=wanted, warn=warn)
        for count in threads
    )
