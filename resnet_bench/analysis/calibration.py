"""What `calibrate` learnt about this machine: noise bands, launch counts and false alarms, tied to its identity.

A calibration of another machine, torch or thread count is worse than none, so it is ignored with a warning.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from resnet_bench import units
from resnet_bench.analysis.digest import excess_band
from resnet_bench.analysis.ratio import POWER
from resnet_bench.analysis.sequential import LOOKS, detectable_change, first_decision
from resnet_bench.analysis.stats import CONFIDENCE, MIN_LAUNCHES, t_quantile
from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Band, BandSource, Digest, Record, Verdict

DEFAULT_FILE = Path("reports/calibration.json")
REPORTED_PAIRS = (6, 10, 20)
RELABELLINGS = 400
WORTHWHILE = 0.05
MOST_LAUNCHES = 50
WIDEST_BAND = 0.25  # a gate with a wider band would sleep; better the default and honest "inconclusive" rows


class CaseCalibration(Record, frozen=True, kw_only=True):
    """A/A figures of one case. Spreads are standard deviations of logarithms; `detectable` is by launch pairs."""

    case: str
    pairs: int
    within_launch: float
    between_launches: float
    bias: float
    false_alarm_rate: float
    detectable: dict[str, float]


class Calibration(Record, frozen=True, kw_only=True):
    """One machine's A/A self-test; `environment` is the digest of the identity that it is valid for.

    `pairs_needed` of `ab` and `launches_needed` a side of separate runs find a change of `WORTHWHILE` in 95 of 100
    in the noisiest case; None where not even the most that are made would.
    """

    schema: int = SCHEMA_VERSION
    environment: str
    threads: int | None = None
    pairs_needed: int | None = None
    launches_needed: int | None = None
    device_name: str
    created_at: str
    bands: tuple[Band, ...]
    cases: tuple[CaseCalibration, ...]


class _SchemaOnly(msgspec.Struct):
    schema: int = SCHEMA_VERSION


def calibrate_case(
    case: str, turns: Sequence[tuple[Sequence[float], Sequence[float]]], *, band: float, seed: int
) -> CaseCalibration:
    """Reduce launch pairs of identical code (seconds per iteration of each turn, both sides) to what they show.

    The false alarm rate is that of the sequential gate over `RELABELLINGS` random swaps of the sides within pairs,
    which leave identical code identical; its own error is large with few pairs.
    """
    logs = [np.log(np.asarray(right)) - np.log(np.asarray(left)) for left, right in turns]
    ratios = np.array([float(np.median(it)) for it in logs])
    rng = np.random.default_rng(seed)
    alarms = 0
    for _ in range(RELABELLINGS):
        drawn = rng.choice(ratios, size=LOOKS[-1]) * rng.choice((-1.0, 1.0), size=LOOKS[-1])
        alarms += first_decision(drawn.tolist(), band=band).verdict in {Verdict.IMPROVED, Verdict.REGRESSED}
    spread = float(ratios.std(ddof=1))
    return CaseCalibration(
        case=case,
        pairs=len(ratios),
        within_launch=float(np.median([1.4826 * np.median(np.abs(it - np.median(it))) for it in logs])),
        between_launches=spread,
        bias=float(ratios.mean()),
        false_alarm_rate=alarms / RELABELLINGS,
        detectable={str(pairs): detectable_change(spread, pairs, band=band) for pairs in REPORTED_PAIRS},
    )


def pairs_needed(cases: Sequence[CaseCalibration], *, band: float) -> int | None:
    """Return after how many launch pairs `ab` finds a change of `WORTHWHILE`, None if not even at its last look."""
    spread = max(case.between_launches for case in cases)
    return next((look for look in LOOKS if detectable_change(spread, look, band=band) <= WORTHWHILE), None)


def launches_needed(sides: Sequence[Sequence[float]], *, band: float) -> int | None:
    """Return how many launches a side separate runs need for the same, from each case's launch medians."""
    spread = max(float(np.log(np.asarray(medians)).std(ddof=1)) for medians in sides)
    for count in range(MIN_LAUNCHES, MOST_LAUNCHES + 1):
        degrees = 2 * count - 2
        quantiles = t_quantile(degrees, CONFIDENCE) + t_quantile(degrees, 2 * POWER - 1)
        if math.expm1(math.log1p(band) + quantiles * spread * math.sqrt(2 / count)) <= WORTHWHILE:
            return count
    return None


