"""Several runs joined into one: the shards of a suite, or the same suite on several machines.

Of one case on several machines each measurement keeps its own row (`Case.machine`). On one machine launches keep
their indices. A launch that stands in two runs, as copies have it, counts once; where two runs used one index for
different launches, the later run's get the next free ones: launches of one commit and protocol are replicates,
whichever run made them. What would mix different things under one name is refused.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from resnet_bench.errors import StoreError, UsageError
from resnet_bench.machine import names as machines
from resnet_bench.records import (
    Case,
    Ceilings,
    Commit,
    Header,
    Launch,
    LayerProfile,
    LayerScope,
    Profile,
    Record,
    Run,
    Shard,
    Skip,
)
from resnet_bench.records.nominals import agreed
from resnet_bench.records.plan import PROTOCOL_FIELDS
from resnet_bench.records.profiles import profile_key
from resnet_bench.storage import named_machines, run_directory

_Entry = Launch | Skip
# What a model is, whichever counter counted it.
_MODEL_FACTS = ("parameters", "macs", "activations", "weighted_layers")


class Piece(Record, frozen=True, kw_only=True):
    """One run to be joined, as it was read."""

    directory: str
    run: Run
    entries: tuple[_Entry, ...]

    @property
    def header(self) -> Header:
        """The run's header."""
        return self.run.header


class Joined(Record, frozen=True, kw_only=True):
    """The run that comes out, and what its user should know."""

    header: Header
    entries: tuple[_Entry, ...]
    layers: tuple[LayerProfile, ...]
    warnings: tuple[str, ...]


def read(directories: Sequence[Path]) -> tuple[Piece, ...]:
    """Read run directories, each once.

    Raises:
        UsageError: there is none.
        StoreError: one of them is no run, is damaged, or of a newer schema.
    """
    if not directories:
        raise UsageError("merge needs at least one run directory: resnet-bench merge RUN... -o DIR.")
    parts = []
    for directory in dict.fromkeys(directories):
        run, entries = run_directory.load_with_entries(directory)
        if run.set_aside:
            raise StoreError(f"{run.set_aside[0]} Only a whole run can be merged.")
        parts.append(Piece(directory=str(directory), run=run, entries=tuple(entries)))
    return tuple(parts)


def join(parts: Sequence[Piece], run_id: str) -> Joined:
    """Return the run called `run_id` that holds everything that the parts hold.

    Raises:
        StoreError: the parts differ in protocol, commit or a model's meaning.
    """
    for part in parts[1:]:
        _refuse_other_protocol(parts[0], part)
    _refuse_other_models(parts)
    named_machines.refuse_two({part.directory: part.header for part in parts})
    environments = tuple({it.id: it for part in parts for it in part.header.environments}.values())
    names = machines.names(environments)
    renamed = [_on_its_machine(part, names) for part in parts]
    headers = [part.header for part in renamed]
    commit, commit_warnings = _commit(parts)
    shards = tuple({(it.index, it.count): it for header in headers for it in header.shards}.values())
    absent = _absent_shards(shards)
    cases = _cases(headers)
    header = Header(
        id=run_id,
        created_at=min(header.created_at for header in headers),
        preset=", ".join(dict.fromkeys(header.preset for header in headers)),
        protocol=msgspec.structs.replace(
            headers[0].protocol,
            launches=max(header.protocol.launches for header in headers),
            time_limit_s=max(header.protocol.time_limit_s for header in headers),
        ),
        seed=headers[0].seed,
        commit=commit,
        environments=environments,
        cases=cases,
        models=tuple({str(table["name"]): table for header in headers for table in header.models}.values()),
        profiles=tuple({profile_key(it): it for header in headers for it in header.profiles}.values()),
        unprofiled=tuple(dict.fromkeys(refusal for header in headers for refusal in header.unprofiled)),
        ceilings=tuple(_ceilings(headers)),
        nominals=agreed(it for header in headers for it in header.nominals),
        layers=next((header.layers for header in headers if header.layers is not LayerScope.NONE), LayerScope.NONE),
        searches=tuple({it.case: it for header in headers for it in header.searches}.values()),
        objects=tuple({it.name: it for header in headers for it in header.objects}.values()),
        fleet=tuple({name: it for header in headers for name, it in named_machines.of(header).items()}.values()),
        foreseen=tuple({it.case: it for part in parts for it in part.header.foreseen if it.case in cases}.values()),
        accuracies=tuple(dict.fromkeys(given for header in headers for given in header.accuracies)),
        prices=tuple(dict.fromkeys(price for header in headers for price in header.prices)),
        shards=shards if absent else (),
        merged=tuple(dict.fromkeys(id_ for header in headers for id_ in header.merged or (header.id,))),
    )
    warnings = [text for part in parts for text in part.run.warnings]
    if absent:
        warnings.append(f"of the suite's shards {', '.join(absent)} are not among these runs; merge them too.")
    layers = {(it.case, it.environment): it for part in renamed for it in part.run.layers}
    return Joined(
        header=header,
        entries=_entries(renamed),
        layers=tuple(layers.values()),
        warnings=(*warnings, *commit_warnings),
    )


