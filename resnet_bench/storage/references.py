"""What a run's header names must be there, and nothing twice: machines of cases, names of the suite's own models."""

from collections.abc import Hashable, Iterable
from pathlib import Path

from resnet_bench.errors import StoreError
from resnet_bench.machine import names
from resnet_bench.records import Header
from resnet_bench.storage.assembly import with_settled_machines


def check(header: Header, path: Path) -> None:
    """Refuse a header that names what it does not hold, or holds something twice.

    Raises:
        StoreError: a case's machine is none of the environments, a model has no name, or a case or machine is repeated.
    """
    for what, keys in (("cases", header.cases), ("environments", [it.id for it in header.environments])):
        _refuse_twice(what, keys, path)
    _refuse_twice("fleet", [it.machine.name for it in header.fleet], path)
    settled = with_settled_machines(header)[0].environments
    # "" where the run does not keep its machines' cases apart, however many it has.
    machines = {"", *names.names(header.environments).values(), *names.names(settled).values(), *header.members}
    for position, case in enumerate(header.cases):
        if case.machine not in machines:
            raise StoreError(
                f"{path} is damaged: the machine '{case.machine}' of cases[{position}] is none of its environments."
            )
    environments = {it.id for it in header.environments}
    for position, member in enumerate(header.fleet):
        if member.environment.id not in environments:
            raise StoreError(f"{path} is damaged: fleet[{position}] is on none of its environments.")
    for position, table in enumerate(header.models):
        if not isinstance(table.get("name"), str):
            raise StoreError(f"{path} is damaged: models[{position}] has no name.")


def _refuse_twice(what: str, keys: Iterable[Hashable], path: Path) -> None:
    seen: set[Hashable] = set()
    for position, key in enumerate(keys):
        if key in seen:
            raise StoreError(f"{path} is damaged: {what}[{position}] is there twice.")
        seen.add(key)
