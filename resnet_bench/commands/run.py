"""`run`: measure, save, and show what came out."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import specs
from resnet_bench.commands.arguments import with_options
from resnet_bench.commands.output import Destination, give, warn, written
from resnet_bench.config import suite_file
from resnet_bench.config.axes import AXES
from resnet_bench.config.axis import Value
from resnet_bench.config.sources import from_environment, resolve
from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import ExitCode, UsageError, nearest
from resnet_bench.git.command import git
from resnet_bench.git.commit import current_commit
from resnet_bench.machine.cores import confine_to
from resnet_bench.machine.devices import known_without_torch
from resnet_bench.machine.environment import logical_cores
from resnet_bench.records import LayerScope, Machine, SkipReason
from resnet_bench.report.document import Document
from resnet_bench.report.documents import plan as planned_cases
from resnet_bench.report.documents import settings
from resnet_bench.report.documents.plan import PlannedCase
from resnet_bench.report.renderers import Format
from resnet_bench.runner import plan, room, shards, stations
from resnet_bench.runner.choices import looked_up
from resnet_bench.runner.launchers import table as launchers
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.run import extend, new_run_id, resume, start
from resnet_bench.storage import outputs, reading, run_directory
from resnet_bench.words import counted, say

REPORTS = Path("reports")
PAGE_NAME = "report.html"
_LAUNCHER_HELP = (
    f"What starts processes: {', '.join(launchers.LAUNCHERS)}. ssh:HOST,HOST, slurm:CONSTRAINT,CONSTRAINT "
    "and ray:RESOURCE,RESOURCE name machines; a name alone takes those of the suite that have it, or are called so. "
    "Default: all machines of the suite, else local."
)
_TRIED_AGAIN = frozenset({SkipReason.TIMEOUT, SkipReason.CRASHED, SkipReason.INTERRUPTED})


@with_options
def run(
    suite: Path | None = None,
    /,
    *,
    layers: Annotated[bool, Parameter(negative=())] = False,
    launcher: Annotated[str, Parameter(help=_LAUNCHER_HELP)] = "",
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    label: str = "",
    resume_from: Annotated[Path | None, Parameter(name="--resume")] = None,
    extend_run: Annotated[Path | None, Parameter(name="--extend")] = None,
    note: str = "",
    cores: str = "",
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    print_suite: str | None = None,
    print_config: Annotated[bool, Parameter(negative=())] = False,
    asv_results: Annotated[bool, Parameter(name="--asv", negative=())] = False,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
    **given: str,
) -> int:
    """Measure models on the device at hand, launch by launch, and write a run directory with its report.

    Every flag up to --shard has a variable, RESNET_BENCH_BATCH_SIZES for --batch-sizes; a flag goes before its
    variable, which goes before the suite file.

    Args:
        suite: A suite file (TOML). Without one, the preset's.
        layers: Then time each model's layers at its largest batch: roofline and treemap in the report.
        launcher: What starts processes.
        output: The run directory. Default: a new one under reports, named by the time.
        label: What the run is called in tables and figures. Default: the name of its directory.
        resume_from: Finish this run directory instead of starting a new run.
        extend_run: Add cases to this run directory: its own, with the values of axes that are given beside it.
        note: What to say of the run, kept in it.
        cores: Confine the run to these CPU cores, such as 0-3 or 0,2; recorded. All by default.
        dry_run: Print the cases and an estimate, measure nothing.
        print_suite: Print the suite file of a preset.
        print_config: Print every value that holds, and where it comes from; measure nothing.
        asv_results: Also write the run as asv results of its commit (.asv/results), as `export --to asv` does.
        format: Of what is printed on standard output: text, markdown, json, csv, latex or html.
        given: The flags of the table of options, as text.
    """
    if print_suite is not None:
        print(suite_file.preset_text(print_suite), end="")
        return 0
    if cores:
        confine_to(cores)
    of_a_new_run = any((suite, output, label, layers, note, dry_run, print_config, asv_results))
    if extend_run is not None:
        _refuse_of_a_new_run("--extend takes axes", of_a_new_run or resume_from is not None, extend_run)
        _refuse_another_page(extend_run)
        with launchers.opened(launcher, _machines_of(extend_run)) as starter:
            extend(extend_run, _values_to_add(given), launcher=starter)
        return _show_results(extend_run, format)
    if resume_from is not None:
        _refuse_of_a_new_run("--resume goes on with the run's own suite", of_a_new_run or bool(given), resume_from)
        _refuse_another_page(resume_from)
        with launchers.opened(launcher, _machines_of(resume_from)) as starter:
            resume(resume_from, launcher=starter)
        return _show_results(resume_from, format)
    _refuse_a_model(suite)
    variables, warnings = from_environment(os.environ)
    warn(warnings)
    chosen = resolve(suite, variables=variables, flags=given)
    if print_config:
        give(settings.document(chosen.lines), Destination(form=format, path=None))
        return 0
    run_id = new_run_id()
    directory = output or REPORTS / run_id
    scope = LayerScope.LARGEST_BATCH if layers else LayerScope.NONE
    with chosen.named_in_errors(), launchers.opened(launcher, chosen.suite.machines) as starter:
        if cores and isinstance(starter, Fleet):
            raise UsageError("--cores confines this machine alone; say it of another one's processes there.")
        if dry_run:
            shown = _plan(chosen.suite, chosen.shard, starter)
            give(shown, Destination(form=format, path=None))
            return 0
        _refuse_another_page(directory)
        if asv_results:
            _check_clean()
        start(
            chosen.suite,
            directory,
            launcher=starter,
            seed=chosen.seed,
            shard=chosen.shard,
            layers=scope,
            note=note,
            run_id=run_id,
            label=label,
        )
    ended = _show_results(directory, format)
    if asv_results:
        _export(directory)
    return ended


def _refuse_of_a_new_run(what: str, given: bool, directory: Path) -> None:  # noqa: FBT001 - a finding, not a policy
    if given:
        raise UsageError(
            f"{what}; it takes no other flags but --cores, --launcher and --format. "
            f"To add cases: run --extend {directory} --batch-sizes 16, or other axes."
        )


def _machines_of(directory: Path) -> tuple[Machine, ...]:
    return tuple(member.machine for member in run_directory.load_header(directory).fleet)


def _refuse_a_model(suite: Path | None) -> None:
    """Tell whoever names a model where a suite file stands how models are named."""
    if suite is None or suite.exists():
        return
    name = str(suite)
    alike = name in specs.names() or (nearest(name, specs.names()) and "." not in name)
    if alike or specs.is_external(name):
        raise UsageError(f"'{name}' is no suite file, and models are given by a flag: --models {name}.")


def _values_to_add(given: Mapping[str, str]) -> dict[str, tuple[Value, ...]]:
    """Read the flags that add cases; the protocol stays the run's own, so that its numbers compare."""
    flags = {axis.flag.removeprefix("--").replace("-", "_"): axis for axis in AXES}
    strange = next((name for name in given if name not in flags), None)
    if strange is not None or not given:
        shown = f"--{strange.replace('_', '-')}" if strange else "nothing"
        raise UsageError(f"--extend keeps the run's protocol and adds values of axes; given is {shown}.")
    return {flags[name].name: flags[name].several_from_text(text, flags[name].flag) for name, text in given.items()}