# --- what cannot be joined ----------------------------------------------------------------------------------


def _refuse_other_protocol(first: Piece, other: Piece) -> None:
    differing = [
        f"{field} is {getattr(first.header.protocol, field)} in {first.directory} and "
        f"{getattr(other.header.protocol, field)} in {other.directory}"
        for field in PROTOCOL_FIELDS
        if getattr(first.header.protocol, field) != getattr(other.header.protocol, field)
    ]
    if not differing:
        return
    known = set(first.header.cases)
    twice = next((case for case in other.header.cases if case in known), None)
    what = f"{twice.key} was measured twice under different protocols" if twice else "a run has one protocol"
    more = f" (and {len(differing) - 1} more)" if len(differing) > 1 else ""
    raise StoreError(f"{what}: {differing[0]}{more}; put such runs side by side with resnet-bench report.")


def _refuse_other_models(parts: Sequence[Piece]) -> None:
    """Refuse one name for two models: two tables, a table and a built-in model, or different counts."""
    meanings: dict[str, tuple[object, str]] = {}
    counts: dict[object, tuple[Profile, str]] = {}
    for part in parts:
        tables = {str(table["name"]): table for table in part.header.models}
        for name in {*tables, *(case.model for case in part.header.cases)}:
            meaning, where = meanings.setdefault(name, (tables.get(name), part.directory))
            if meaning != tables.get(name):
                raise StoreError(_two_models(name, where, part.directory, "differently specified"))
        for profile in part.header.profiles:
            known, where = counts.setdefault(profile_key(profile), (profile, part.directory))
            for fact in _MODEL_FACTS:
                if getattr(known, fact) != getattr(profile, fact):
                    how = f"{fact.replace('_', ' ')} {getattr(known, fact):,} and {getattr(profile, fact):,}"
                    raise StoreError(_two_models(profile.model, where, part.directory, how))


def _two_models(name: str, first: str, second: str, how: str) -> str:
    return f"{first} and {second} mean different models by '{name}' ({how}); give one of them another name."


def _commit(parts: Sequence[Piece]) -> tuple[Commit | None, list[str]]:
    """Return the commit that all parts measured; None, with a warning, where one of them does not know its own.

    Raises:
        StoreError: they measured different revisions.
    """
    known = [(part.header.commit, part.directory) for part in parts if part.header.commit is not None]
    revisions = {commit.revision: where for commit, where in known}
    if len(revisions) > 1:
        (one, first), (two, second) = list(revisions.items())[:2]
        raise StoreError(
            f"{first} measured commit {one[:12]} and {second} commit {two[:12]}; a run is of one commit: "
            "put them against each other with resnet-bench compare."
        )
    unknown = [part.directory for part in parts if part.header.commit is None]
    if unknown and known:
        return None, [f"{', '.join(unknown)}: the commit is unknown, so the joined run names none."]
    if not known:
        return None, []
    dirty = any(commit.dirty for commit, _ in known)
    return msgspec.structs.replace(known[0][0], dirty=dirty), []


def _absent_shards(shards: Sequence[Shard]) -> list[str]:
    held = {(shard.index, shard.count) for shard in shards}
    counts = sorted({shard.count for shard in shards})
    every = ((index, count) for count in counts for index in range(1, count + 1))
    return [f"{index}/{count}" for index, count in every if (index, count) not in held]


# --- what comes out -----------------------------------------------------------------------------------------


