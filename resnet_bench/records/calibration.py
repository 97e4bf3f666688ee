"""What `calibrate` learnt of a machine, as its file holds it."""

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import Count, NonNegativeNumber
from resnet_bench.records.conclusions import Band


class CaseCalibration(Record, frozen=True, kw_only=True):
    """A/A figures of one case. Spreads are standard deviations of logarithms; `detectable` is by launch pairs."""

    case: str
    pairs: int
    within_launch: float
    between_launches: float
    bias: float
    false_alarm_rate: float
    detectable: dict[str, float]


class ReferenceTrial(Record, frozen=True, kw_only=True):
    """What a version of the reference brought beside so many `launches` of each case.

    Spreads are standard deviations of logarithms between launches of a case, as measured and corrected, pooled over the
    cases, latency and throughput alike.
    """

    version: str
    launches: Count
    spread_raw: NonNegativeNumber
    spread_corrected: NonNegativeNumber


class Calibration(Record, frozen=True, kw_only=True):
    """One machine's A/A self-test; `environment` is the digest of the identity that it is valid for.

    `pairs_needed` of `ab` and `launches_needed` a side of separate runs find a change of `WORTHWHILE` in 95 of 100
    in the noisiest case; None where not even the most that are made would. `paired_band` is `ab`'s band here.
    `reference` is of accelerators, None where it was not tried.
    """

    schema: int = SCHEMA_VERSION
    environment: str
    threads: int | None = None
    pairs_needed: int | None = None
    launches_needed: int | None = None
    paired_band: float | None = None
    device_name: str
    created_at: str
    bands: tuple[Band, ...]
    cases: tuple[CaseCalibration, ...]
    reference: ReferenceTrial | None = None
