"""What the reader must know first: what was measured, where, how, and how far to trust it."""

import statistics
from collections import Counter
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.results import CaseStatus, Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.machine.devices import is_accelerator, software
from resnet_bench.records import Environment, Launch, Run, State, StopReason
from resnet_bench.report.document import Fact, Health, RunHeader, Severity
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.spread_words import of_which_figures
from resnet_bench.words import counted, listed

_SHOWN_PACKAGES = ("torchvision", "fvcore", "numpy", "onnxruntime", "openvino", "nncf")
_CLOCK_DRIFT = 0.02
_SHORT_REVISION = 10
_STATES = {
    State.SUSTAINED: "sustained: in the device's steady state",
    State.BURST: "burst: before the device's clocks and power are steady",
}
# Out of memory and unsupported are results; the others leave the run incomplete.
_SEVERITY = {
    CaseStatus.OUT_OF_MEMORY: Severity.NOTICE,
    CaseStatus.UNSUPPORTED: Severity.NOTICE,
    CaseStatus.DISAGREES: Severity.BAD,
    CaseStatus.TIMEOUT: Severity.BAD,
    CaseStatus.CRASHED: Severity.BAD,
    CaseStatus.INTERRUPTED: Severity.BAD,
    CaseStatus.MISSING: Severity.BAD,
}


def run_headers(runs: Sequence[Run], results: Sequence[Result], labels: Labels) -> tuple[RunHeader, ...]:
    """Return each run's facts under its label."""
    return tuple(
        RunHeader(
            label=name,
            heading="Machine and protocol" if len(runs) == 1 else name,
            id=run.header.id,
            facts=_facts(run, [result for result in results if result.run == index]),
        )
        for index, (name, run) in enumerate(zip(labels.runs, runs, strict=True))
    )


def health_line(runs: Sequence[Run], results: Sequence[Result]) -> tuple[Health, ...]:
    """Return what is well and what is not, the count of cases first."""
    total = len(results)
    statuses = Counter(result.status for result in results)
    noisy = sum(result.noisy for result in results)
    measured = statuses[CaseStatus.MEASURED]
    whole = Severity.GOOD if measured == total else Severity.NOTICE
    found = [Health(severity=whole, text=f"{measured:,} of {counted(total, 'case')} measured")]
    which = of_which_figures(results)
    by = f" ({which})" if which else ""
    if noisy:
        found.append(Health(severity=Severity.NOTICE, text=f"{noisy:,} noisy{by}"))
    elif measured:
        found.append(Health(severity=Severity.GOOD, text=f"none noisy{by}"))
    most = max((result.latency.launches for result in results if result.latency), default=0)
    if 0 < most < MIN_LAUNCHES:
        found.append(
            Health(
                severity=Severity.NOTICE, text=f"{counted(most, 'launch', 'launches')} a case: too few for intervals"
            )
        )
    found += [
        Health(severity=severity, text=f"{statuses[status]:,} {status}")
        for status, severity in _SEVERITY.items()
        if statuses[status]
    ]
    found += [Health(severity=Severity.NOTICE, text=text) for text in _machine_state(runs)]
    return tuple(found)


def _facts(run: Run, results: Sequence[Result]) -> tuple[Fact, ...]:
    header = run.header
    facts = []
    for environment in header.environments:
        facts += _machine(environment)
    facts += _corrected(results)
    facts.append(Fact(label="Measured", value=_moment(header.created_at), in_text=False))
    facts.append(Fact(label="Protocol", value=_protocol(run), in_text=False))
    named = "" if run.name == header.id else f"{run.name}, "
    facts.append(Fact(label="Run", value=f"{named}{header.id}, preset {header.preset}{_parts(run)}", in_text=False))
    prices = dict.fromkeys(it.price for it in results if it.price)
    if prices:
        said = [f"{it.per_hour:g} {it.currency} an hour" for it in prices]
        facts.append(Fact(label="Price", value=f"{listed(said)}, as the suite says", in_text=False))
    if header.note:
        facts.append(Fact(label="Note", value=header.note))
    if header.commit is not None:
        commit = header.commit
        dirty = ", with uncommitted changes" if commit.dirty else ""
        branch = f" on {commit.branch}" if commit.branch else ""
        facts.append(Fact(label="Commit", value=f"{commit.revision[:_SHORT_REVISION]}{branch}{dirty}"))
    return tuple(facts)


def _corrected(results: Sequence[Result]) -> list[Fact]:
    """Return what correcting for drift brought: how far launches of a case lie apart, the median over cases."""
    summaries = (result.latency for result in results)
    found = [it.corrected.correction for it in summaries if it is not None and it.corrected is not None]
    raw = [it.spread_raw for it in found if it.spread_raw is not None]
    if not raw:
        return []
    cpu = [it.spread_cpu for it in found if it.spread_cpu is not None]
    corrected = [it.spread_corrected for it in found if it.spread_corrected is not None]
    said = [f"{units.percent(statistics.median(raw))} raw"]
    said += [f"{units.percent(statistics.median(cpu))} CPU time"] if cpu else []
    said.append(f"{units.percent(statistics.median(corrected))} corrected for drift")
    return [Fact(label="Spread", value=f"between launches {', '.join(said)}")]


