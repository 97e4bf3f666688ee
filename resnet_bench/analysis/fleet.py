"""Machines of one kind held against each other: which of them is slower than the others are.

Machines are of one kind where their identity is the same. Of each case the logarithms of the machines' median latencies
scatter: by what their launches do, and by what cards of one kind differ by. A machine is slower where the whole
interval of its own median lies above what that scatter of the others explains, by Student's t for one value beside
them, at one error in a hundred among all machines of the kind together. The scatter is 1.4826 MAD, which one slow card
does not move; it knows as much as a standard deviation of 37 % of the values (Rousseeuw and Croux 1993).
"""

import math
import statistics
from collections.abc import Iterable, Sequence

from scipy import special

from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.stats import summarize
from resnet_bench.machine.names import rename
from resnet_bench.records import Case, Interval, Launch, Measurement, Record, Run, Summary

ERRORS = 0.01
_NORMAL_MAD, _MAD_EFFICIENCY = 1.4826, 0.37
_FEWEST = 3


class FleetFinding(Record, frozen=True, kw_only=True):
    """One case on one machine, beside the others of its kind.

    `ratio` is its latency over the median of the others', with the interval of its own launches; `limit` is the ratio
    that chance explains. The state is the median over launches of what the device said under load, else after it.
    """

    machine: str
    case: Case
    kind: str
    machines: int
    launches: int
    latency_s: float
    ratio: float
    interval: Interval | None
    limit: float
    slower: bool
    clock_hz: float | None
    power_limit_w: float | None
    temperature_c: float | None


def held_against_their_kind(run: Run) -> tuple[FleetFinding, ...]:
    """Return each case of a run on each machine of which there are three and more of a kind; the slowest first."""
    kinds: dict[tuple[Case, str], list[tuple[Measurement, Summary]]] = {}
    for it in run.measurements:
        summary = summarize(it, LATENCY)
        if it.case.machine and summary is not None:
            key = (rename(it.case, ""), it.launches[0].environment)
            kinds.setdefault(key, []).append((it, summary))
    names = {environment.id: environment.identity.device_name for environment in run.header.environments}
    found = [
        finding
        for (case, environment), members in kinds.items()
        if len(members) >= _FEWEST
        for finding in _findings(case, names[environment], members)
    ]
    return tuple(sorted(found, key=lambda it: (not it.slower, -it.ratio)))


def _findings(case: Case, kind: str, members: Sequence[tuple[Measurement, Summary]]) -> Iterable[FleetFinding]:
    logs = [math.log(summary.median) for _, summary in members]
    for position, (measurement, summary) in enumerate(members):
        others = logs[:position] + logs[position + 1 :]
        center = statistics.median(others)
        limit = center + _scatter(others, center) * _quantile(len(members))
        own = summary.interval
        interval = own and Interval(
            low=own.low / math.exp(center), high=own.high / math.exp(center), confidence=own.confidence
        )
        yield FleetFinding(
            machine=measurement.case.machine,
            case=case,
            kind=kind,
            machines=len(members),
            launches=summary.launches,
            latency_s=summary.median,
            ratio=summary.median / math.exp(center),
            interval=interval,
            limit=math.exp(limit - center),
            slower=own is not None and own.low > 0 and math.log(own.low) > limit,
            clock_hz=_median(map(_clock_hz, measurement.launches)),
            power_limit_w=_median(map(_power_limit_w, measurement.launches)),
            temperature_c=_median(map(_temperature_c, measurement.launches)),
        )


def _scatter(others: Sequence[float], center: float) -> float:
    """Return the standard deviation of one more value around the median of the others."""
    deviation = _NORMAL_MAD * statistics.median(abs(it - center) for it in others)
    return deviation * math.sqrt(1 + math.pi / 2 / len(others))  # the median's own variance, of normal values


def _quantile(machines: int) -> float:
    freedom = max(1.0, _MAD_EFFICIENCY * (machines - 2))
    return float(special.stdtrit(freedom, 1 - ERRORS / machines))


def _median(values: Iterable[float | None]) -> float | None:
    known = [it for it in values if it is not None]
    return statistics.median(known) if known else None


def _clock_hz(launch: Launch) -> float | None:
    load = launch.load.sm_clock_hz.median if launch.load and launch.load.sm_clock_hz else None
    return load or launch.after.sm_clock_hz or launch.after.cpu_clock_hz


def _power_limit_w(launch: Launch) -> float | None:
    return (launch.load.power_limit_w if launch.load else None) or launch.after.power_limit_w


def _temperature_c(launch: Launch) -> float | None:
    load = launch.load.temperature_c.most if launch.load and launch.load.temperature_c else None
    return load if load is not None else launch.after.temperature_c
