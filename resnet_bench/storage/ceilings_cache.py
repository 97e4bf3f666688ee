"""Ceilings of this machine, kept for its user: one file a device and number of threads.

A cache that cannot be read, or is of another machine, driver or torch, is left out with a warning.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from resnet_bench.errors import StoreError
from resnet_bench.machine.environment import as_it_is_now
from resnet_bench.machine.identity import differences, environment_id, in_classes
from resnet_bench.records import SCHEMA_VERSION, Ceilings, Environment, Identity, Record
from resnet_bench.storage import reading, record_file, shared_cache

Warn = Callable[[str], None]


class Cached(Record, frozen=True, kw_only=True):
    """What a cache file holds: the ceilings, and the machine that they are of."""

    schema: int = SCHEMA_VERSION
    identity: Identity
    ceilings: Ceilings


def read(environment: Environment, *, device: str, threads: int, warn: Warn, shelf: str = "") -> Ceilings | None:
    """Return the cached ceilings if they are of this machine, None with a warning where they are not."""
    return read_of(environment.id, environment.identity, device=device, threads=threads, warn=warn, shelf=shelf)


def read_of(
    environment: str, identity: Identity, *, device: str, threads: int, warn: Warn, shelf: str = ""
) -> Ceilings | None:
    """Return the cached ceilings of a machine by its digest and identity, None with a warning for another's."""
    path = cache_file(device, threads, shelf)
    try:
        cached = msgspec.json.decode(reading.content(path), type=Cached)
    except FileNotFoundError:
        return None
    except OSError as error:
        warn(f"cannot read the cached ceilings {path}: {reading.why(error)}; they are measured anew.")
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        warn(f"the cached ceilings {path} are damaged ({reading.why(error)}); they are measured anew.")
        return None
    if environment not in {cached.ceilings.environment, environment_id(in_classes(cached.identity))}:
        warn(
            f"the cached ceilings {path} are of another machine or software "
            f"({'; '.join(differences(cached.identity, identity)) or 'it names another machine'}); "
            "they are measured anew."
        )
        return None
    return msgspec.structs.replace(cached.ceilings, environment=environment)


def read_here(*, device: str, threads: int) -> Ceilings | None:
    """Return the ceilings that are kept if they are of the machine that this is now; nothing is said of others."""
    try:
        cached = msgspec.json.decode(reading.content(cache_file(device, threads)), type=Cached)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if differences(cached.identity, as_it_is_now(cached.identity)) else cached.ceilings


def cache_file(device: str, threads: int, shelf: str = "") -> Path:
    """Return where the ceilings of a device and number of threads are kept; another machine has a shelf of its own."""
    return shared_cache.folder() / shelf / f"ceilings-{device.replace(':', '-')}-{threads}-threads.json"


def write(ceilings: Ceilings, environment: Environment, *, warn: Warn, shelf: str = "") -> None:
    """Keep the ceilings of this machine; where that cannot be, warn."""
    path = cache_file(ceilings.device, ceilings.threads, shelf)
    try:
        record_file.write(Cached(identity=environment.identity, ceilings=ceilings), path)
    except StoreError as error:
        warn(f"the ceilings are measured again next time: {error}")
