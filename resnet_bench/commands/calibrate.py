"""`calibrate`: the A/A self-test of this machine."""

import datetime as dt
import statistics
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench import HOME, specs, units
from resnet_bench.analysis import calibration
from resnet_bench.commands.arguments import Whole, value_of, with_axes
from resnet_bench.config.axes import AXES, BY_NAME
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Case
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.live import Matchup, Side
from resnet_bench.report import grid
from resnet_bench.report.digits import certain
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid
from resnet_bench.runner import live as runner
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.storage import calibrations, files, record_file

FEWEST_PAIRS = 6
_HEADERS = ("case", "pairs", "within a launch", "between launches", "false alarms", "6 pairs", "10 pairs", "20 pairs")


_DEFAULTS = {
    "model": "resnet18,resnet34,resnet50",
    "batch_size": "1",
    "image_size": "96",
    "device": HOST,
    "threads": "1",
}


@with_axes(AXES, defaults=_DEFAULTS, several=("model",))
def calibrate(
    *,
    pairs: Whole = 10,
    band: str = "2 %",
    budget: str = "10m",
    seed: Whole = 0,
    calibration_file: Annotated[Path, Parameter(name=("--output", "-o"))] = calibrations.DEFAULT_FILE,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
    **given: str,
) -> None:
    """Measure identical code against itself: spreads, false alarm rate, smallest detectable change, noise bands.

    The file is used by compare, check and ab on this machine, and ignored with a warning on another.

    Args:
        pairs: launch pairs of every case; at least 6.
        band: change that does not matter.
        budget: longest time.
        seed: seed of weights, inputs, order and resampling.
        calibration_file: where the bands are written.
        format: text, markdown, json or csv.
        given: flags of the axes, as text.
    """
    if pairs < FEWEST_PAIRS:
        raise UsageError(f"--pairs {pairs}: expected {FEWEST_PAIRS} or more; fewer show no spread.")
    names = specs.matching(map(str, BY_NAME["model"].several_from_text(given["model"], "--models")))
    asked: dict[str, Any] = {name: value_of(given, name) for name in given if name != "model"}
    files.make_folder_of(calibration_file)
    files.check_writable(calibration_file)
    width = units.parse_percent(band)
    home = Side(label="this installation", root=str(HOME))
    cases = [Case(model=name, **asked) for name in names]
    matchups = [Matchup(baseline=case, contender=case) for case in cases]
    limit = units.parse_seconds(budget)
    until = runner.Until.EXHAUSTED
    terms = runner.Terms(band=width, budget_s=limit, pairs=pairs, seed=seed, until=until)
    environment = launcher().machines(asked["device"])[0].environment
    outcomes = runner.measure_pairs(matchups, (home, home), terms, on_pair=_progress)
    made = min(len(outcome.turns) for outcome in outcomes)
    if made < FEWEST_PAIRS:
        raise IncompleteError(f"{made} of {pairs} launch pairs fitted into {budget}; give a longer --budget.")
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
        threads=asked["threads"],
        pairs_needed=calibration.pairs_needed(measured, band=width),
        paired_band=calibration.paired_band(measured),
        launches_needed=calibration.launches_needed(sides, band=bands[0].width if bands else width),
        bands=bands,
        cases=measured,
    )
    record_file.write(found, calibration_file)
    print(grid.render(_raw(found) if format is Format.CSV else _grid(found), format, records=found))
    if format in {Format.TEXT, Format.MARKDOWN}:
        print("\n".join(["", *_conclusions(found)]))
    print(f"wrote {calibration_file}", file=sys.stderr)


def _grid(found: Calibration) -> Grid:
    rows = tuple(
        (
            it.case,
            str(it.pairs),
            units.percent(it.within_launch, 2),
            units.percent(it.between_launches, 2),
            units.percent(it.false_alarm_rate, 1),
            *(units.percent_short(it.detectable[str(pairs)]) for pairs in calibration.REPORTED_PAIRS),
        )
        for it in found.cases
    )
    return Grid(headers=_HEADERS, rows=rows, right=(False, *(True,) * 7))


def _raw(found: Calibration) -> Grid:
    """Return the figures with the digits that are certain, under the names of the record's fields."""
    fields = ("case", "pairs", "within_launch", "between_launches", "bias", "false_alarm_rate")
    detectable = tuple(f"detectable_{pairs}" for pairs in calibration.REPORTED_PAIRS)
    rows = tuple(
        (
            *(str(certain(getattr(it, field))) for field in fields),
            *(str(certain(it.detectable[str(pairs)])) for pairs in calibration.REPORTED_PAIRS),
        )
        for it in found.cases
    )
    return Grid(headers=(*fields, *detectable), rows=rows, right=(False, *(True,) * 8))


def _conclusions(found: Calibration) -> list[str]:
    bands = [
        f"noise band of {band.metric} between separate runs: {units.percent_short(band.width)}" for band in found.bands
    ]
    if not bands:
        bands = ["no noise band: separate runs would differ too much or too few pairs were made; quiet the machine"]
    needed = (
        f"to find a change of {units.percent_short(calibration.WORTHWHILE)} in every case: "
        f"{_count(found.pairs_needed, 'launch pairs of ab')}, "
        f"{_count(found.launches_needed, 'launches a side of separate runs')}"
    )
    if found.paired_band is not None:
        bands.append(f"noise band of ab's launch pairs: {units.percent_short(found.paired_band)}")
    return [
        needed,
        "last columns: smallest change that ab finds in 95 of 100 after so many launch pairs",
        *bands,
    ]


def _count(needed: int | None, what: str) -> str:
    return f"{needed} {what}" if needed else f"more {what} than are made"


def _progress(pairs: int, seconds: float) -> None:
    print(f"{pairs} launch pair{'' if pairs == 1 else 's'} after {units.duration(seconds)}", file=sys.stderr)
