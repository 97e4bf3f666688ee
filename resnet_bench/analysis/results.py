"""One flat record per planned case of each run: what was measured, or why nothing was.

The long form behind every table and figure. Statistics come from `analysis.stats` alone; here they are only
put side by side with the static profile and what is published about the model.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from resnet_bench.analysis.metrics import NOISY_METRICS, NoisyMetric
from resnet_bench.analysis.published import Catalog, Published
from resnet_bench.analysis.roofline import Headroom, headroom
from resnet_bench.analysis.stats import launch_samples, percentiles, summarize
from resnet_bench.records import Case, Measurement, Memory, Mode, Profile, Record, Run, Skip, SkipReason, Summary
from resnet_bench.records.profiles import profile_key

NOISY_SPREAD = 0.05
_METRICS = {metric.name: metric for metric in NOISY_METRICS}


class Status(StrEnum):
    """What became of a case."""

    MEASURED = "measured"
    MISSING = "missing"
    OUT_OF_MEMORY = "out of memory"
    UNSUPPORTED = "unsupported"
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
    """One case of one run. Peaks are the highest of the launches, in bytes; None is "unavailable".

    `position` counts the results of one report: the row in its long table. `noisy` says that samples
    spread (MAD) or launch medians differ by more than 5 % of the median latency.
    """

    position: int
    run: int
    case: Case
    status: Status
    family: str
    accuracy: float | None
    profile: Profile | None
    latency: Summary | None = None
    quantiles: Quantiles | None = None
    throughput: Summary | None = None
    energy: Summary | None = None
    compile_s: float | None = None
    headroom: Headroom | None = None
    peak_allocated_bytes: int | None = None
    peak_reserved_bytes: int | None = None
    peak_rss_bytes: int | None = None
    warnings: tuple[str, ...] = ()
    detail: str = ""

    @property
    def predicted_bytes(self) -> int | None:
        """Predicted peak memory of one iteration, convolution workspace excluded."""
        predicted = self.profile.predicted_memory if self.profile else None
        return predicted.peak_bytes if predicted else None

    @property
    def peak_bytes(self) -> int | None:
        """The peak that is shown: of the allocator where the device has one, else of the process."""
        return self.peak_rss_bytes if self.peak_allocated_bytes is None else self.peak_allocated_bytes

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
        """The larger of MAD and range of launch medians, relative to the median latency."""
        if self.latency is None or self.latency.median == 0:
            return None
        medians = self.latency.launch_medians
        return max(self.latency.mad, max(medians) - min(medians)) / self.latency.median

    @property
    def noisy(self) -> bool:
        """Whether latency spreads by more than 5 %."""
        return self.spread is not None and self.spread > NOISY_SPREAD


def collect(runs: Sequence[Run], catalog: Catalog) -> tuple[Result, ...]:
    """Return a result for each planned case of each run, in the order of the runs' cases."""
    found = (result for index, run in enumerate(runs) for result in _of_run(index, run, catalog))
    return tuple(msgspec.structs.replace(result, position=position) for position, result in enumerate(found))


def _of_run(index: int, run: Run, catalog: Catalog) -> Iterator[Result]:
    measured = {measurement.case: measurement for measurement in run.measurements}
    skipped = {skip.case: skip for skip in run.skips}
    profiles = {profile_key(profile): profile for profile in run.header.profiles}
    published = {model: catalog(model) for model in {case.model for case in run.header.cases}}
    for case in run.header.cases:
        known = published[case.model]
        if case in measured:
            found = _measured(index, measured[case], skipped.get(case), known)
            launches = measured[case].launches
            bound = headroom(
                case,
                found.profile.work if found.profile else (),
                run.header.ceilings,
                launches[0].environment if launches else None,
            )
            yield msgspec.structs.replace(found, headroom=bound)
        else:
            yield _absent(index, case, skipped.get(case), known, profile=profiles.get(profile_key(case)))


def _measured(index: int, measurement: Measurement, skip: Skip | None, known: Published) -> Result:
    launches = measurement.launches
    warnings = [text for launch in launches for text in (*launch.warnings, *launch.contention.disturbances)]
    if skip is not None:
        warnings.append(f"a launch of this case gave no measurement: {_words(skip.reason)}")
    return Result(
        position=0,
        run=index,
        case=measurement.case,
        status=Status.MEASURED,
        family=known.family,
        accuracy=known.accuracy_at(measurement.case.image_size),
        profile=measurement.profile,
        latency=_summary(measurement, "latency_s"),
        quantiles=_quantiles(measurement),
        throughput=_summary(measurement, "throughput_images_per_s"),
        energy=_summary(measurement, "energy_j_per_image") if any(it.energy for it in launches) else None,
        compile_s=_median(it.compilation.compile_s for it in launches if it.compilation),
        peak_allocated_bytes=_peak(measurement, lambda memory: memory.peak_allocated_bytes),
        peak_reserved_bytes=_peak(measurement, lambda memory: memory.peak_reserved_bytes),
        peak_rss_bytes=_peak(measurement, lambda memory: memory.peak_rss_bytes),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _absent(index: int, case: Case, skip: Skip | None, known: Published, *, profile: Profile | None) -> Result:
    return Result(
        position=0,
        run=index,
        case=case,
        status=Status(_words(skip.reason)) if skip else Status.MISSING,
        family=known.family,
        accuracy=known.accuracy_at(case.image_size),
        profile=profile,
        detail=skip.detail if skip else "",
    )


def _words(reason: SkipReason) -> str:
    return reason.value.replace("_", " ")


def _summary(measurement: Measurement, name: str) -> Summary | None:
    return summarize(measurement, _METRICS[name])


def _quantiles(measurement: Measurement) -> Quantiles | None:
    per_launch = launch_samples(measurement, _latency_metric())
    if not per_launch:
        return None
    pooled = sorted(value for samples in per_launch for value in samples)
    p05, p25, p50, p75, p95 = percentiles(pooled, (5, 25, 50, 75, 95))
    return Quantiles(p05=p05, p25=p25, p50=p50, p75=p75, p95=p95)


def _latency_metric() -> NoisyMetric:
    return _METRICS["latency_s"]


def _median(values: Iterator[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None


def _peak(measurement: Measurement, of: Callable[[Memory], int | None]) -> int | None:
    known = [value for launch in measurement.launches if (value := of(launch.memory)) is not None]
    return max(known, default=None)
