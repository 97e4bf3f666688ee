"""`calibrate`: the A/A self-test of this machine."""

import datetime as dt
import statistics
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from resnet_bench import specs, units
from resnet_bench.analysis.reference_trial import FEWEST_LAUNCHES, trial_of
from resnet_bench.analysis.verdicts import calibration
from resnet_bench.commands.arguments import Whole, value_of, with_axes
from resnet_bench.commands.output import destination, give
from resnet_bench.config import values
from resnet_bench.config.axes import ALONE, BY_NAME, completed
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.machine.devices import HOST, is_accelerator
from resnet_bench.records import Case, inputs
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.live import Matchup, Until
from resnet_bench.report.documents import calibration as page
from resnet_bench.report.renderers import Format
from resnet_bench.runner import live as runner
from resnet_bench.runner import pairs as launch_pairs
from resnet_bench.runner import stations
from resnet_bench.runner.launchers import table
from resnet_bench.runner.progress import pairs_made
from resnet_bench.runner.reference_trials import launches_beside
from resnet_bench.storage import calibrations, files, outputs, record_file
from resnet_bench.words import say

FEWEST_PAIRS = 6


_DEFAULTS = {
    "model": "resnet18,resnet34,resnet50",
    "batch_size": "1",
    "image_size": "96",
    "device": HOST,
    "threads": "1",
}


@with_axes(ALONE, defaults=_DEFAULTS, several=("model",))
def calibrate(
    *,
    pairs: Whole = 10,
    band: str = "2 %",
    budget: str = "10m",
    seed: Whole = 0,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
    launcher: str = "",
    machines: Path | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> None:
    """Measure identical code against itself: spreads, false alarm rate, smallest detectable change, noise bands.

    The file is used by compare, check and ab on this machine, and ignored with a warning on another. On an accelerator
    as many launches as there are pairs follow, beside the reference: whether it helps there decides what run does of
    itself (--reference auto).

    Args:
        pairs: launch pairs of every case; at least 6.
        band: change that does not matter.
        budget: longest time.
        seed: seed of weights, inputs, order and resampling.
        calibration_file: where the bands are written, for compare, check and ab; by default a file for each machine.
        launcher: what reaches the one machine to calibrate: ssh:HOST, slurm:CONSTRAINT, ray:RESOURCE, or its name
            in --machines.
        machines: the suite file whose machines --launcher chooses from.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    if pairs < FEWEST_PAIRS:
        raise UsageError(f"--pairs {pairs}: expected {FEWEST_PAIRS} or more; fewer show no spread.")
    names = specs.matching(map(str, BY_NAME["model"].several_from_text(given["model"], "--models")))
    asked: dict[str, Any] = {name: value_of(given, name) for name in given if name != "model"}
    to = destination(format, output)
    files.make_folder_of(calibration_file)
    outputs.check(calibration_file, ours=calibrations.is_one)
    width = values.quantity(units.parse_percent, band, "--band")
    cases = [Case(model=name, **completed(inputs.in_fields(asked), asked["device"])) for name in names]
    matchups = [Matchup(baseline=case, contender=case) for case in cases]
    limit = values.quantity(units.parse_seconds, budget, "--budget")
    terms = runner.Terms(band=width, budget_s=limit, pairs=pairs, seed=seed, until=Until.EXHAUSTED)
    ends_s = time.monotonic() + limit
    with stations.one_machine(launcher, machines) as there:
        machine = launch_pairs.probed(there, asked["device"])
        environment = machine.environment
        kept_in = calibrations.of_machine(calibration_file, "" if there is None else environment.id)
        outputs.check(kept_in, ours=calibrations.is_one)
        outcomes = launch_pairs.against_itself(there, matchups, terms, on_pair=pairs_made)
        made = min(len(outcome.turns) for outcome in outcomes)
        if made < FEWEST_PAIRS:
            raise IncompleteError(f"{made} of {pairs} launch pairs fitted into {budget}; give a longer --budget.")
        reference = None
        if is_accelerator(environment.identity.device):
            named = [msgspec.structs.replace(case, device=machine.device) for case in cases]
            beside = launches_beside(there or table.launcher(), named, launches=pairs, ends_s=ends_s, seed=seed)
            reference = trial_of(beside)
            if reference is None:
                say(f"no case has {FEWEST_LAUNCHES} launches beside the reference; give a longer --budget to try it.")
    sides = [[statistics.median(it.baseline_s) for it in outcome.turns] for outcome in outcomes]
    measured = tuple(
        calibration.calibrate_case(it.matchup.baseline.key, [turn.judged_s for turn in it.turns], band=width, seed=seed)
        for it in outcomes
    )
    bands = calibration.noise_bands(sides)
    found = Calibration(
        environment=environment.id,
        device_name=environment.identity.device_name,
        created_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        threads=cases[0].threads,
        pairs_needed=calibration.pairs_needed(measured, band=width),
        paired_band=calibration.paired_band(measured),
        launches_needed=calibration.launches_needed(sides, band=bands[0].width if bands else width),
        bands=bands,
        cases=measured,
        reference=reference,
    )
    record_file.write(found, kept_in)
    give(page.document(found), to)
    say(f"wrote {kept_in}")
