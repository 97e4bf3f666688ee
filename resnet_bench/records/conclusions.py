"""What follows from runs: summaries, comparisons, verdicts."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from resnet_bench.errors import StoreError
from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import (
    Coefficient,
    Count,
    Logarithm,
    NonNegativeCount,
    NonNegativeNumber,
    PositiveNumber,
    PositiveSeconds,
)
from resnet_bench.records.launches import Executed, Skip
from resnet_bench.records.plan import Case, Protocol
from resnet_bench.records.runs import Commit, Identity

LARGEST_BAND = 100.0


class Interval(Record, frozen=True, kw_only=True):
    """A two-sided confidence interval."""

    low: float
    high: float
    confidence: float


class Correction(Record, frozen=True, kw_only=True):
    """How the launches of one case were corrected.

    Attributes:
        reference: version of the reference.
        nominal_s: seconds of one of its passes, in bursts of one, at the speed for which figures are given.
        coefficient: posterior mean of b in log(iteration) - b x log(reference / nominal), and its standard deviation.
        offset: mean over launches of log(reference / nominal): how far from that speed they were.
        spread_raw: standard deviation of the logarithm of launches' figures, as they are;
        spread_cpu: of their CPU time, None where that is not what is compared;
        spread_corrected: and corrected. None of a single launch.
    """

    reference: str
    nominal_s: PositiveSeconds
    coefficient: Coefficient
    coefficient_deviation: Coefficient
    offset: Logarithm
    spread_raw: NonNegativeNumber | None
    spread_cpu: NonNegativeNumber | None
    spread_corrected: NonNegativeNumber | None


class CorrectedSummary(Record, frozen=True, kw_only=True):
    """The same launches at the reference's nominal speed; the interval knows that the coefficient is an estimate."""

    median: PositiveNumber
    interval: Interval | None
    launch_medians: Annotated[tuple[PositiveNumber, ...], Meta(min_length=1)]
    correction: Correction


class Summary(Record, frozen=True, kw_only=True):
    """One noisy metric of one measurement in base units; the interval treats launches as the replicates."""

    metric: str
    median: NonNegativeNumber
    interval: Interval | None
    mad: NonNegativeNumber
    p50: NonNegativeNumber
    p90: NonNegativeNumber
    p95: NonNegativeNumber
    p99: NonNegativeNumber | None
    launches: NonNegativeCount
    samples: NonNegativeCount
    launch_medians: Annotated[tuple[NonNegativeNumber, ...], Meta(min_length=1)]
    corrected: CorrectedSummary | None = None


class Figures(StrEnum):
    """By which figures sides are compared: as they were measured, or corrected for drift."""

    RAW = "raw"
    CORRECTED = "corrected"


class Verdict(StrEnum):
    """The outcome of a comparison."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARABLE = "not comparable"


class CaseDigest(Record, frozen=True, kw_only=True):
    """What a comparison needs of one measured case: exact values, summaries, and what really ran where."""

    case: Case
    environments: tuple[str, ...]
    executed: tuple[Executed, ...]
    exact: dict[str, NonNegativeCount]
    summaries: tuple[Summary, ...]


class BandSource(StrEnum):
    """Where the width of a noise band comes from."""

    DEFAULT = "default"
    BASELINE = "baseline"
    CALIBRATION = "calibration"
    BOTH = "baseline and calibration"
    FLAG = "flag"


class Band(Record, frozen=True, kw_only=True):
    """Relative change of a metric that two measurements of identical code may show beyond launch noise.

    `width` bounds the difference of one run and the mean of `runs`. It follows from `shift`, the standard deviation of
    a run's shift as a logarithm, and its degrees of freedom; None where that is not known, as of a default. `figures`
    are those that it is of: what is corrected for drift differs less between runs than what was measured.
    """

    metric: str
    width: float
    source: BandSource
    shift: NonNegativeNumber | None = None
    degrees: PositiveNumber | None = None
    runs: Count | None = None
    figures: Figures = Figures.RAW


class Digest(Record, frozen=True, kw_only=True):
    """One or more runs of the same suite reduced to what a comparison needs; a baseline file holds one.

    `merged` are the runs that its runs join. `former_ids` are those of its machines when identities held exact bytes,
    for calibrations of that time. `warnings` and `set_aside` (`Run`) are of the files that it was just read from; a
    baseline file keeps none.
    """

    schema: int = SCHEMA_VERSION
    name: str
    created_at: str
    runs: tuple[str, ...]
    merged: tuple[str, ...] = ()
    commit: Commit | None
    protocol: Protocol
    identities: dict[str, Identity]
    former_ids: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    cases: tuple[CaseDigest, ...]
    skips: tuple[Skip, ...] = ()
    missing: tuple[Case, ...] = ()
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()


class Difference(Record, frozen=True, kw_only=True):
    """Something that must agree before numbers may be compared and does not; `allowed` by --across."""

    kind: str
    field: str
    baseline: str
    contender: str
    allowed: bool
    cases: int


class Comparison(Record, frozen=True, kw_only=True):
    """One metric of one case on both sides. Ratios are contender / baseline; `band` is None for exact metrics.

    `interval` is of the launches alone, `judged` also covers what separate runs differ by, where that is known: limits
    are held against it. `baseline`, `contender`, `ratio` and `interval` are of `figures`; where those are corrected,
    `raw_ratio` is that of the raw ones. `detectable` is the relative change that these launches would find in 95 of 100
    comparisons; so many `more_launches` a side decide with `more_probability`.
    """

    case: Case
    contender_case: Case
    metric: str
    baseline: float | None
    contender: float | None
    ratio: float | None
    interval: Interval | None
    judged: Interval | None = None
    baseline_summary: Summary | None = None
    contender_summary: Summary | None = None
    band: float | None = None
    detectable: float | None = None
    more_launches: int | None = None
    more_probability: float | None = None
    figures: Figures = Figures.RAW
    raw_ratio: float | None = None
    verdict: Verdict
    reason: str


class GeometricMean(Record, frozen=True, kw_only=True):
    """Geometric mean of the ratios of one metric over the comparable cases."""

    metric: str
    ratio: float
    cases: int


class VerdictTable(Record, frozen=True, kw_only=True):
    """Two digests compared: every metric of every case has a row with a verdict and its reason."""

    schema: int = SCHEMA_VERSION
    baseline: str
    contender: str
    differences: tuple[Difference, ...]
    bands: tuple[Band, ...]
    comparisons: tuple[Comparison, ...]
    means: tuple[GeometricMean, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()

    def noting(self, texts: Iterable[str]) -> "VerdictTable":
        """Return the table with more to say below its rows."""
        return msgspec.structs.replace(self, warnings=(*texts, *self.warnings))


def check_widths(widths: Iterable[float], where: str) -> None:
    """Refuse noise bands that no measurement can have taught.

    Raises:
        StoreError: a width is not above 0, or beyond a change of a hundred times.
    """
    for width in widths:
        if not 0 < width <= LARGEST_BAND:
            raise StoreError(f"{where}: a noise band of {width:g}; it must be above 0 and at most {LARGEST_BAND:g}.")