def _refuse_another_page(directory: Path) -> None:
    """Refuse before anything is measured to replace a page that is not a report."""
    if reading.is_there(directory / PAGE_NAME):
        outputs.check(directory / PAGE_NAME)


def _check_clean() -> None:
    """Refuse before anything is measured what could not be exported after it."""
    git(Path(), "rev-parse", "--git-dir")  # says so where git cannot be run: the folder is not to blame
    commit = current_commit()
    if commit is None or commit.dirty:
        why = "there are uncommitted changes" if commit else "this is not a git checkout"
        raise UsageError(f"--asv: {why}; asv results belong to a commit, so measure a clean checkout.")


def _export(directory: Path) -> None:
    from resnet_bench.interop import asv_write  # noqa: PLC0415 - only a run that has results exports them

    measured = run_directory.load(directory)
    if not measured.measurements:
        warn(["no case was measured, so there are no asv results."])
        return
    for path in asv_write.export(measured, asv_write.RESULTS).paths:
        say(f"asv results: {path}")


def _plan(suite: Suite, which: tuple[int, int] | None, launcher: Launcher) -> Document:
    whole, cores = _whole_plan(suite, launcher)
    asked = whole
    remarks = []
    if which is not None:
        _, asked = shards.cut(whole, which)
        remarks.append(f"shard {which[0]}/{which[1]}: {len(asked.cases)} of {counted(len(whole.cases), 'case')}")
    if any(sweep.searched for sweep in suite.sweeps):
        found = "those listed as 1 become the powers of two that fit, and the largest that fits"
        remarks.append(f"batch sizes: auto; {found}")
    protocol = suite.protocol_on(asked.cases[0].device)
    lacking = room.lacking_on(asked.cases, cores)
    remarks += dict.fromkeys(f"{_on(case.machine)}skipped: {why}" for case, why in lacking.items())
    launches = protocol.launches
    if protocol.repeats:
        often = "once" if protocol.repeats == 1 else f"{protocol.repeats} times"
        remarks.append(f"a launch that something else disturbs is made again, at most {often}; the estimate is without")
    planned = [
        PlannedCase(
            case=case,
            launches=launches,
            estimate_s=launches * plan.estimate_s(case, asked.model(case), protocol),
        )
        for case in asked.cases
    ]
    slots = {name: it.machine.slots for name, it in launcher.launchers.items()} if isinstance(launcher, Fleet) else {}
    return planned_cases.document(planned, preset=suite.preset, remarks=remarks, slots=slots)


