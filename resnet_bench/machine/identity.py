"""What makes a machine the same one: an identity that holds nothing that jitters, and its digest.

A system reports a few KiB of memory more or less from boot to boot, so memory counts in classes. Records that were
written with exact bytes are brought to the same classes as they are read.
"""

import hashlib

import msgspec

from resnet_bench.records import Digest, Environment, Identity

_GIB = 2**30
_HALVES = (2, 3)  # of a power of two: 1, 2, 3, 4, 6, 8, 12, 16, 24...


def memory_class(memory_bytes: int) -> int:
    """Return the least of 1, 2, 3, 4 or 6 times a power of two GiB that holds so many bytes; below 1 GiB, of MiB."""
    unit = _GIB if memory_bytes > _GIB // 2 else 2**20
    power = 1 << max(0, (memory_bytes // unit).bit_length() - 1)
    sizes = (halves * power * unit // 2 for power in (power, 2 * power) for halves in _HALVES)
    return next(size for size in sizes if size >= memory_bytes and size % unit == 0)


def environment_id(identity: Identity) -> str:
    """Return the short digest that ties launches, calibrations and ceilings to a machine.

    What later schemas added is part of it only where it says something, so that ids stay.
    """
    added = {field.name: field.default for field in msgspec.structs.fields(identity) if not field.required}
    told = {
        name: value
        for name, value in msgspec.structs.asdict(identity).items()
        if name not in added or value != added[name]
    }
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:12]


def in_classes(identity: Identity) -> Identity:
    """Return an identity with its memory as a class."""
    return msgspec.structs.replace(identity, memory_bytes=memory_class(identity.memory_bytes))


def settled(environment: Environment) -> Environment:
    """Return an environment whose identity has its memory as a class, with the digest that follows from it."""
    exact, identity = environment.identity.memory_bytes, in_classes(environment.identity)
    if identity == environment.identity:
        return environment
    state = environment.state
    if state.memory_bytes is None:
        state = msgspec.structs.replace(state, memory_bytes=exact)
    return Environment(id=environment_id(identity), identity=identity, state=state)


def settled_digest(stored: Digest) -> Digest:
    """Return a digest of runs whose machines have their memory as a class."""
    known = {old: in_classes(identity) for old, identity in stored.identities.items()}
    ids = {old: environment_id(it) for old, it in known.items() if it != stored.identities[old]}
    if not ids:
        return stored
    cases = tuple(
        msgspec.structs.replace(it, environments=tuple(sorted({ids.get(one, one) for one in it.environments})))
        for it in stored.cases
    )
    return msgspec.structs.replace(
        stored,
        identities={ids.get(old, old): it for old, it in known.items()},
        former_ids=tuple(sorted({*stored.former_ids, *ids})),
        cases=cases,
    )


def former_id(environment: Environment) -> str:
    """Return the digest that this machine had when identities held exact bytes."""
    exact = environment.state.memory_bytes
    if exact is None:
        return environment.id
    return environment_id(msgspec.structs.replace(environment.identity, memory_bytes=exact))


def same_hardware(one: Identity, other: Identity) -> bool:
    """Say whether two identities are of the same device and processor, whatever their software."""
    return all(getattr(one, field) == getattr(other, field) for field in ("device", "device_name", "cpu_name"))


def differences(then: Identity, now: Identity) -> tuple[str, ...]:
    """Return in words how two machines differ, field by field."""
    before, after = (msgspec.to_builtins(side) for side in (then, now))
    return tuple(f"{field} was {before[field]}, is {after[field]}" for field in before if before[field] != after[field])