def _on_its_machine(part: Piece, names: dict[str, str]) -> Piece:
    """Return the part with its cases on the machines' names in the joined run, and skips that know their machine."""
    old = machines.names(part.header.environments)
    members = named_machines.of(part.header)
    ids = {name: id_ for id_, name in old.items()} | {name: it.environment.id for name, it in members.items()}

    def placed(case: Case) -> Case:
        return case if case.machine in members else machines.rename(case, names[ids[case.machine]])

    # Lines of schema 1 do not know their run; in a joined one nobody does any more.
    origin = "" if part.header.merged else part.header.id

    def entry(it: _Entry) -> _Entry:
        moved = msgspec.structs.replace(it, case=placed(it.case), run=it.run or origin)
        return msgspec.structs.replace(moved, environment=ids[it.case.machine]) if isinstance(moved, Skip) else moved

    searches = (msgspec.structs.replace(it, case=placed(it.case)) for it in part.header.searches)
    header = msgspec.structs.replace(
        part.header, cases=tuple(placed(case) for case in part.header.cases), searches=tuple(searches)
    )
    layers = tuple(msgspec.structs.replace(it, case=placed(it.case), run=it.run or origin) for it in part.run.layers)
    run = msgspec.structs.replace(part.run, header=header, layers=layers)
    return msgspec.structs.replace(part, run=run, entries=tuple(entry(it) for it in part.entries))


def _cases(headers: Sequence[Header]) -> tuple[Case, ...]:
    """Return all cases once: shards' in the order of the suite they are of, then the others' in their own."""
    placed: dict[Case, tuple[int, int]] = {}
    for header in headers:
        positions = sorted(position for shard in header.shards for position in shard.positions)
        from_suite = len(positions) == len(header.cases)
        for number, case in enumerate(header.cases):
            placed.setdefault(case, (0, positions[number]) if from_suite else (1, len(placed)))
    return tuple(sorted(placed, key=placed.__getitem__))


def _ceilings(headers: Sequence[Header]) -> Iterator[Ceilings]:
    """Yield the ceilings of each machine, device and thread count once: the least disturbed, else the first."""
    every = [it for header in headers for it in header.ceilings]
    for key in dict.fromkeys((it.environment, it.device, it.threads) for it in every):
        same = (it for it in every if (it.environment, it.device, it.threads) == key)
        yield min(same, key=lambda it: bool(it.disturbances))


def _entries(parts: Sequence[Piece]) -> tuple[_Entry, ...]:
    """Return every line once, with indices that are unique within its case."""
    joined: dict[Case, dict[int, list[_Entry]]] = {}
    for part in parts:
        taken = {case: set(groups) for case, groups in joined.items()}
        for case, index, group in _groups(part.entries):
            groups = joined.setdefault(case, {})
            target = _target(group, index, groups, taken.get(case, set()))
            if target is not None:
                present = [_without_index(it) for it in groups.get(target, [])]
                new = [msgspec.structs.replace(it, index=target) for it in group if _without_index(it) not in present]
                groups.setdefault(target, []).extend(new)
    return tuple(it for groups in joined.values() for index in sorted(groups) for it in groups[index])


def _groups(entries: Sequence[_Entry]) -> Iterator[tuple[Case, int, list[_Entry]]]:
    """Yield the attempts and skips of each launch of each case together, in the order written."""
    found: dict[tuple[Case, int], list[_Entry]] = {}
    for it in entries:
        found.setdefault((it.case, it.index), []).append(it)
    for (case, index), group in found.items():
        yield case, index, group


def _target(group: Sequence[_Entry], index: int, groups: dict[int, list[_Entry]], taken: set[int]) -> int | None:
    """Return the index for a group: its own, that of the launch it is a copy of, or the next free one.

    None for skips that an earlier run has in the same words.
    """
    wanted = [_without_index(it) for it in group]
    for known, present in groups.items():
        if known in taken and any(isinstance(it, Launch) and _without_index(it) in wanted for it in present):
            return known
    if all(isinstance(it, Skip) for it in group):
        before = [_without_index(it) for known in taken for it in groups[known]]
        if all(it in before for it in wanted):
            return None
    return index if index not in groups else max(groups) + 1


def _without_index(entry: _Entry) -> _Entry:
    return msgspec.structs.replace(entry, index=0, run="")  # a copy is a copy, whichever run it was put into
