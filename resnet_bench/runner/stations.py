"""The machines of a run as they were found: what is asked of each, and which cases are measured there."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from resnet_bench.config.axes import are_several
from resnet_bench.config.suite_file import Suite, load_suite
from resnet_bench.errors import ConfigError, UsageError
from resnet_bench.machine import names
from resnet_bench.machine.environment import threads_of
from resnet_bench.records import BatchSearch, Commit, Environment, FleetMember, Machine
from resnet_bench.runner import plan as plans
from resnet_bench.runner.choices import OwnFacts, looked_up
from resnet_bench.runner.launchers import table
from resnet_bench.runner.launchers.fleet import Fleet, RemoteLauncher
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan
from resnet_bench.runner.progress import warn
from resnet_bench.runner.searches import with_searches
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import ProfileSubject


@dataclass(frozen=True, slots=True)
class Station:
    """One machine.

    Attributes:
        name: what its cases call it; empty where they name none.
        launcher: that starts processes there.
        probed: what it is.
        machine: as a suite describes it; None where the launcher was not told of any.
    """

    name: str
    launcher: Launcher
    probed: Probed
    machine: Machine | None = None

    @property
    def shelf(self) -> str:
        """Where its ceilings are kept: beside those of this machine, under its own identity."""
        return "" if self.machine is None else self.probed.environment.id


def found(launcher: Launcher, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Station, ...]:
    """Return every machine of a launcher; the first one profiles `subjects`.

    Raises:
        ResNetBenchError: one of them is not there, or lacks the device.
        UsageError: a variable of a machine's environment falsifies what is measured there, or two are one device.
    """
    every = launcher.machines(device, subjects)
    if isinstance(launcher, Fleet):
        stations = [_member(name, launcher, probed) for name, probed in zip(launcher.launchers, every, strict=True)]
    else:
        stations = [Station("", launcher, probed) for probed in every]
    for station in stations:
        station.probed.refuse_falsified()
    _refuse_one_host_twice(stations)
    return tuple(stations)


def reachable(launcher: Launcher, device: str) -> tuple[Station, ...]:
    """Return the machines of a launcher that can be had now, with a warning for each other one.

    Raises:
        ResNetBenchError: there is none.
    """
    if not isinstance(launcher, Fleet):
        return found(launcher, device)
    stations, errors = [], []
    for name, it in launcher.found(device).items():
        if isinstance(it, Probed):
            it.refuse_falsified()
            stations.append(_member(name, launcher, it))
        else:
            errors.append(it)
    if not stations:
        raise errors[0]
    _refuse_one_host_twice(stations)
    for error in errors:
        warn(f"{error} What it has to measure is left for another --resume.")
    return tuple(stations)


def _refuse_one_host_twice(stations: Iterable[Station]) -> None:
    every = [(it.machine, it.probed.device) for it in stations if it.machine is not None]
    table.refuse_one_host_twice(every, "--launcher")


@contextmanager
def one_machine(launcher: str, suite: Path | None) -> Iterator[RemoteLauncher | None]:
    """Give the one machine that a launcher reaches, by the tables of a suite where one is named; None for this one.

    Raises:
        UsageError: as `table.launcher`, or it reaches several.
    """
    machines = load_suite(suite).machines if suite else ()
    if suite and not machines:
        raise UsageError(f"{suite} has no [[machine]]; name a suite file that has some.")
    with table.opened(launcher, machines) as starter:
        if not isinstance(starter, Fleet):
            yield None
            return
        if len(starter.launchers) > 1:
            names = ", ".join(starter.launchers)
            raise UsageError(f"this is measured on one machine, and there are {names}; name one by --launcher.")
        yield next(iter(starter.launchers.values()))


def environments(stations: Iterable[Station]) -> tuple[Environment, ...]:
    """Return what the machines are, those that are alike once."""
    return tuple(it.probed.environment for it in first_of_each(stations, lambda it: it.probed.environment.id))


def first_of_each(stations: Iterable[Station], key: Callable[[Station], str]) -> list[Station]:
    """Return the first station of each key, in their order."""
    firsts: dict[str, Station] = {}
    for it in stations:
        firsts.setdefault(key(it), it)
    return list(firsts.values())


def members(stations: Iterable[Station]) -> tuple[FleetMember, ...]:
    """Return what a run keeps of the machines that a suite describes."""
    return tuple(
        FleetMember(machine=it.machine, device=it.probed.device, environment=it.probed.environment)
        for it in stations
        if it.machine is not None
    )


def suite_on(suite: Suite, station: Station) -> Suite:
    """Return the suite as it is on a machine: threads that nothing is said of are as many as fit that machine.

    All cores are those of that machine. Where several processes share it they have one each, as anywhere.
    """
    if station.machine is None:
        return suite
    identity = station.probed.environment.identity
    threads = (threads_of(identity),)
    sweeps = (
        it if are_several(it.axes) else msgspec.structs.replace(it, axes={"threads": threads} | it.axes)
        for it in (sweep.with_cores(identity.logical_cores) for sweep in suite.sweeps)
    )
    return msgspec.structs.replace(suite, sweeps=tuple(sweeps))


def refuse_two_protocols(suite: Suite, stations: Iterable[Station]) -> None:
    """Refuse a suite whose protocol is another one on some of the machines.

    Raises:
        ConfigError: a run has one protocol.
    """
    first, *others = stations
    for it in others:
        if suite.protocol_on(it.probed.device) != suite.protocol_on(first.probed.device):
            raise ConfigError(
                f"the protocol on {it.probed.device} ('{it.name}') is another one than on {first.probed.device} "
                f"('{first.name}'), and a run has one: measure accelerators and processors in runs of their own."
            )


def planned(
    suite: Suite, stations: tuple[Station, ...], directory: Path, *, launcher: Launcher, commit: Commit | None
) -> tuple[Plan, tuple[BatchSearch, ...]]:
    """Return the suite's plan on all machines, each case with its machine's name, and the searches it took.

    Raises:
        ModelError, ConfigError: the suite does not fit a machine or its models.
        Interrupted: the user stopped a search; its trials are saved.
    """
    refuse_two_protocols(suite, stations)
    own = own_inputs(suite, stations, launcher)
    parts: list[Plan] = []
    searches: list[BatchSearch] = []
    for it in first_of_each(stations, lambda station: station.name):
        part, made = with_searches(
            suite_on(suite, it),
            it.probed,
            directory,
            own=own,
            launcher=it.launcher,
            commit=commit,
            memory_bytes=None if it.machine is None else it.probed.environment.memory_bytes,
        )
        parts.append(on(part, it))
        searches += (msgspec.structs.replace(each, case=names.rename(each.case, it.name)) for each in made)
    return joined(parts), tuple(searches)


def foreseen(suite: Suite, stations: tuple[Station, ...], *, launcher: Launcher) -> Plan:
    """Return the plan on all machines with 1 for batch sizes that a search would find.

    Raises:
        ModelError, ConfigError: the suite does not fit a machine or its models.
    """
    refuse_two_protocols(suite, stations)
    own = own_inputs(suite, stations, launcher)
    parts = first_of_each(stations, lambda it: it.name)
    return joined(on(plans.expand(suite_on(suite, it), it.probed.device, own=own), it) for it in parts)


def own_inputs(suite: Suite, stations: Iterable[Station], launcher: Launcher) -> OwnFacts:
    """Return the own inputs of the suite's models, looked up once for all machines.

    Raises:
        ModelError: the first that is not there.
    """
    there = [plans.sweeps_for(suite, device) for device in dict.fromkeys(it.probed.device for it in stations)]
    return looked_up(suite, tuple(it for it in suite.sweeps if any(it in sweeps for sweeps in there)), launcher)


def on(part: Plan, station: Station) -> Plan:
    """Return a plan with its cases on a machine."""
    return part.only(tuple(names.rename(case, station.name) for case in part.cases))


def joined(parts: Iterable[Plan]) -> Plan:
    """Return several plans as one."""
    every = tuple(parts)
    models = {name: model for part in every for name, model in part.models.items()}
    return Plan(tuple(case for part in every for case in part.cases), models)


def _member(name: str, fleet: Fleet, probed: Probed) -> Station:
    launcher = fleet.launchers[name]
    return Station(name, launcher, probed, launcher.machine)
