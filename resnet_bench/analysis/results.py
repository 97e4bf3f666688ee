"""One flat record per planned case of each run: what was measured, or why nothing was.

The long form behind every table and figure. Statistics come from `analysis.stats` alone; here they are only
put side by side with the static profile and what is published about the model.
"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from resnet_bench.analysis.digest import digest_case, digests_of
from resnet_bench.analysis.metric import Metric, NoisyMetric
from resnet_bench.analysis.metrics import LATENCY, PEAK_ALLOCATED, PEAK_RSS, PREDICTED_PEAK, THROUGHPUT
from resnet_bench.analysis.published import Catalog, given
from resnet_bench.analysis.roofline import Headroom, headroom
from resnet_bench.analysis.stats import center_interval, launch_samples, percentiles
from resnet_bench.config.prices import of_machine
from resnet_bench.records import (
    Agreement,
    Case,
    CaseDigest,
    Digest,
    Header,
    Interval,
    Measurement,
    Mode,
    Price,
    Profile,
    Record,
    Run,
    RuntimeRan,
    Skip,
    SkipReason,
    Summary,
    remarks,
)
from resnet_bench.records.profiles import profile_key

NOISY_SPREAD = 0.05
# What a minor page fault costs, and by how much of the latency launches may differ by them without a word.
_PAGE_FAULT_S = 2e-6
_MOVED_SHARE = 0.03
_TAILS = {"p90": 90, "p95": 95, "p99": 99}


class CaseStatus(StrEnum):
    """What became of a case."""

    MEASURED = "measured"
    MISSING = "missing"
    OUT_OF_MEMORY = "out of memory"
    UNSUPPORTED = "unsupported"
    DISAGREES = "disagrees"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"


class Quantiles(Record, frozen=True, kw_only=True):
    """Five quantiles of all latency samples of a case, in s."""

    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


class Result(Record, frozen=True, kw_only=True):
    """One case of one run, with what it measured by metric's name: noisy ones in `summaries`, exact ones in `exact`.

    `position` counts the results of one report: the row in its long table. `tails` are the intervals of the latency's
    percentiles over those of each launch, by name, from three launches on. `noisy` says that launch
    medians differ by more than 5 % of the median latency, corrected where that is known, or samples of raw ones do.
    `price` is what the suite says an hour of its machine costs.
    """

    position: int
    run: int
    case: Case
    status: CaseStatus
    family: str
    accuracy: float | None = None
    accuracy_given: bool = False
    profile: Profile | None
    summaries: dict[str, Summary]
    exact: dict[str, int]
    quantiles: Quantiles | None = None
    tails: dict[str, Interval] = msgspec.field(default_factory=dict)
    headroom: Headroom | None = None
    agreement: Agreement | None = None
    price: Price | None = None
    runtime: RuntimeRan | None = None
    tells_allocated: bool = True
    warnings: tuple[str, ...] = ()
    detail: str = ""

    def value(self, metric: Metric) -> float | None:
        """Return the figure of a metric in base units: of a noisy one what it makes of the launches."""
        if not isinstance(metric, NoisyMetric):
            return self.exact.get(metric.name)
        summary = self.summaries.get(metric.name)
        return metric.of_launches(summary.launch_medians) if summary else None

    @property
    def latency(self) -> Summary | None:
        """Time of one isolated iteration, in s."""
        return self.summaries.get(LATENCY.name)

    @property
    def throughput(self) -> Summary | None:
        """Images per second with iterations back to back."""
        return self.summaries.get(THROUGHPUT.name)

    @property
    def predicted_bytes(self) -> int | None:
        """Predicted peak memory of one iteration, convolution workspace excluded."""
        return self.exact.get(PREDICTED_PEAK.name)

    @property
    def peak_bytes(self) -> int | None:
        """The highest peak of the launches: of the allocator, or of the process where not all are told otherwise."""
        found = (self.value(PEAK_ALLOCATED) if self.tells_allocated else None, self.value(PEAK_RSS))
        return next((round(value) for value in found if value is not None), None)

    @property
    def flops(self) -> int | None:
        """FLOPs of one iteration: of a forward pass, or of a training step."""
        if self.profile is None:
            return None
        return self.profile.training_flops if self.case.mode is Mode.TRAINING else self.profile.flops

    @property
    def flop_rate(self) -> float | None:
        """FLOP/s achieved at the measured throughput, counting convolution and linear layers alone."""
        if self.throughput is None or self.flops is None:
            return None
        return self.flops / self.case.batch_size * self.throughput.median

    @property
    def share_of_peak(self) -> float | None:
        """Model FLOPs utilisation: the achieved rate over the measured compute ceiling of the precision."""
        if self.headroom is None or self.flop_rate is None:
            return None
        return self.headroom.share_of_peak(self.flop_rate)

    @property
    def times_roofline(self) -> float | None:
        """How many times the roofline's least time the median latency is."""
        if self.headroom is None or self.latency is None:
            return None
        return self.headroom.times(self.latency.median)

    @property
    def spread(self) -> float | None:
        """The larger of MAD and range of launch medians, relative to the median latency; corrected where that is known.

        The MAD of corrected launches is not asked for: drift within a launch is what was taken off.
        """
        if self.latency is None or self.latency.median == 0:
            return None
        if self.latency.corrected is not None:
            corrected = self.latency.corrected
            return (max(corrected.launch_medians) - min(corrected.launch_medians)) / corrected.median
        medians = self.latency.launch_medians
        return max(self.latency.mad, max(medians) - min(medians)) / self.latency.median

    @property
    def noisy(self) -> bool:
        """Whether latency spreads by more than 5 %."""
        return self.spread is not None and self.spread > NOISY_SPREAD


