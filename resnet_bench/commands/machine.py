"""`machine`: what is measured on, and what to change for steadier numbers."""

import itertools
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench.commands.arguments import with_axes
from resnet_bench.commands.chosen import chosen
from resnet_bench.commands.output import Destination, destination, give
from resnet_bench.config import values
from resnet_bench.config.axes import BY_NAME
from resnet_bench.config.suite_file import load_suite
from resnet_bench.errors import UsageError
from resnet_bench.git.commit import current_commit
from resnet_bench.interop import asv_write
from resnet_bench.machine import environment
from resnet_bench.machine.datasheets import data_sheet
from resnet_bench.machine.devices import kind_of
from resnet_bench.machine.environment import threads_of
from resnet_bench.records import Ceilings, Environment, Machine, Precision
from resnet_bench.report.documents import machine as page
from resnet_bench.report.documents import machines as elsewhere
from resnet_bench.report.renderers import Format
from resnet_bench.runner import ceilings as cache
from resnet_bench.runner import stations
from resnet_bench.runner.launchers import table as launchers
from resnet_bench.runner.launchers.fleet import RemoteLauncher
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.progress import warn
from resnet_bench.storage import ceilings_cache
from resnet_bench.words import say

# Of the layers that are timed; the ceilings know device, threads and precision alone.
_OF_LAYERS = tuple(
    BY_NAME[name]
    for name in ("mode", "batch_size", "image_size", "memory_format", "executor", "allocator", "optimizer")
)


@with_axes(_OF_LAYERS, defaults={}, several=("batch_size",), only={axis.name: "With --layers." for axis in _OF_LAYERS})
def machine(
    *models: str,
    layers: Annotated[bool, Parameter(negative=())] = False,
    device: str = "auto",
    ceilings: Annotated[bool, Parameter(negative=())] = False,
    precision: str | None = None,
    threads: str | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    asv_record: Annotated[bool, Parameter(name="--asv", negative=())] = False,
    launcher: str = "",
    suite: Path | None = None,
    **given: str,
) -> None:
    """Show what is measured on, and what to change for steadier numbers.

    Args:
        models: With --layers: names or patterns, as `profile` takes them.
        layers: Time the layers of models, and keep them for `predict`; one that has no other layers than those before
            it is left out.
        device: cpu, cuda, cuda:1, ... Default: the first accelerator, else the CPU.
        ceilings: Measure what the device can do at best, and keep it for profiles and runs; also shows the data sheet.
        precision: Of the ceilings or layers, separated by commas. Default: fp32 and bf16, on CUDA also tf32, fp16, fp8.
        threads: CPU threads of the ceilings or layers, or "all". Default: all physical cores but one.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        asv_record: write it into ~/.asv-machine.json, with GPU, driver, CUDA and torch, and print only where.
        launcher: list what it reaches instead of this machine, or time layers there: ssh:HOST,HOST, slurm:CONSTRAINT,
            ray:RESOURCE, or a name alone.
        suite: list the machines of this suite file; --launcher NAME takes one of them.
        given: Flags of the axes of layers, as text.
    """
    if layers:
        if ceilings or asv_record:
            raise UsageError("--layers times the layers of models alone; ask for the rest in a command of its own.")
        said = {name: text for name, text in (("precision", precision), ("threads", threads)) if text is not None}
        to = destination(format, output)
        with stations.one_machine(launcher, suite) as there:
            _time_layers(models, {**given, **said, "device": device}, to, there)
        return
    if models or given:
        raise UsageError("models and their axes are of layers that are timed; add --layers.")
    if not ceilings and (precision is not None or threads is not None):
        raise UsageError("--precision and --threads are of the ceilings or layers; add --ceilings or --layers.")
    asked: tuple[tuple[Any, ...], tuple[Any, ...]] = (
        BY_NAME["precision"].several_from_text(precision, "--precision") if precision else (),
        BY_NAME["threads"].several_from_text(threads, "--threads") if threads else (environment.default_threads(),),
    )
    to = destination(format, output)
    if launcher or suite:
        if asv_record:
            raise UsageError("--asv writes what this machine is; leave --launcher and --suite out.")
        machines = load_suite(suite).machines if suite else ()
        best = (asked[0], asked[1] if threads else ())
        give(elsewhere.document(_elsewhere(launcher, machines, device, best if ceilings else None)), to)
        return
    starter = launchers.launcher()
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


def _elsewhere(
    text: str,
    machines: tuple[Machine, ...],
    device: str,
    asked: tuple[tuple[Precision, ...], tuple[int, ...]] | None,
) -> list[elsewhere.FoundMember]:
    """Ask every machine that an engine reaches."""
    with launchers.opened(text, machines) as starter:
        reached = stations.found(starter, device)
        if any(it.machine is None for it in reached):
            raise UsageError("--suite has no [[machine]], and --launcher local is this machine: leave both out.")
        return [
            elsewhere.FoundMember(member=member, ceilings=_best_of(it, *asked) if asked else ())
            for it, member in zip(reached, stations.members(reached), strict=True)
        ]


def _best_of(it: stations.Station, precisions: tuple[Precision, ...], threads: tuple[int, ...]) -> tuple[Ceilings, ...]:
    seen = it.probed.environment
    own = values.with_cores(threads, seen.identity.logical_cores) or (threads_of(seen.identity),)
    return _measured(it.launcher, seen, it.probed.device, precisions, own, shelf=it.shelf)


def _measured(
    starter: Launcher,
    seen: Environment,
    device: str,
    precisions: tuple[Precision, ...],
    threads: tuple[int, ...],
    *,
    shelf: str = "",
) -> tuple[Ceilings, ...]:
    wanted = precisions or kind_of(seen.identity.device).ceilings
    return tuple(
        cache.measured(seen, launcher=starter, device=device, threads=count, precisions=wanted, warn=warn, shelf=shelf)
        for count in threads
    )


def _time_layers(models: tuple[str, ...], given: dict[str, str], to: Destination, there: RemoteLauncher | None) -> None:
    """Time the layers of models in every combination of what is given, and print what is known of them then."""
    from resnet_bench.report.documents import layer_library as library_page  # noqa: PLC0415 - numpy, for these alone
    from resnet_bench.runner import prediction  # noqa: PLC0415

    if not models:
        raise UsageError("--layers needs at least one model: resnet-bench machine --layers resnet18 resnet50.")
    machine, cores = "", environment.logical_cores()
    if there is not None:
        probed = there.machines(given["device"])[0]
        given = {"threads": str(threads_of(probed.environment.identity)), **given, "device": probed.device}
        machine, cores = probed.environment.id, probed.environment.identity.logical_cores
    read = {name: BY_NAME[name].several_from_text(text, BY_NAME[name].flag) for name, text in given.items()}
    lists = {name: values.with_cores(found, cores) for name, found in read.items()}
    sizes = [int(size) for size in lists.pop("batch_size", (1,))]
    chosen_models, starter = chosen(models), there or launchers.launcher()
    asked = [
        subject
        for combination in itertools.product(*lists.values())
        for subject in prediction.subjects(
            chosen_models, dict(zip(lists, combination, strict=True)), sizes, launcher=starter
        )
    ]
    timed, left_out = prediction.time_library(asked, starter, machine)
    give(library_page.document(timed, left_out, prediction.libraries_of(timed, machine)), to)
