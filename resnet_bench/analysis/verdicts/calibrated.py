"""What `check`, `compare`, `ab` and `run` make of a calibration file.

A calibration of another machine, torch or thread count is worse than none, so it is ignored with a warning.
"""

from pathlib import Path

from resnet_bench import units
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.reference_trial import helps
from resnet_bench.analysis.verdicts.calibration import MOST_LAUNCHES, WORTHWHILE, pairs_needed
from resnet_bench.analysis.verdicts.sequential import LOOKS, detectable_change
from resnet_bench.errors import StoreError
from resnet_bench.machine.identity import former_id
from resnet_bench.records import Band, Digest, Environment, Record, Run
from resnet_bench.records.calibration import Calibration, ReferenceTrial
from resnet_bench.specs import accelerator_reference
from resnet_bench.storage import calibrations

DEFAULT_PAIRED_BAND = 0.02


class PairedTerms(Record, frozen=True, kw_only=True):
    """The noise band that `ab` uses, and what to say about it."""

    band: float
    said: tuple[str, ...]


def bands_for(subject: Digest, path: Path) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    """Return the calibrated noise bands for a side's machine, and warnings where they do not apply or do not suffice.

    Raises:
        StoreError: the file cannot be read, or is not the default one and not there.
    """
    path = calibrations.kept_for(path, subject.identities)
    if not calibrations.present(path):
        return (), ()
    calibration = calibrations.read(path)
    threads = {case.case.threads for case in subject.cases}
    known = set(subject.identities)
    foreign = _foreign(calibration, path, machines=known, former=set(subject.former_ids), threads=threads)
    if foreign:
        return (), (foreign,)
    fewest = min((summary.launches for case in subject.cases for summary in case.summaries), default=0)
    needed = calibration.launches_needed
    if needed is None or fewest < needed:
        more = f"more than {MOST_LAUNCHES}" if needed is None else str(needed)
        warning = (
            f"calibrated here: separate runs need {more} launches a side to find a change of "
            f"{units.percent_short(WORTHWHILE)}; {subject.name} has {fewest}. ab finds it with fewer."
        )
        return calibration.bands, (warning,)
    return calibration.bands, ()


def bands_known(run: Run, path: Path) -> tuple[Band, ...]:
    """Return the calibrated noise bands of a run's machine; none where a file does not apply or cannot be read."""
    machines = [it.id for it in run.header.environments]
    try:
        kept = calibrations.present(calibrations.kept_for(path, machines))
        return bands_for(digest(run), path)[0] if kept else ()
    except StoreError:
        return ()


def helping_reference(environment: Environment, path: Path) -> ReferenceTrial | None:
    """Return what the reference of accelerators brought on a machine; None where it was not seen to help there.

    Raises:
        StoreError: the file cannot be read, or is not the default one and not there.
    """
    path = calibrations.kept_for(path, (environment.id,))
    if not calibrations.present(path):
        return None
    calibration = calibrations.read(path)
    trial = calibration.reference
    if trial is None or calibration.environment not in {environment.id, former_id(environment)}:
        return None
    return trial if trial.version == accelerator_reference.VERSION and helps(trial) else None


def paired_terms(asked: float | None, *, environment: Environment, threads: set[int], path: Path) -> PairedTerms:
    """Return the band for `ab`: the one asked for, else this machine's, else the default; and what may be seen here.

    Raises:
        StoreError: the file cannot be read, or is not the default one and not there.
    """
    band = asked if asked is not None else DEFAULT_PAIRED_BAND
    if not calibrations.present(path):
        return PairedTerms(band=band, said=())
    calibration = calibrations.read(path)
    known = {environment.id}
    foreign = _foreign(calibration, path, machines=known, former={former_id(environment)}, threads=threads)
    if foreign:
        return PairedTerms(band=band, said=(foreign,))
    lines = []
    if asked is None and calibration.paired_band is not None:
        band = calibration.paired_band
        lines.append(f"noise band {units.percent_short(band)} (calibrated here; --band sets another)")
    needed = pairs_needed(calibration.cases, band=band)
    count = f"about {needed} launch pairs find" if needed else f"{LOOKS[-1]} launch pairs do not surely find"
    lines.append(f"calibrated here: {count} a change of {units.percent_short(WORTHWHILE)}")
    spread = max((case.between_launches for case in calibration.cases), default=0.0)
    reach = detectable_change(spread, LOOKS[-1], band=band)
    if reach > 2 * band:
        lines.append(
            f"a band of {units.percent_short(band)} lies below what this machine can see "
            f"({units.percent_short(reach)} after {LOOKS[-1]} launch pairs)"
        )
    return PairedTerms(band=band, said=tuple(lines))


def _foreign(calibration: Calibration, path: Path, *, machines: set[str], former: set[str], threads: set[int]) -> str:
    """Return why a calibration does not apply, "" where it does."""
    if machines != {calibration.environment} and not (len(machines) == 1 and calibration.environment in former):
        return (
            f"{path} was calibrated on another machine or software ({calibration.device_name}) and was ignored; "
            "run resnet-bench calibrate here."
        )
    if calibration.threads is not None and threads != {calibration.threads}:
        used = ", ".join(str(count) for count in sorted(threads))
        known = f"{calibration.threads} thread{'' if calibration.threads == 1 else 's'}"
        return (
            f"{path} was calibrated with {known} and these cases used {used}; it was ignored. "
            f"Run resnet-bench calibrate --threads {min(threads)}."
        )
    return ""
