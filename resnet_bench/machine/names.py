"""What tells the machines of a joined run apart: `Case.machine`, a name for people, empty where there is only one.

A name is the device's, and where two devices share it, with the first fact in which they differ. The environment's
id stays what decides: two sides of a comparison that name one machine differently are brought to the same name.
"""

from collections.abc import Mapping, Sequence

import msgspec

from resnet_bench import units
from resnet_bench.records import Case, CaseDigest, Digest, Environment, Run, Skip

# In the order in which people would tell two machines apart; `device_name` is the name itself.
_TELLING = ("cpu_name", "logical_cores", "memory_bytes", "torch", "driver", "cuda", "cudnn", "python", "system")


def names(environments: Sequence[Environment]) -> dict[str, str]:
    """Return a name for each environment by its id: all empty for a single one, else all different."""
    known = {environment.id: environment for environment in environments}
    if len(known) < 2:  # noqa: PLR2004 - one machine needs no name
        return dict.fromkeys(known, "")
    groups: dict[str, list[Environment]] = {}
    for environment in known.values():
        groups.setdefault(environment.identity.device_name, []).append(environment)
    return {environment.id: _name(environment, group) for group in groups.values() for environment in group}


def rename(case: Case, machine: str) -> Case:
    """Return the case as one of `machine`."""
    return case if case.machine == machine else msgspec.structs.replace(case, machine=machine)


def named_like(subject: Digest, model: Digest) -> Digest:
    """Return `subject` with the names that `model` gives to the machines that both know."""
    theirs, ours = _machines_by_environment(model), _machines_by_environment(subject)

    def case_digest(it: CaseDigest) -> CaseDigest:
        named, of_ours = theirs.get(it.environments, set()), ours.get(it.environments, set())
        # Machines that are alike have one identity and several names: those stay.
        alone = len(named) == 1 and len(of_ours) == 1
        return msgspec.structs.replace(it, case=rename(it.case, next(iter(named)) if alone else it.case.machine))

    renamed = {it.case: case_digest(it).case for it in subject.cases}
    if all(before == after for before, after in renamed.items()):
        return subject
    machines = {before.machine: after.machine for before, after in renamed.items()}
    return msgspec.structs.replace(
        subject,
        cases=tuple(case_digest(it) for it in subject.cases),
        skips=tuple(_skip(it, machines) for it in subject.skips),
        missing=tuple(rename(case, machines.get(case.machine, case.machine)) for case in subject.missing),
    )


def _machines_by_environment(digest: Digest) -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for it in digest.cases:
        if len(it.environments) == 1:
            found.setdefault(it.environments, set()).add(it.case.machine)
    return found


def named_alike(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs as they are, or where one of them joins several machines, all with that one's names."""
    if not any(case.machine for run in runs for case in run.header.cases):
        return tuple(runs)
    every = names([environment for run in runs for environment in run.header.environments])
    return tuple(_named(run, every) for run in runs)


def _named(run: Run, every: Mapping[str, str]) -> Run:
    if len(run.header.fleet) > 1:  # its machines have names of their own
        return run
    machines = {old: every[id_] for id_, old in names(run.header.environments).items()}

    def case_of(case: Case) -> Case:
        return rename(case, machines.get(case.machine, case.machine))

    searches = tuple(msgspec.structs.replace(it, case=case_of(it.case)) for it in run.header.searches)
    cases = tuple(case_of(case) for case in run.header.cases)
    return msgspec.structs.replace(
        run,
        header=msgspec.structs.replace(run.header, cases=cases, searches=searches),
        measurements=tuple(msgspec.structs.replace(it, case=case_of(it.case)) for it in run.measurements),
        layers=tuple(msgspec.structs.replace(it, case=case_of(it.case)) for it in run.layers),
        skips=tuple(msgspec.structs.replace(it, case=case_of(it.case)) for it in run.skips),
        missing=tuple(case_of(case) for case in run.missing),
    )


def _skip(skip: Skip, machines: Mapping[str, str]) -> Skip:
    return msgspec.structs.replace(skip, case=rename(skip.case, machines.get(skip.case.machine, skip.case.machine)))


def _name(environment: Environment, group: Sequence[Environment]) -> str:
    name = environment.identity.device_name
    if len(group) == 1:
        return name
    for field in _TELLING:
        values = [getattr(it.identity, field) for it in group]
        if len(set(values)) == len(group):
            return f"{name}, {_words(field, getattr(environment.identity, field))}"
    return f"{name}, {environment.id}"


def _words(field: str, value: object) -> str:
    match field:
        case "memory_bytes" if isinstance(value, int):
            return units.byte_size(value)
        case "logical_cores":
            return f"{value} cores"
        case "cpu_name" | "system":
            return str(value)
        case _:
            return f"{field} {value}"
