"""How corrected figures come about, and for which speed they are given."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.nominals import nominals_of
from resnet_bench.records import Nominal, Run
from resnet_bench.records.nominals import ENOUGH_LAUNCHES
from resnet_bench.words import counted, listed

_OF_CASES = (
    "The nominal speed of {} is each case's own, the lower quartile of its launches: the clock of an accelerator is "
    "what the case makes of it. Corrected figures are those at the clock that a case usually has, and different cases "
    "are held against each other as they were measured. Where code changes what a device draws of power, its clock is "
    "part of the change, and the correction takes that off too: the raw figures have it."
)


def reference_words(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return a paragraph on the correction and one on each nominal speed, none where nothing was corrected."""
    launches = (launch for run in runs for measurement in run.measurements for launch in measurement.launches)
    versions = sorted({launch.isolated.reference.version for launch in launches if launch.isolated.reference})
    if not versions:
        return ()
    text = (
        f"A fixed reference ({listed(versions)}) is timed before and after each block of samples. Corrected figures "
        "are those at its nominal speed: of each launch log(time) - b x log(reference / nominal), CPU time with CPU "
        "time where a case has one thread, b weighed over a grid by how far the launches lie apart, with mass at 0. "
        "Their intervals are of these launches and of what is not known of b. They are no way to compare different "
        "machines."
    )
    speeds = [it for it in nominals_of(runs) if it.version in versions]
    of_cases = sorted({it.version for it in speeds if it.case})
    own = (_OF_CASES.format(listed(of_cases)),) if of_cases else ()
    return (text, *(_speed(it) for it in speeds if not it.case), *own)


def _speed(it: Nominal) -> str:
    beside = f"The nominal speed of {it.version} beside {counted(it.threads, 'thread')}"
    said = f"{beside} is {units.milliseconds(it.pass_s[0])} ms a pass"
    apart = "" if it.spread is None else f", which lay {units.percent(it.spread)} apart by it"
    of = f"of {counted(it.launches, 'launch', 'launches')} of run {it.run}{apart}"
    stays = (
        "It stays for all runs of this machine"
        if it.launches >= ENOUGH_LAUNCHES
        else f"It stays until a run of this machine has {ENOUGH_LAUNCHES} launches"
    )
    return (
        f"{said}, the lower quartile {of}. {stays}: another one would move all corrected figures alike, so it is no "
        "part of their intervals."
    )
