"""The reference's nominal speed, made of launches: that for which a machine's corrected figures are given.

Any speed will do that stays what it is, so that figures of one run and of the next are given for the same. It is made
of the launches of the first run that has enough of them: their bursts stand beside networks and minutes apart, where a
measurement of its own would meet one moment. What the machine does where nothing disturbs it is also what leaves
little to correct: the doubt about the coefficient is in proportion to how far launches were from it.

On an accelerator each case has its own: there the clock is what a case makes of it, and at the clock of another one no
figure of it would be one that anybody meets.
"""

import math
import statistics
from collections.abc import Iterable, Sequence

import numpy as np

from resnet_bench.machine.names import rename
from resnet_bench.records import Launch, Nominal, ReferenceSamples, Run
from resnet_bench.records.bounds import SHORTEST_S
from resnet_bench.records.nominals import NominalKey, agreed
from resnet_bench.specs.reference import MOST_PASSES, burst_factor

# Of launches, by rising time: a machine has no slowest speed, but a quickest one. Of ten sessions of a trial on one
# machine the lower quartiles lay 0.7 % apart, the medians 1.5 %, the tenths 0.8 % (standard deviations).
_USUAL = 0.25


def nominals_of(runs: Sequence[Run]) -> tuple[Nominal, ...]:
    """Return the nominal speeds by which these runs are shown, one for each key of a `Nominal`.

    Those that the runs recorded; where none of them did, what their launches make: of a run that was stopped, or of an
    earlier release, whose ceilings hold the speed of one moment.
    """
    recorded = agreed(it for run in runs for it in run.header.nominals)
    made = agreed(it for run in runs for it in made_of(run))
    return tuple({it.key: it for it in (*made, *recorded)}.values())


def made_of(run: Run) -> tuple[Nominal, ...]:
    """Return the nominal speeds that the launches of a run make."""
    launches = [launch for measurement in run.measurements for launch in measurement.launches]
    return tuple(_made(key, of_key, run=run.header.id) for key, of_key in _by_key(launches).items())


def of_launches(launches: Sequence[Launch], known: Iterable[Nominal]) -> Nominal:
    """Return the nominal speed by which launches of one case are given; that of them where theirs is not known.

    All of them have a reference.
    """
    [(key, of_key), *_] = _by_key(launches).items()
    return next((it for it in known if it.key == key), None) or _made(key, of_key, run="")


def _by_key(launches: Iterable[Launch]) -> dict[NominalKey, list[Launch]]:
    found: dict[NominalKey, list[Launch]] = {}
    for it in launches:
        for version in dict.fromkeys(reference.version for reference in _references(it)):
            found.setdefault(_key(it, version), []).append(it)
    return found


def _key(launch: Launch, version: str) -> NominalKey:
    case = launch.case
    own = "" if case.threads else rename(case, "").key  # those of accelerators have none
    return launch.environment, case.threads, version, own


def _references(launch: Launch) -> tuple[ReferenceSamples, ...]:
    """Return those beside its latency and its throughput; a line may have lost one of them, or hold two versions."""
    return tuple(it.reference for it in (launch.isolated, launch.back_to_back) if it.reference is not None)


def _made(key: NominalKey, launches: Sequence[Launch], *, run: str) -> Nominal:
    _, _, version, _ = key
    levels = [_level(launch, version) for launch in launches]
    return nominal_of(key, levels, run=run, made_at=min(launch.started_at for launch in launches))


def nominal_of(key: NominalKey, levels: Sequence[float], *, run: str, made_at: str) -> Nominal:
    """Return the nominal speed that processes make which found the machine at these levels; see `pass_level`."""
    environment, threads, version, case = key
    pass_s = math.exp(np.quantile(levels, _USUAL))
    return Nominal(
        version=version,
        pass_s=tuple(pass_s * burst_factor(version, passes) for passes in range(1, MOST_PASSES + 1)),
        environment=environment,
        threads=threads,
        case=case,
        run=run,
        made_at=made_at,
        launches=len(levels),
        spread=statistics.stdev(levels) if len(levels) > 1 else None,
    )


def _level(launch: Launch, version: str) -> float:
    return statistics.fmean(pass_level(it, launch.case.threads) for it in _references(launch) if it.version == version)


def pass_level(reference: ReferenceSamples, threads: int) -> float:
    """Return the logarithm of a pass in a burst without end, beside a case of so many threads."""
    return _median_log(reference, threads) - math.log(burst_factor(reference.version, reference.passes))


def _median_log(reference: ReferenceSamples, threads: int) -> float:
    """Return that of a pass, of CPU time beside a case of one thread where its clock is fine enough for it."""
    fine = threads == 1 and reference.cpu_s and min(reference.cpu_s) >= SHORTEST_S
    return math.log(statistics.median(reference.cpu_s if fine and reference.cpu_s else reference.elapsed_s))
