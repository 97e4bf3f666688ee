"""What `calibrate` learnt about this machine: noise bands, launch counts and false alarms, tied to its identity.

A calibration of another machine, torch or thread count is worse than none, so it is ignored with a warning.
"""

from pathlib import Path

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.records import SCHEMA_VERSION, Band, Digest, Record

DEFAULT_FILE = Path("reports/calibration.json")


class CaseCalibration(Record, frozen=True, kw_only=True):
    """A/A figures of one case. Spreads are standard deviations of log ratios; `detectable` is by launch pairs."""

    case: str
    pairs: int
    within_launch: float
    between_launches: float
    median_bias: float
    false_alarms: int
    decisions: int
    detectable: dict[str, float]


class Calibration(Record, frozen=True, kw_only=True):
    """One machine's A/A self-test; `environment` is the digest of the identity that it is valid for."""

    schema: int = SCHEMA_VERSION
    environment: str
    device_name: str
    created_at: str
    bands: tuple[Band, ...]
    launches: int
    cases: tuple[CaseCalibration, ...]


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
