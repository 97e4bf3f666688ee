"""A run: find the machine, profile the models, measure every launch, time the layers; or go on where one stopped."""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from resnet_bench import specs
from resnet_bench.config import suite_models
from resnet_bench.config.axis import Value
from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import ResNetBenchError, StoreError, UsageError
from resnet_bench.executors import calibration
from resnet_bench.git.commit import current_commit
from resnet_bench.records import Case, Ceilings, Commit, Environment, Header, Identity, LayerScope, ModelObject
from resnet_bench.records.profiles import profile_key
from resnet_bench.runner import ceilings, choices, engines, nominals, plan, room, shards, stations, sweep
from resnet_bench.runner.foresight import foresee
from resnet_bench.runner.interruption import stoppable
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.layer_library import remember
from resnet_bench.runner.profiling import foreseen, profiles_of
from resnet_bench.runner.progress import once, warn
from resnet_bench.runner.run_layers import time_layers
from resnet_bench.runner.stations import Station
from resnet_bench.storage import run_directory
from resnet_bench.wire.answers import Profiled

_QUICK = "quick"


def new_run_id() -> str:
    """Return a name for a run that sorts by time and that no other run has."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def start(
    suite: Suite,
    directory: Path,
    *,
    launcher: Launcher,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
    layers: LayerScope = LayerScope.NONE,
    objects: tuple[ModelObject, ...] = (),
    note: str = "",
    run_id: str = "",
    label: str = "",
) -> None:
    """Measure every case of the suite, or of its shard (the second of four: (2, 4)), into a new run directory.

    The layers of those in `layers` are timed after that; `objects` says what its models are that came as objects,
    `note` is the user's own word on the run, `label` what they call it. `run_id` is a new one where none is given.

    Raises:
        DeviceError, ModelError, ConfigError: the suite does not fit this machine or its models.
        UsageError: a variable of a machine's environment falsifies what is measured there.
        StoreError: the directory cannot be written or holds a run already.
        Interrupted: the user stopped it; what is finished is saved.
    """
    with run_directory.locked(directory), stoppable():
        run_directory.refuse_another(directory)
        of_nominals = once()  # they are read when it begins and when it ends
        _refuse_missing_engines(launcher, (str(name) for sweep in suite.sweeps for name in sweep["executor"]))
        machines = stations.found(launcher, suite.device, foreseen(suite, shard))
        commit = current_commit()
        whole, searches = stations.planned(suite, machines, directory, launcher=launcher, commit=commit)
        part, asked = (None, whole) if shard is None else shards.cut(whole, shard)
        protocol = suite.protocol_on(machines[0].probed.device)
        _refuse_empty_calibration(launcher, protocol.calibration)
        profiled = profiles_of(asked, launcher, machines[0].probed.profiled)
        header = Header(
            id=run_id or new_run_id(),
            label=label,
            created_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            preset=suite.preset,
            protocol=protocol,
            seed=seed,
            commit=commit,
            environments=stations.environments(machines),
            cases=asked.cases,
            models=tuple(map(specs.to_table, suite.models)),
            accuracies=suite_models.accuracies(suite.named),
            foreseen=foresee(asked),
            prices=suite.prices,
            profiles=profiled.profiles,
            unprofiled=profiled.refusals,
            shards=() if part is None else (part,),
            ceilings=_ceilings(suite.preset, machines, asked.cases),
            layers=layers,
            searches=searches,
            objects=objects,
            note=note,
            fleet=stations.members(machines),
            nominals=nominals.known(stations.environments(machines), asked.cases, warn=of_nominals),
        )
        without_room = room.lacking_of(header)
        room.refuse_none_left(header.cases, without_room)
        run_directory.create(directory, header)
        refused = sweep.refuse(directory, header, profiled.unsupported, without_room)
        slots = sweep.unfinished(plan.schedule(asked.cases, protocol.launches, seed=seed), refused)
        measured = sweep.measure(directory, header, asked, slots, launcher)
        time_layers(directory, header, asked, measured, launcher)
        _finish(directory, warn=of_nominals)


def resume(directory: Path, *, launcher: Launcher) -> None:
    """Measure what a run directory still lacks.

    Raises:
        StoreError: no such run, or it was measured on another machine or of another commit.
        Interrupted: the user stopped it again.
    """
    with run_directory.locked(directory), stoppable():
        found, entries = run_directory.load_with_entries(directory)
        header = found.header
        if header.merged and (header.fleet or len(header.environments) > 1):
            raise StoreError(
                f"{directory} joins runs of {len(header.fleet) or len(header.environments)} machines; resume each of "
                "them on its own machine and merge them again."
            )
        _refuse_missing_engines(launcher, (case.executor for case in header.cases))
        here = _known_machines(directory, header, launcher)
        run_directory.cut_half_written_lines(directory)
        known = plan.of_header(header)
        every = plan.schedule(header.cases, header.protocol.launches, seed=header.seed)
        slots = tuple(it for it in sweep.unfinished(every, entries) if not header.fleet or it.case.machine in here)
        if slots:
            _refuse_other_commit(directory, header.commit, current_commit())
        measured = sweep.measured(entries) | sweep.measure(directory, header, known, slots, launcher)
        timed = {profile.case for profile in found.layers}
        time_layers(directory, header, known, _on(here, header, measured), launcher, timed=timed)
        if slots:
            _finish(directory)
        elif not header.nominals:
            nominals.settle(directory, found)


def extend(directory: Path, asked: Mapping[str, tuple[Value, ...]], *, launcher: Launcher) -> None:
    """Add to a run what its cases are with other values of some axes, and measure it by the run's own protocol.

    Args:
        directory: the run.
        asked: the values to add, by the axis' name.
        launcher: where processes are started.

    Raises:
        StoreError: no such run, or it was measured on another machine or of another commit, or joins several.
        UsageError: nothing is new, or a value cannot be added to a run.
        ModelError: a model is not known, or an image too small for it.
        Interrupted: the user stopped it; --resume goes on.
    """
    with run_directory.locked(directory), stoppable():
        found, entries = run_directory.load_with_entries(directory)
        header = found.header
        if header.merged or header.shards:
            raise StoreError(f"{directory} joins runs or is a part of one; extend a whole run of one machine.")
        _refuse_missing_engines(launcher, map(str, asked.get("executor", ())))
        here = _known_machines(directory, header, launcher)
        if header.fleet and set(here) != set(header.members):
            raise StoreError(f"{directory} is of machines that cannot be had now; extend it when all of them can.")
        _refuse_other_commit(directory, header.commit, current_commit())
        added = plan.added(header, asked, ask=lambda models: choices.ask(launcher, models))
        if not added.cases:
            raise UsageError(f"{directory} has all of these cases already; --resume measures what is missing of them.")
        run_directory.cut_half_written_lines(directory)
        profiled = profiles_of(added, launcher, Profiled(profiles=()))
        profiles = {profile_key(it): it for it in (*header.profiles, *profiled.profiles)}
        extended = msgspec.structs.replace(
            header,
            cases=(*header.cases, *added.cases),
            profiles=tuple(profiles.values()),
            unprofiled=tuple(dict.fromkeys((*header.unprofiled, *profiled.refusals))),
            foreseen=(*header.foreseen, *foresee(added)),
        )
        lacking = room.lacking_of(extended)
        without_room = {case: lacking[case] for case in added.cases if case in lacking}
        room.refuse_none_left(added.cases, without_room)
        run_directory.extend(directory, extended)
        known = plan.of_header(extended)
        refused = sweep.refuse(directory, extended, (), without_room)
        slots = sweep.unfinished(plan.schedule(added.cases, header.protocol.launches, seed=header.seed), refused)
        measured = sweep.measured(entries) | sweep.measure(directory, extended, known, slots, launcher)
        timed = {profile.case for profile in found.layers}
        time_layers(directory, extended, known, measured, launcher, timed=timed)
        _finish(directory)


def _finish(directory: Path, *, warn: Callable[[str], None] = warn) -> None:
    """Keep what the finished run taught of its machines."""
    run = run_directory.load(directory)
    nominals.settle(directory, run, warn=warn)
    remember(run)


def _known_machines(directory: Path, header: Header, launcher: Launcher) -> frozenset[str]:
    """Return what cases call the machines that can be had now; each must be the one that the run began on."""
    known = {environment.id: environment for environment in header.environments}
    here = stations.reachable(launcher, header.cases[0].device)
    if header.fleet and any(it.machine is None for it in here):
        raise StoreError(f"{directory} was measured on machines of its own; leave --launcher out to ask those.")
    if header.fleet and not {it.name for it in here} <= set(header.members):
        raise StoreError(f"{directory} is of {len(header.fleet)} machines; leave --launcher out to ask all of them.")
    for it in here:
        now = it.probed.environment
        member = header.members.get(it.name) if it.machine else None
        if now.id not in known or (member is not None and member.environment.id != now.id):
            then = member.environment if member else header.environments[0]
            which = f"{directory}: machine '{it.machine.name}'" if it.machine else f"{directory}"
            raise StoreError(f"{which} was measured elsewhere: {_differences(then, now.identity)}.")
    return frozenset(it.name for it in here)


def _on(here: frozenset[str], header: Header, cases: frozenset[Case]) -> frozenset[Case]:
    return frozenset(case for case in cases if not header.fleet or case.machine in here)


def _refuse_missing_engines(launcher: Launcher, executors: Iterable[str]) -> None:
    """Refuse executors whose packages are not here; elsewhere the child says what is missing there."""
    if not isinstance(launcher, Fleet):
        engines.refuse_missing(executors)


def _refuse_empty_calibration(launcher: Launcher, folder: str) -> None:
    """Refuse a folder without images before anything is measured; elsewhere the child does."""
    if folder and not isinstance(launcher, Fleet):
        calibration.files(folder)


def _refuse_other_commit(directory: Path, then: Commit | None, now: Commit | None) -> None:
    """Refuse to measure another revision under the name of the run's own."""
    if then is not None and now is not None and then.revision != now.revision:
        raise StoreError(
            f"{directory} measured commit {then.revision[:12]}, and checked out is {now.revision[:12]}; a run is of "
            "one commit: check that one out, or start a new run."
        )