def noise_bands(sides: Sequence[Sequence[float]]) -> tuple[Band, ...]:
    """Return the latency band that thirds of the session teach, from each case's launch medians in time order.

    Nothing where the session was too unsteady to learn a band from.
    """
    thirds = [[np.log(part).tolist() for part in np.array_split(np.asarray(medians), 3)] for medians in sides]
    width = excess_band(thirds)
    if width is None or width > WIDEST_BAND:
        return ()
    names = ("latency_s", "throughput_images_per_s")  # both are times of the same iterations
    return tuple(Band(metric=name, width=width, source=BandSource.CALIBRATION) for name in names)


def write(calibration: Calibration, path: Path) -> None:
    """Write a calibration file.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}.") from error


def bands_for(subject: Digest, path: Path) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    """Return the calibrated noise bands for a side's machine, and warnings where they do not apply or do not suffice.

    Raises:
        StoreError: the file is there and cannot be read.
    """
    if not path.exists():
        return (), ()
    calibration = read(path)
    threads = {case.case.threads for case in subject.cases}
    foreign = _foreign(calibration, path, identities=set(subject.identities), threads=threads)
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


def advice_for(*, environment: str, threads: int, band: float, path: Path) -> tuple[str, ...]:
    """Return what `ab` on this machine should know: launch pairs needed, and a band below what can be seen.

    Raises:
        StoreError: the file is there and cannot be read.
    """
    if not path.exists():
        return ()
    calibration = read(path)
    foreign = _foreign(calibration, path, identities={environment}, threads={threads})
    if foreign:
        return (foreign,)
    spread = max((case.between_launches for case in calibration.cases), default=0.0)
    reach = detectable_change(spread, LOOKS[-1], band=band)
    needed = calibration.pairs_needed
    count = f"about {needed} launch pairs find" if needed else f"{LOOKS[-1]} launch pairs do not surely find"
    lines = [f"calibrated here: {count} a change of {units.percent_short(WORTHWHILE)}"]
    if reach > 2 * band:
        lines.append(
            f"a band of {units.percent_short(band)} lies below what this machine can see "
            f"({units.percent_short(reach)} after {LOOKS[-1]} launch pairs)"
        )
    return tuple(lines)


def _foreign(calibration: Calibration, path: Path, *, identities: set[str], threads: set[int]) -> str:
    """Return why a calibration does not apply, "" where it does."""
    if identities != {calibration.environment}:
        return (
            f"{path} was calibrated on another machine or software ({calibration.device_name}) and was ignored; "
            "run resnet-bench calibrate here."
        )
    if calibration.threads is not None and threads != {calibration.threads}:
        used = ", ".join(str(count) for count in sorted(threads))
        return (
            f"{path} was calibrated with {calibration.threads} threads and these cases used {used}; it was ignored. "
            f"Run resnet-bench calibrate --threads {min(threads)}."
        )
    return ""


def read(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        StoreError: it cannot be read or does not fit.
    """
    try:
        content = path.read_bytes()
        schema = msgspec.json.decode(content, type=_SchemaOnly).schema
        if schema > SCHEMA_VERSION:
            raise StoreError(
                f"{path} has schema {schema}; this resnet-bench reads up to {SCHEMA_VERSION}. Upgrade resnet-bench."
            )
        return msgspec.json.decode(content, type=Calibration)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} is no calibration file: {error}. Write it anew with resnet-bench calibrate."
        ) from error
