"""`compare`: two runs or baselines, and a table of verdicts."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench.analysis.fleet import held_against_their_kind
from resnet_bench.analysis.verdicts import calibrated, exit_codes, sides
from resnet_bench.analysis.verdicts.comparability import parse_across
from resnet_bench.analysis.verdicts.compare import compare as compare_digests
from resnet_bench.analysis.verdicts.configurations import held_against
from resnet_bench.analysis.verdicts.exit_codes import FailOn
from resnet_bench.commands.arguments import changes_of
from resnet_bench.commands.output import Destination, destination, give, warn
from resnet_bench.errors import ExitCode, UsageError
from resnet_bench.interop import github, junit
from resnet_bench.report.documents import fleet as fleets
from resnet_bench.report.documents import verdicts
from resnet_bench.report.renderers import Format, render
from resnet_bench.storage import baselines, calibrations, outputs, run_directory


def compare(
    base: str,
    new: str = "",
    *,
    case_a: str = "",
    case_b: str = "",
    across: str = "",
    fleet: Annotated[bool, Parameter(negative="")] = False,
    fail_on: FailOn | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    every_row: Annotated[bool, Parameter(name="--all", negative="")] = False,
    junit_file: Annotated[Path | None, Parameter(name="--junit")] = None,
    github_output: Annotated[bool, Parameter(name="--github", negative="")] = False,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
) -> int:
    """Compare two runs or baselines: ratio with its interval, verdict and reason for every metric of every case.

    With --case-a and --case-b two configurations or two models are compared, of one run or of two.
    Exit code 1 where --fail-on finds its verdict, 3 where nothing measured was comparable, else 0.

    Args:
        base: run directory, baseline file, or name of a baseline; ratios are relative to it.
        new: run directory, baseline file, or name of a baseline; with --case-a and --case-b base itself by default.
        case_a: the cases of base that are compared, such as model=resnet50 or precision=fp32.
        case_b: the cases of new, by the same axes, such as model=my.module:net or precision=bf16.
        across: kinds of difference to allow, with commas: device, cpu, cores, memory, torch, threads, protocol...
        fleet: hold the machines of one run against each other: which is slower than the others of its kind.
        fail_on: exit with 1 on such a verdict (changed: regressed or improved; inconclusive: also regressed).
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        every_row: do not fold unchanged and not comparable rows.
        junit_file: also write JUnit XML to this file.
        github_output: also print GitHub annotations and append to $GITHUB_STEP_SUMMARY.
        baselines_dir: where named baselines are kept.
        calibration_file: noise bands of this machine, as `calibrate` writes them.
    """
    if fleet:
        _give_fleet(Path(base), new=new, every_row=every_row, to=destination(format, output, inputs=(Path(base),)))
        return ExitCode.DONE
    changes = changes_of(case_a, "--case-a"), changes_of(case_b, "--case-b")
    if not new and not any(changes):
        raise UsageError("compare needs two runs or baselines, or --case-a and --case-b to compare within one.")
    new = new or base
    inputs = (Path(base), Path(new), *baselines_dir.glob("*.json"), calibration_file)
    to = destination(format, output, inputs=inputs)
    if junit_file:
        outputs.check(junit_file, inputs=inputs)
    left, right = (sides.read(text, baselines_dir) for text in (base, new))
    warn([*left.warnings, *right.warnings])
    if any(changes):
        left, right = held_against(left, right, changes)
    bands, warnings = calibrated.bands_for(right, calibration_file)
    table = compare_digests(left, right, across=parse_across(across), bands=bands).noting(warnings)
    document = verdicts.document(table, every_row=every_row)
    give(document, to)
    if junit_file:
        junit.write(junit_file, junit.from_verdicts(table))
    if github_output:
        github.publish(render(verdicts.document(table), Format.MARKDOWN), github.from_verdicts(table))
    return exit_codes.of_comparison(table, fail_on)


def _give_fleet(directory: Path, *, new: str, every_row: bool, to: Destination) -> None:
    if new:
        raise UsageError("--fleet holds the machines of one run against each other; give one run directory.")
    run = run_directory.load(directory)
    findings = held_against_their_kind(run)
    if not findings:
        raise UsageError(f"{directory} has no three machines of one kind that measured the same case.")
    give(fleets.document(findings, name=run.name, every_row=every_row), to)