def _ceilings(preset: str, machines: Sequence[Station], cases: Sequence[Case]) -> tuple[Ceilings, ...]:
    """Look the ceilings up or measure them; a run without them is as good, but says nothing of headroom."""
    quick = preset == _QUICK
    found = []
    for machine in stations.first_of_each(machines, lambda it: it.probed.environment.id):
        own = [case for case in cases if case.machine == machine.name and case.processes == 1]
        for threads in dict.fromkeys(case.threads for case in own):
            try:
                found.append(
                    ceilings.known_or_measured(
                        machine.probed.environment,
                        launcher=machine.launcher,
                        device=machine.probed.device,
                        threads=threads,
                        precisions=[case.precision for case in own if case.threads == threads],
                        warn=warn,
                        budget_s=ceilings.QUICK_BUDGET_S if quick else ceilings.BUDGET_S,
                        attempts=1 if quick else ceilings.ATTEMPTS,
                        shelf=machine.shelf,
                    )
                )
            except ResNetBenchError as error:
                warn(f"no ceilings, so no headroom in this report: {error}")
    return tuple(found)


def _differences(then: Environment, now: Identity) -> str:
    before, after = msgspec.to_builtins(then.identity), msgspec.to_builtins(now)
    changed = [f"{field} was {before[field]}, is {after[field]}" for field in before if before[field] != after[field]]
    return "; ".join(changed)