def _parts(run: Run) -> str:
    joined = f", joined from {counted(len(run.header.merged), 'run')}" if run.header.merged else ""
    shards = [f"{shard.index}/{shard.count}" for shard in run.header.shards]
    return joined + (f", shard {listed(shards)} of its suite" if shards else "")


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC")


def _machine(environment: Environment) -> list[Fact]:
    identity = environment.identity
    machine = [identity.device_name]
    if identity.device_memory_bytes is not None:
        machine.append(units.byte_size(identity.device_memory_bytes))
    host = (
        f"{identity.cpu_name}, {identity.physical_cores} cores ({identity.logical_cores} logical), "
        f"{units.byte_size(environment.memory_bytes)}, {identity.system}"
    )
    versions = [f"torch {identity.torch}"]
    versions += [f"{title} {value}" for title, value in software(identity) if value]
    packages = environment.state.packages
    versions += [f"{name} {packages[name]}" for name in _SHOWN_PACKAGES if name in packages]
    versions.append(f"Python {identity.python}")
    same = identity.device_name == identity.cpu_name
    return [
        Fact(label="Machine", value=host if same else ", ".join(machine)),
        *([] if same else [Fact(label="Host", value=host, in_text=False)]),
        Fact(label="Versions", value=", ".join(versions)),
    ]


def _protocol(run: Run) -> str:
    protocol = run.header.protocol
    devices = {environment.identity.device for environment in run.header.environments}
    state = f"; {_STATES[protocol.state]}" if any(map(is_accelerator, devices)) else ""
    return (
        f"{counted(protocol.launches, 'launch', 'launches')} a case, each a fresh process, interleaved in random "
        f"order; {protocol.min_samples} to {protocol.max_samples} samples a launch after warm-up, until the 99 % "
        f"interval of the launch's median is within ±{units.percent(protocol.target_interval)} or "
        f"{units.duration(protocol.sampling_budget_s)}{state}"
    )


def _machine_state(runs: Sequence[Run]) -> list[str]:
    """Return what was not steady: throttling, clocks that moved, neighbours, a governor that saves power."""
    found = []
    launches = [launch for run in runs for measurement in run.measurements for launch in measurement.launches]
    reasons = Counter(reason for it in launches for reason in throttled(it))
    if reasons:
        named = listed([reason for reason, _ in reasons.most_common()])
        found.append(
            f"throttled in {counted(sum(bool(throttled(it)) for it in launches), 'launch', 'launches')} ({named})"
        )
    restless = sum(it.warmup.stopped_by is StopReason.BUDGET and bool(it.warmup.queued_s) for it in launches)
    if restless:
        found.append(f"clocks or power not steady when {counted(restless, 'launch', 'launches')} began to sample")
    disturbed = sum(bool(launch.contention.disturbances) for launch in launches)
    if disturbed:
        found.append(f"{counted(disturbed, 'launch', 'launches')} disturbed by other work")
    drift = max((_drift(run) for run in runs), default=0.0)
    if drift > _CLOCK_DRIFT:
        found.append(f"clocks not locked (moved by {units.percent(drift, 0)})")
    governors = dict.fromkeys(
        environment.state.governor
        for run in runs
        for environment in run.header.environments
        if not is_accelerator(environment.identity.device) and environment.state.governor not in {None, "performance"}
    )
    found += [f"CPU governor is {governor}" for governor in governors]
    found += [
        "uncommitted changes" for run in runs[:1] if any(it.header.commit and it.header.commit.dirty for it in runs)
    ]
    return found


def throttled(launch: Launch) -> tuple[str, ...]:
    """Return what held clocks back: while it worked where that is known, else what lingered after it."""
    return tuple(launch.load.throttled if launch.load else dict.fromkeys(launch.after.throttle_reasons))


def _clocks(launch: Launch) -> list[float]:
    """Return the clock while it worked where that is known, else those of the idle device before and after."""
    load = launch.load
    seen = [load.sm_clock_hz.median] if load and load.sm_clock_hz else []
    seen += [] if load else [it for it in (launch.before.sm_clock_hz, launch.after.sm_clock_hz) if it]
    return seen


def _drift(run: Run) -> float:
    """Return how far the clock of one device moved within the run; two devices have two clocks."""
    clocks: dict[str, list[float]] = {}
    for measurement in run.measurements:
        for launch in measurement.launches:
            clocks.setdefault(launch.environment, []).extend(_clocks(launch))
    return max((max(found) / min(found) - 1 for found in clocks.values() if found), default=0.0)
