"""What `calibrate` learnt about this machine: noise bands, launch counts and false alarms, tied to its identity.

A calibration of another machine, torch or thread count is worse than none, so it is ignored with a warning.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from resnet_bench.analysis.digest import excess_band
from resnet_bench.analysis.sequential import LOOKS, detectable_change, first_decision
from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Band, BandSource, Digest, Record, Verdict

DEFAULT_FILE = Path("reports/calibration.json")
REPORTED_PAIRS = (6, 10, 20)
RELABELLINGS = 400
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
    """One machine's A/A self-test; `environment` is the digest of the identity that it is valid for."""

    schema: int = SCHEMA_VERSION
    environment: str
    device_name: str
    created_at: str
    bands: tuple[Band, ...]
    cases: tuple[CaseCalibration, ...]


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
    """Return the calibrated noise bands for a side's machine, and warnings where they do not apply.

    Raises:
        StoreError: the file is there and cannot be read.
    """
    if not path.exists():
        return (), ()
    calibration = read(path)
    if set(subject.identities) == {calibration.environment}:
        return calibration.bands, ()
    warning = (
        f"{path} was calibrated on another machine or software ({calibration.device_name}) and was ignored; "
        "run resnet-bench calibrate here."
    )
    return (), (warning,)


def read(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        StoreError: it cannot be read or does not fit.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} is no calibration file: {error}. Write it anew with resnet-bench calibrate."
        ) from error
