"""Ceilings for a run or a profile: from the user's cache where they are of this very machine, else measured now.

One file a device and number of threads, under $XDG_CACHE_HOME/resnet-bench (~/.cache where that is not set). A cache
that cannot be read, or is of another machine, driver or torch, is left out with a warning.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec

from resnet_bench.records import (
    SCHEMA_VERSION,
    Bandwidth,
    Ceilings,
    Environment,
    Identity,
    Precision,
    Rate,
    Record,
    arithmetic,
)
from resnet_bench.runner.launchers import local
from resnet_bench.wire.messages import CeilingsRequest

BUDGET_S = 1.0
QUICK_BUDGET_S = 0.4
ATTEMPTS = 3
Warn = Callable[[str], None]


class Cached(Record, frozen=True, kw_only=True):
    """What a cache file holds: the ceilings, and the machine that they are of."""

    schema: int = SCHEMA_VERSION
    identity: Identity
    ceilings: Ceilings


def known_or_measured(
    environment: Environment,
    *,
    device: str,
    threads: int,
    precisions: Collection[Precision],
    warn: Warn,
    budget_s: float = BUDGET_S,
    attempts: int = ATTEMPTS,
) -> Ceilings:
    """Return the ceilings of this machine for some precisions, measured only where the cache lacks them.

    Raises:
        ResNetBenchError: they cannot be measured.
    """
    wanted = {arithmetic(precision) for precision in precisions}
    cached = read(environment, device=device, threads=threads, warn=warn)
    have = {rate.precision for rate in cached.rates} if cached else set()
    # What a quick run measured on a disturbed machine, and did not repeat, is not what others are held against.
    repeated = cached is not None and (not cached.disturbances or cached.attempts >= attempts)
    if cached is not None and have.issuperset(wanted) and repeated:
        return cached
    known = tuple(rate.precision for rate in cached.rates) if cached else ()
    return measured(
        environment,
        device=device,
        threads=threads,
        precisions=(*known, *precisions),
        warn=warn,
        budget_s=budget_s,
        attempts=attempts,
    )


def measured(
    environment: Environment,
    *,
    device: str,
    threads: int,
    precisions: Iterable[Precision],
    warn: Warn,
    budget_s: float = BUDGET_S,
    attempts: int = ATTEMPTS,
) -> Ceilings:
    """Measure the ceilings now, and keep in the cache the best that this machine ever showed, which is returned.

    Raises:
        ResNetBenchError: they cannot be measured.
    """
    print(f"measuring the ceilings of {device} with {threads} CPU threads", file=sys.stderr, flush=True)
    request = CeilingsRequest(
        device=device,
        threads=threads,
        precisions=tuple(dict.fromkeys(arithmetic(precision) for precision in precisions)),
        budget_s=budget_s,
        attempts=attempts,
    )
    found = local.ceilings(request)
    if found.disturbances:
        often = "once and" if found.attempts == 1 else f"{found.attempts} times and each time"
        warn(
            f"the ceilings were measured {often} the machine was disturbed "
            f"({'; '.join(found.disturbances)}): they may be too low. Measure them alone with: "
            "resnet-bench machine --ceilings"
        )
    before = read(environment, device=device, threads=threads, warn=lambda _: None)
    best = found if before is None else best_of(before, found)
    _write(cache_file(device, threads), Cached(identity=environment.identity, ceilings=best), warn)
    return best


def best_of(before: Ceilings, now: Ceilings) -> Ceilings:
    """Return the best of two measurements of one machine: what it did once it can do.

    Disturbances count while no undisturbed measurement holds all of the precisions.
    """
    rates = {rate.precision: rate for rate in before.rates}
    for rate in now.rates:
        known = rates.get(rate.precision, rate)
        rates[rate.precision] = Rate(
            precision=rate.precision,
            matmul_flop_per_s=_higher(known.matmul_flop_per_s, rate.matmul_flop_per_s),
            convolution_flop_per_s=_higher(known.convolution_flop_per_s, rate.convolution_flop_per_s),
        )
    copies: dict[int, float] = {}
    for copy in (*before.bandwidths, *now.bandwidths):
        copies[copy.moved_bytes] = max(copy.byte_per_s, copies.get(copy.moved_bytes, 0.0))
    quiet = [it for it in (now, before) if not it.disturbances and {rate.precision for rate in it.rates} == set(rates)]
    return msgspec.structs.replace(
        now,
        rates=tuple(rates.values()),
        bandwidths=tuple(Bandwidth(moved_bytes=size, byte_per_s=copies[size]) for size in sorted(copies)),
        launch_s=min(before.launch_s, now.launch_s),
        attempts=max(before.attempts, now.attempts),
        disturbances=() if quiet else now.disturbances or before.disturbances,
    )


def _higher(one: float | None, other: float | None) -> float | None:
    return max((rate for rate in (one, other) if rate is not None), default=None)


def read(environment: Environment, *, device: str, threads: int, warn: Warn) -> Ceilings | None:
    """Return the cached ceilings if they are of this machine, None with a warning where they are not."""
    path = cache_file(device, threads)
    try:
        cached = msgspec.json.decode(path.read_bytes(), type=Cached)
    except FileNotFoundError:
        return None
    except OSError as error:
        warn(f"cannot read the cached ceilings {path}: {error.strerror}; they are measured anew.")
        return None
    except msgspec.DecodeError as error:
        warn(f"the cached ceilings {path} are damaged ({error}); they are measured anew.")
        return None
    if cached.ceilings.environment != environment.id:
        warn(
            f"the cached ceilings {path} are of another machine or software "
            f"({_difference(cached.identity, environment.identity)}); they are measured anew."
        )
        return None
    return cached.ceilings


def cache_file(device: str, threads: int) -> Path:
    """Return where the ceilings of a device and number of threads are kept."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # The specification: a relative path in the variable is to be ignored.
    folder = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    return folder / "resnet-bench" / f"ceilings-{device.replace(':', '-')}-{threads}-threads.json"


def _write(path: Path, cached: Cached, warn: Warn) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(cached), indent=1) + b"\n")
        temporary.replace(path)
    except OSError as error:
        warn(f"cannot keep the ceilings in {path}: {error.strerror or error}; they are measured again next time.")


def _difference(then: Identity, now: Identity) -> str:
    before, after = (msgspec.to_builtins(side) for side in (then, now))
    changed = [f"{field} was {before[field]}, is {after[field]}" for field in before if before[field] != after[field]]
    return "; ".join(changed) or "it names another machine"
