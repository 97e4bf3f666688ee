"""`baseline set` and `baseline list`: named baselines."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from resnet_bench.analysis.verdicts import calibrated, sides
from resnet_bench.analysis.verdicts.noise_bands import FEWEST_RUNS, in_words, known_bands
from resnet_bench.commands.examples import epilogue
from resnet_bench.commands.output import destination, give, warn
from resnet_bench.errors import UsageError
from resnet_bench.report.documents import baselines as listing
from resnet_bench.report.renderers import Format
from resnet_bench.storage import baselines, calibrations, run_directory
from resnet_bench.words import say

baseline = App(
    name="baseline", help="Named baselines: set one from runs, or list them.", help_epilogue=epilogue("baseline")
)


@baseline.command(name="set")
def set_baseline(
    name: str,
    *runs: Path,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
) -> None:
    """Store one or more runs of one revision as the baseline NAME; from three runs on, noise bands are learnt.

    Args:
        name: letters, digits, dot, hyphen and underscore.
        runs: run directories; their launches are pooled.
        baselines_dir: where named baselines are kept.
        calibration_file: noise bands of this machine, as `calibrate` writes them; they narrow the learnt ones.
    """
    last = runs[-1] if runs else Path()
    if run_directory.is_run(Path(name)) and not last.exists():
        others = " ".join(map(str, (name, *runs[:-1])))
        raise UsageError(f"the name comes first, then its runs: resnet-bench baseline set {last} {others}.")
    stored = sides.from_runs(runs, name)
    warn(stored.warnings)
    path = baselines.save(stored, baselines_dir)
    counts = ((len(stored.cases), "case"), (len(runs), "run"))
    counted = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts]
    say(f"wrote {path}: {' from '.join(counted)}", to=sys.stdout)
    machines, _ = calibrated.bands_for(stored, calibration_file)
    if not stored.bands:
        lacking = f"no noise band: it takes {FEWEST_RUNS} runs of two launches to learn what separate runs differ by"
        say(lacking, to=sys.stdout)
    known = known_bands(stored.bands, machines) if stored.bands else ()
    for band in known:
        say(in_words(band, beside=known), to=sys.stdout)


@baseline.command(name="list")
def list_baselines(
    *,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
) -> None:
    """List the stored baselines.

    Args:
        baselines_dir: where named baselines are kept.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
    """
    to = destination(format, output)
    found = [sides.baseline(name, baselines_dir) for name in baselines.names(baselines_dir)]
    if not found and to.form is Format.TEXT and to.path is None:
        say(f"no baseline in {baselines_dir} yet: resnet-bench baseline set NAME RUN")
        return
    give(listing.document([listing.entry(it) for it in found]), to)