def _whole_plan(suite: Suite, launcher: Launcher) -> tuple[plan.Plan, dict[str, int]]:
    """Return the plan, and how many cores each machine has, by the name that cases have for it."""
    device = None if isinstance(launcher, Fleet) else known_without_torch(suite.device)
    if device is None:
        found = stations.found(launcher, suite.device)
        cores = {it.name: it.probed.environment.identity.logical_cores for it in found}
        return stations.foreseen(suite, found, launcher=launcher), cores
    whole = plan.expand(suite, device, own=looked_up(suite, plan.sweeps_for(suite, device), launcher))
    return whole, {"": logical_cores()}


def _on(machine: str) -> str:
    return f"{machine}: " if machine else ""


def _show_results(directory: Path, output_format: Format) -> int:
    # Only a run that has results renders them.
    from resnet_bench.analysis.verdicts import calibrated  # noqa: PLC0415
    from resnet_bench.report.documents import run  # noqa: PLC0415
    from resnet_bench.storage import calibrations  # noqa: PLC0415

    run_record = run_directory.load(directory)
    document = run.build([run_record], bands=[calibrated.bands_known(run_record, calibrations.DEFAULT_FILE)])
    give(document, Destination(form=output_format, path=None))
    page = written(document, Format.HTML, directory / PAGE_NAME)
    say(f"report: {page}", to=sys.stdout if output_format is Format.TEXT else sys.stderr)
    planned = len(run_record.header.cases)
    unfinished = sum(skip.reason in _TRIED_AGAIN for skip in run_record.skips) + len(run_record.missing)
    wrong = sum(skip.reason is SkipReason.DISAGREES for skip in run_record.skips)
    if wrong:
        does, is_ = ("does", "is") if wrong == 1 else ("do", "are")
        say(f"incomplete: {wrong} of {planned} cases {does} not compute the network, and {is_} not tried again")
    if unfinished:
        say(f"incomplete: {unfinished} of {planned} cases; resnet-bench run --resume {directory} tries them again")
    return ExitCode.INCOMPLETE if wrong or unfinished else 0