def collect(runs: Sequence[Run], digests: Sequence[Digest], catalog: Catalog) -> tuple[Result, ...]:
    """Return a result for each planned case of each run, in the order of the runs' cases.

    Args:
        runs: what was planned and measured.
        digests: the same runs reduced, in the same order.
        catalog: family and published accuracy by model name.
    """
    found = (
        result
        for index, (run, reduced) in enumerate(zip(runs, digests, strict=True))
        for result in _of_run(index, run, reduced, catalog)
    )
    return _alike(tuple(msgspec.structs.replace(result, position=position) for position, result in enumerate(found)))


def _alike(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Let all cases of a device be told by the process's memory where one of them cannot be told by an allocator's."""
    mute = {it.case.device for it in results if it.value(PEAK_ALLOCATED) is None and it.value(PEAK_RSS) is not None} & {
        it.case.device for it in results if it.value(PEAK_ALLOCATED) is not None and it.value(PEAK_RSS) is not None
    }
    return tuple(msgspec.structs.replace(it, tells_allocated=False) if it.case.device in mute else it for it in results)


def of_runs(runs: Sequence[Run], catalog: Catalog) -> tuple[Result, ...]:
    """Return a result for each planned case of each run."""
    return collect(runs, digests_of(runs), catalog)


def _of_run(index: int, run: Run, reduced: Digest, catalog: Catalog) -> Iterator[Result]:
    measured = {it.case: (it, digest) for it, digest in zip(run.measurements, reduced.cases, strict=True)}
    skipped = {skip.case: skip for skip in run.skips}
    profiles = {profile_key(profile): profile for profile in run.header.profiles}
    published = {model: catalog(model) for model in {case.model for case in run.header.cases}}
    for case in run.header.cases:
        known = published[case.model]
        told = given(run.header, case)
        accuracy = known.accuracy_of(case) if told is None else told
        if case in measured:
            measurement, digest = measured[case]
            found = _measured(index, measurement, digest, skip=skipped.get(case), family=known.family)
            work = found.profile.work if found.profile else ()
            environment = measurement.launches[0].environment if measurement.launches else None
            bound = headroom(case, work, run.header.ceilings, environment)
            found = msgspec.structs.replace(found, headroom=bound, price=_price(run.header, environment, case))
        else:
            planned = Measurement(case=case, profile=profiles.get(profile_key(case)), launches=())
            found = _absent(index, planned, skipped.get(case), known.family)
        yield msgspec.structs.replace(found, accuracy=accuracy, accuracy_given=told is not None)


def _price(header: Header, environment: str | None, case: Case) -> Price | None:
    """Return what the suite says an hour of the machine costs, by its device, its CPU, or its name among several."""
    identity = next((it.identity for it in header.environments if it.id == environment), None)
    return of_machine(header.prices, (identity.device_name, identity.cpu_name, case.machine)) if identity else None


def _measured(index: int, measurement: Measurement, reduced: CaseDigest, *, skip: Skip | None, family: str) -> Result:
    warnings = [text for it in measurement.launches for text in (*it.warnings, *it.contention.disturbances)]
    warnings += _page_faults(measurement)
    if skip is not None:
        warnings.append(f"a launch of this case gave no measurement: {_words(skip.reason)}")
    return Result(
        position=0,
        run=index,
        case=measurement.case,
        status=CaseStatus.MEASURED,
        family=family,
        profile=measurement.profile,
        summaries={summary.metric: summary for summary in reduced.summaries},
        exact=reduced.exact,
        quantiles=_quantiles(measurement),
        tails=_tails(measurement),
        agreement=_worst(measurement),
        runtime=next((it.executed.runtime for it in measurement.launches), None),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _worst(measurement: Measurement) -> Agreement | None:
    """Return the agreement over most images, its errors the largest of any launch: compilers choose anew."""
    found = [launch.agreement for launch in measurement.launches if launch.agreement is not None]
    if not found:
        return None
    widest = max(found, key=lambda it: it.images)
    alike = [it for it in found if it.images == widest.images]  # of other images the ratio is another
    worst = min(alike, key=lambda it: math.inf if it.sqnr_db is None else it.sqnr_db)
    errors: dict[str, float | None] = dict(sqnr_db=worst.sqnr_db, max_error=max(it.max_error for it in found))
    for name in ("max_relative_error", "loss_error"):
        errors[name] = max((value for it in found if (value := getattr(it, name)) is not None), default=None)
    return msgspec.structs.replace(widest, **errors)


def _page_faults(measurement: Measurement) -> list[str]:
    """Say where launches met so different numbers of page faults that their latencies differ by it."""
    launches = [launch.isolated for launch in measurement.launches]
    faults = [it.page_faults / len(it.elapsed_s) for it in launches if it.page_faults is not None]
    if not faults:
        return []
    shortest_s = min(min(it.iteration_s) for it in launches)
    moved_s = (max(faults) - min(faults)) * _PAGE_FAULT_S
    return [remarks.page_faults(min(faults), max(faults))] if moved_s > _MOVED_SHARE * shortest_s else []


def _absent(index: int, planned: Measurement, skip: Skip | None, family: str) -> Result:
    return Result(
        position=0,
        run=index,
        case=planned.case,
        status=CaseStatus(_words(skip.reason)) if skip else CaseStatus.MISSING,
        family=family,
        profile=planned.profile,
        summaries={},
        exact=digest_case(planned).exact,
        detail=skip.detail if skip else "",
    )


def _words(reason: SkipReason) -> str:
    return reason.value.replace("_", " ")


def _quantiles(measurement: Measurement) -> Quantiles | None:
    per_launch = launch_samples(measurement, LATENCY)
    if not per_launch:
        return None
    pooled = sorted(value for samples in per_launch for value in samples)
    p05, p25, p50, p75, p95 = percentiles(pooled, (5, 25, 50, 75, 95))
    return Quantiles(p05=p05, p25=p25, p50=p50, p75=p75, p95=p95)


def _tails(measurement: Measurement) -> dict[str, Interval]:
    """Return the interval of each percentile: launches are the replicates, never samples."""
    per_launch = [percentiles(sorted(it), tuple(_TAILS.values())) for it in launch_samples(measurement, LATENCY)]
    found = {name: center_interval(tails) for name, tails in zip(_TAILS, zip(*per_launch, strict=True), strict=False)}
    return {name: interval for name, interval in found.items() if interval is not None}
