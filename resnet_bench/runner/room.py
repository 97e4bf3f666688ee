"""Whether a machine has the room for several processes at once: known before the first launch."""

from collections.abc import Iterable, Mapping, Sequence

from resnet_bench.errors import UsageError
from resnet_bench.records import Case, Header, remarks


def lacking_of(header: Header) -> dict[Case, str]:
    """Return the cases of a run that its machine has no room for, with why."""
    said = {case: remarks.no_group(case, cores_of(case, header)) for case in header.cases}
    return {case: why for case, why in said.items() if why}


def lacking_on(cases: Sequence[Case], cores: Mapping[str, int]) -> dict[Case, str]:
    """Return those of the cases that their machines have no room for, with why.

    Raises:
        UsageError: all of them.
    """
    found = {case: why for case in cases if (why := remarks.no_group(case, cores[case.machine]))}
    refuse_none_left(cases, found)
    return found


def refuse_none_left(cases: Iterable[Case], without_room: Mapping[Case, str]) -> None:
    """Refuse a run none of whose cases has room.

    Raises:
        UsageError: with what is lacking, and what to do.
    """
    if all(case in without_room for case in cases):
        why = next(iter(without_room.values()))
        raise UsageError(f"nothing is left to measure: {why}.")


def cores_of(case: Case, header: Header) -> int:
    """Return how many cores the machine of a case has."""
    member = header.members.get(case.machine)
    environment = header.environments[0] if member is None else member.environment
    return environment.identity.logical_cores
