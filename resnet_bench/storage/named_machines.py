"""Machines that a suite named, in runs that are joined: a name stays, and means one machine."""

from collections.abc import Mapping

from resnet_bench.errors import StoreError
from resnet_bench.records import FleetMember, Header


def of(header: Header) -> dict[str, FleetMember]:
    """Return the machines that a run's cases name as its suite does; none where a run had one."""
    return header.members if len(header.fleet) > 1 else {}


def refuse_two(headers: Mapping[str, Header]) -> None:
    """Refuse one name for two machines; headers are given by their directory.

    Raises:
        StoreError: with the name.
    """
    known: dict[str, tuple[str, str]] = {}
    for directory, header in headers.items():
        for name, member in of(header).items():
            environment, where = known.setdefault(name, (member.environment.id, directory))
            if environment != member.environment.id:
                raise StoreError(
                    f"{where} and {directory} mean different machines by '{name}'; a joined run has one of that name."
                )
