"""A run put together from its header and its lines, in the words of this release."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from resnet_bench.machine.identity import settled
from resnet_bench.records import Case, Header, Launch, LayerProfile, Measurement, Run, Skip
from resnet_bench.records.profiles import profile_key

_Line = TypeVar("_Line", Launch | Skip, LayerProfile | Skip)


def with_settled_machines(header: Header) -> tuple[Header, dict[str, str]]:
    """Return a header whose identities have their memory as a class, and the new id of each machine by its old one."""
    environments = tuple(settled(it) for it in header.environments)
    ids = {old.id: new.id for old, new in zip(header.environments, environments, strict=True) if old.id != new.id}
    if not ids:
        return header, {}
    ceilings = tuple(
        msgspec.structs.replace(it, environment=ids.get(it.environment, it.environment)) for it in header.ceilings
    )
    return msgspec.structs.replace(header, environments=environments, ceilings=ceilings), ids


def on_settled_machines(entries: Sequence[_Line], ids: Mapping[str, str]) -> list[_Line]:
    """Return lines that name their machine by its new id."""
    moved = [(it, ids.get(it.environment or "")) for it in entries]
    return [it if new is None else msgspec.structs.replace(it, environment=new) for it, new in moved]


def assemble(header: Header, entries: Sequence[Launch | Skip], warnings: Sequence[str] = ()) -> Run:
    """Group launches and skips by case, in the header's order of cases.

    Of several attempts at one launch the first undisturbed one counts, else the last; the others are kept as
    superseded. Launches stand in the order of time: one that was repeated came after the others. A skip counts where
    its launch was never measured. A case with neither is missing.
    """
    launches: dict[Case, dict[int, list[Launch]]] = {}
    skips: dict[Case, dict[int, Skip]] = {}
    for entry in entries:
        if isinstance(entry, Launch):
            launches.setdefault(entry.case, {}).setdefault(entry.index, []).append(entry)
        else:
            skips.setdefault(entry.case, {})[entry.index] = entry
    profiles = {profile_key(profile): profile for profile in header.profiles}
    measurements, open_skips, missing = [], [], []
    for case in header.cases:
        attempts, skipped = launches.get(case, {}), skips.get(case, {})
        unmeasured = [skipped[index] for index in sorted(skipped) if index not in attempts]
        if attempts:
            by_index = [_first_undisturbed(attempts[index]) for index in sorted(attempts)]
            chosen = sorted(by_index, key=lambda it: it.started_at)
            rest = [launch for index in sorted(attempts) for launch in attempts[index] if launch not in chosen]
            profile = profiles.get(profile_key(case))
            measurements.append(Measurement(case=case, profile=profile, launches=tuple(chosen), superseded=tuple(rest)))
        open_skips.extend(unmeasured[:1])
        if not attempts and not unmeasured:
            missing.append(case)
    return Run(
        header=header,
        measurements=tuple(measurements),
        skips=tuple(open_skips),
        missing=tuple(missing),
        warnings=(*warnings, *without_profiles(header)),
    )


def _first_undisturbed(attempts: Sequence[Launch]) -> Launch:
    return next((launch for launch in attempts if not launch.contention.disturbances), attempts[-1])


def without_profiles(header: Header) -> list[str]:
    """Say which models have no static profile, and why."""
    return [f"no static profile: {why}" for why in dict.fromkeys(why for _, why in header.unprofiled)]


def without_layers(entries: Sequence[LayerProfile | Skip]) -> list[str]:
    """Say of which cases the layers could not be timed, and why."""
    timed = {entry.case for entry in entries if isinstance(entry, LayerProfile)}
    skips = {entry.case: entry for entry in entries if isinstance(entry, Skip) and entry.case not in timed}
    return [f"the layers of {case.key} could not be timed: {skip.detail}" for case, skip in skips.items()]
