"""`check`: the gate for CI."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.verdicts import calibrated, sides, thresholds
from resnet_bench.analysis.verdicts.comparability import parse_across
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.gate import GateResult, judge
from resnet_bench.analysis.verdicts.ratchet import ratchet
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.commands.output import destination, give, warn
from resnet_bench.interop import github, junit
from resnet_bench.records import Digest, Figures, VerdictTable
from resnet_bench.report.documents import gate as gate_report
from resnet_bench.report.renderers import Format, render
from resnet_bench.storage import baselines, calibrations, outputs
from resnet_bench.storage.run_directory import load
from resnet_bench.words import say


def check(
    run: Path,
    *,
    baseline: str,
    thresholds_file: Annotated[Path, Parameter(name="--thresholds")] = Path("thresholds.toml"),
    across: str = "",
    update: Annotated[bool, Parameter(negative="")] = False,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    junit_file: Annotated[Path | None, Parameter(name="--junit")] = None,
    github_output: Annotated[bool, Parameter(name="--github", negative="")] = False,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
) -> int:
    """Check a run against a baseline by the rules of a thresholds file.

    Exit code 0 passed, 1 a rule failed, 2 bad input, 3 a row is undecided, or a case is missing, skipped or not
    comparable.

    Args:
        run: the run directory to check.
        baseline: name of the baseline, as `baseline list` shows it.
        thresholds_file: the rules, TOML.
        across: kinds of difference to allow, with commas: device, cpu, cores, memory, torch, threads, protocol...
        update: where the gate passes, or all that its rules match is new, write what improved and what is new to the
            baseline; the rest of it stays. Refused where the run differs in what --across allows: such values need a
            baseline of their own.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        junit_file: also write JUnit XML to this file.
        github_output: also print GitHub annotations and append to $GITHUB_STEP_SUMMARY.
        baselines_dir: where named baselines are kept.
        calibration_file: noise bands of this machine, as `calibrate` writes them.
    """
    inputs = (run, thresholds_file, calibration_file, baselines.path_of(baseline, baselines_dir))
    to = destination(format, output, inputs=inputs)
    if junit_file:
        outputs.check(junit_file, inputs=inputs)
    limits = thresholds.read(thresholds_file)
    both = (sides.baseline(baseline, baselines_dir), digest(load(run)))
    warn([*limits.notes, *(text for side in both for text in side.warnings)])
    bands, warnings = calibrated.bands_for(both[1], calibration_file)
    table = compare(*both, across=parse_across(across), bands=bands).noting(warnings)
    raw = compare(*both, across=parse_across(across), bands=bands, figures=Figures.RAW)
    result = judge(table, limits.rules, sides=both, raw=raw)
    document = gate_report.document(result)
    give(document, to)
    if junit_file:
        junit.write(junit_file, junit.from_gate(result))
    if github_output:
        github.publish(render(document, Format.MARKDOWN), github.from_gate(result))
    if update:
        say(_update(result, both, table, baselines_dir))
    return result.exit_code


def _update(result: GateResult, both: tuple[Digest, Digest], table: VerdictTable, directory: Path) -> str:
    """Write the replacement baseline where the gate passed and something is better or new; say what was done."""
    if result.status is not Status.PASSED and not result.only_new:
        return "--update: the gate did not pass, so the baseline stays."
    replacement = ratchet(*both, table)
    singles = replacement.of_one_launch
    left_out = f" ({singles} of a single launch left out: measure at least 6)" if singles else ""
    if not replacement.moved:
        return f"--update: nothing improved and nothing is new{left_out}, so the baseline stays."
    counts = (
        (replacement.improved_values, "improved value"),
        (replacement.new_values, "new value"),
        (replacement.new_cases, "new case"),
    )
    moved = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)
    path = baselines.save(replacement.baseline, directory)
    return f"wrote the replacement baseline {path} ({moved}; the rest stays){left_out}; review it before you commit it."
