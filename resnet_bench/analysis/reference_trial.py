"""Whether the reference helps on a machine: launches of the same code beside it, as measured and corrected."""

import math
import statistics
from collections.abc import Sequence

from resnet_bench.analysis.drift import correct
from resnet_bench.analysis.nominals import of_launches
from resnet_bench.records import Case, Correction, Launch
from resnet_bench.records.calibration import ReferenceTrial

# Launches of each case that a trial needs: fewer show no spread.
FEWEST_LAUNCHES = 6
# Launches that lie no further apart need no help: a small part of the band within which nothing is called a change.
LEAST_SPREAD = 0.005
# It costs a launch seconds, so that it must take off a tenth of the spread.
HELPS_BELOW = 0.9


def trial_of(launches: Sequence[Launch]) -> ReferenceTrial | None:
    """Return what the reference brought beside launches of one machine; None where no case has enough of them.

    Nominal speeds are those that they make: another would move all of a case alike.
    """
    by_case: dict[Case, list[Launch]] = {}
    for it in launches:
        if it.isolated.reference is not None:
            by_case.setdefault(it.case, []).append(it)
    enough = [it for it in by_case.values() if len(it) >= FEWEST_LAUNCHES]
    found = [correction for it in enough for correction in _corrections(it)]
    if not found:
        return None
    return ReferenceTrial(
        version=found[0].reference,
        launches=min(map(len, enough)),
        spread_raw=_pooled([it.spread_raw for it in found]),
        spread_corrected=_pooled([it.spread_corrected for it in found]),
    )


def helps(trial: ReferenceTrial) -> bool:
    """Say whether the reference is worth its time: launches lie apart, and by a tenth less when they are corrected."""
    return trial.spread_raw > LEAST_SPREAD and trial.spread_corrected <= HELPS_BELOW * trial.spread_raw


def _corrections(launches: Sequence[Launch]) -> list[Correction]:
    """Return how latency and throughput of one case were corrected."""
    nominal, threads = of_launches(launches, ()), launches[0].case.threads
    both = ([it.isolated for it in launches], [it.back_to_back for it in launches])
    found = (correct(samples, nominal=nominal, threads=threads) for samples in both)
    return [it.correction for it in found if it is not None]


def _pooled(spreads: Sequence[float | None]) -> float:
    return math.sqrt(statistics.fmean(it**2 for it in spreads if it is not None))
