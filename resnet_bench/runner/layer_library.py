"""The layer library of this machine: what it learns from every profile and run, and how it is asked for."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.nominals import nominals_of, of_launches
from resnet_bench.analysis.prediction.collecting import can_teach, with_profile
from resnet_bench.analysis.prediction.levels import measured_level_s
from resnet_bench.analysis.stats import summarize
from resnet_bench.errors import StoreError
from resnet_bench.machine.environment import as_it_is_now
from resnet_bench.machine.identity import differences
from resnet_bench.records import Case, Ceilings, Environment, LayerProfile, Measurement, Nominal, Run
from resnet_bench.records.layer_library import LayerLibrary, LayerWay, MeasuredLatencies, MeasuredLatency
from resnet_bench.runner.progress import warn
from resnet_bench.storage import ceilings_cache, layer_library
from resnet_bench.storage import nominals as nominal_speeds

Warn = Callable[[str], None]


class FoundLibraries(NamedTuple):
    """The libraries of a way: this machine's, and of others the one that is most like it, with the differences."""

    own: LayerLibrary | None
    other: LayerLibrary | None
    differences: tuple[str, ...]


def learn(profile: LayerProfile, environment: Environment, *, warn: Warn = warn) -> Path | None:
    """Add a measured profile to the library of its machine, and return where that is kept.

    None where its layers are fused, or nothing can be written, which is said: what was measured stands elsewhere.
    """
    if not can_teach(profile):
        return None
    try:
        return layer_library.change(
            LayerWay.of(profile.case),
            environment.id,
            lambda before: with_profile(before, profile, environment, _ceilings(environment, profile.case)),
        )
    except StoreError as error:
        warn(f"these layers are not kept for predictions: {error}")
        return None


def _ceilings(environment: Environment, case: Case) -> Ceilings | None:
    """Return what is kept of a machine: beside this one's, or on a shelf of its own where it is another."""
    shelves = ("", environment.id)
    kept = (
        ceilings_cache.read(environment, device=case.device, threads=case.threads, warn=lambda _: None, shelf=shelf)
        for shelf in shelves
    )
    return next((it for it in kept if it is not None), None)


def remember(run: Run, *, warn: Warn = warn) -> None:
    """Keep what a run measured, to judge predictions by; where that cannot be, say so."""
    tables = {str(table["name"]): table for table in run.header.models}
    nominals = nominals_of([run])
    for environment in run.header.environments:
        here = [it for it in run.measurements if it.launches and it.launches[0].environment == environment.id]
        found = [it for measurement in here if (it := _latency(measurement, run, tables, nominals)) is not None]
        if not found:
            continue
        try:
            layer_library.change_measured(environment.id, lambda before: _merged(before, found, environment))  # noqa: B023
        except StoreError as error:
            warn(f"these measurements are not kept to judge predictions by: {error}")


def _latency(
    measurement: Measurement, run: Run, tables: dict[str, dict[str, object]], nominals: Sequence[Nominal]
) -> MeasuredLatency | None:
    summary = summarize(measurement, LATENCY)
    if summary is None or measurement.case.processes > 1:  # layers are known of one process
        return None
    launches = measurement.launches
    beside = all(launch.isolated.reference is not None for launch in launches)
    nominal = of_launches(launches, nominals) if beside else None
    at_nominal_s = measured_level_s(measurement, nominal) if nominal else None
    return MeasuredLatency(
        case=measurement.case,
        run=run.header.id,
        measured_at=measurement.launches[0].started_at,
        latency_s=summary.median,
        launches=summary.launches,
        at_nominal_s=at_nominal_s,
        nominal=nominal if at_nominal_s else None,
        architecture=tables.get(measurement.case.model, {}),
        disturbed=2 * sum(bool(it.contention.disturbances) for it in launches) >= len(launches),
    )


def _merged(
    before: MeasuredLatencies | None, found: Sequence[MeasuredLatency], environment: Environment
) -> MeasuredLatencies:
    known = {it.case: it for it in (*(before.measured if before else ()), *found)}
    return MeasuredLatencies(identity=environment.identity, environment=environment.id, measured=tuple(known.values()))


def find(way: LayerWay, given: Sequence[LayerLibrary] = ()) -> FoundLibraries:
    """Return what is known of layers that are run in a way, in the libraries that are given or else in those kept here.

    Raises:
        StoreError: a library cannot be read.
    """
    libraries = [it for it in given if it.way == way] if given else layer_library.read(way)
    apart = [(differences(it.identity, as_it_is_now(it.identity)), it) for it in libraries]
    own = [it for differing, it in apart if not differing]
    if own:
        newest = max(own, key=lambda it: it.sources[-1].measured_at)
        return FoundLibraries(_as_known_now(newest), None, ())
    if not apart:
        return FoundLibraries(None, None, ())
    differing, other = min(apart, key=lambda it: len(it[0]))
    return FoundLibraries(None, other, differing)


def _as_known_now(library: LayerLibrary) -> LayerLibrary:
    """Return a library of this machine with the ceilings and the nominal speed that are kept of it now."""
    way = library.way
    kept = ceilings_cache.read_of(
        library.environment, library.identity, device=way.device, threads=way.threads, warn=lambda _: None
    )
    speeds: tuple[Nominal, ...] = ()
    with suppress(StoreError):  # then layers are at the speed at which they were timed
        speeds = nominal_speeds.read(library.environment)
    timed = (it.samples.reference for it in library.sources if it.samples is not None)
    keys = {(library.environment, way.threads, reference.version, "") for reference in timed if reference is not None}
    nominal = next((it for it in speeds if it.key in keys), library.nominal)
    return msgspec.structs.replace(library, ceilings=kept or library.ceilings, nominal=nominal)


def measured_here() -> tuple[MeasuredLatency, ...]:
    """Return what runs measured on this machine, with the software that it has now.

    Raises:
        StoreError: it cannot be read.
    """
    machines = (it for it in layer_library.read_measured() if not differences(it.identity, as_it_is_now(it.identity)))
    return tuple(measured for machine in machines for measured in machine.measured)
