"""What a source's whole iteration takes as a run tells it: the median of iterations, at one speed of the machine.

The layers' own times are of the quickest iterations, which add up exactly; a run's latency is a median. On an idle
machine the two lie 0.3 to 8 % apart (2.6 % in the median of 90 published launches), all of it in one direction.
"""

import statistics
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from resnet_bench.analysis.drift import USUAL, at_nominal_s
from resnet_bench.analysis.nominals import nominal_of, pass_level
from resnet_bench.records import Measurement, Nominal
from resnet_bench.records.layer_library import LayerSource, MeasuredLatency


class Trust(IntEnum):
    """How much a source says; of each layer those that say most count alone."""

    TYPICAL = 0
    QUICKEST = 1
    DISTURBED = 2


class SourceLevel(NamedTuple):
    """Seconds of an iteration, and whether they are at the speed that was asked for."""

    seconds: float
    at_nominal: bool


def level_of(source: LayerSource, nominal: Nominal | None, *, threads: int) -> SourceLevel:
    """Return what an iteration of a source takes as a run would have told it."""
    if source.samples is None or not source.samples.elapsed_s:
        return SourceLevel(source.whole_s, at_nominal=False)
    corrected_s = at_nominal_s(source.samples, nominal, threads=threads) if nominal else None
    if corrected_s is None:
        return SourceLevel(statistics.median(source.samples.iteration_s), at_nominal=False)
    return SourceLevel(corrected_s, at_nominal=True)


def trust(source: LayerSource) -> Trust:
    """Return how much a source says."""
    if source.disturbances:
        return Trust.DISTURBED
    return Trust.QUICKEST if source.samples is None else Trust.TYPICAL


def speed_of(sources: Sequence[LayerSource], *, environment: str, threads: int) -> Nominal | None:
    """Return the speed that a machine had while layers were timed, None where no reference tells it, or several do.

    What they are brought to where no run has made the machine a nominal speed yet.
    """
    references = [it.samples.reference for it in sources if it.samples is not None and it.samples.reference is not None]
    versions = {it.version for it in references}
    if len(versions) != 1:
        return None
    levels = [pass_level(it, threads) for it in references]
    key = (environment, threads, versions.pop(), "")
    return nominal_of(key, levels, run="", made_at=min(it.measured_at for it in sources))


def measured_level_s(measurement: Measurement, nominal: Nominal) -> float | None:
    """Return the median latency of a measurement's launches at a nominal speed, None where no reference tells it.

    Corrected as the library's own sources are, by one coefficient: the corrected figures of a run weigh theirs by how
    far its launches lie apart, and of two launches by half.
    """
    threads = measurement.case.threads
    found = [at_nominal_s(launch.isolated, nominal, threads=threads) for launch in measurement.launches]
    seconds = [it for it in found if it is not None]
    return statistics.median(seconds) if seconds and len(seconds) == len(found) else None


def at_speed_s(measured: MeasuredLatency, nominal: Nominal | None) -> float | None:
    """Return what was measured at another nominal speed than that it is kept at, None where that cannot be told."""
    kept = measured.nominal
    if nominal is None or kept is None or measured.at_nominal_s is None or kept.version != nominal.version:
        return None
    return float(measured.at_nominal_s * (nominal.of_passes(1) / kept.of_passes(1)) ** USUAL)
