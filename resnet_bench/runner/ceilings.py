"""Ceilings for a run or a profile: from the user's cache where they are of this very machine, else measured now."""

from collections.abc import Callable, Collection, Iterable

import msgspec

from resnet_bench.records import (
    Bandwidth,
    Ceilings,
    Environment,
    Precision,
    Rate,
)
from resnet_bench.records.plan import host_threads
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.storage import ceilings_cache
from resnet_bench.wire.messages import CeilingsRequest
from resnet_bench.words import counted, say

BUDGET_S = 1.0
QUICK_BUDGET_S = 0.4
ATTEMPTS = 3
Warn = Callable[[str], None]


def known_or_measured(
    environment: Environment,
    *,
    launcher: Launcher,
    device: str,
    threads: int,
    precisions: Collection[Precision],
    warn: Warn,
    budget_s: float = BUDGET_S,
    attempts: int = ATTEMPTS,
    shelf: str = "",
) -> Ceilings:
    """Return the ceilings of a machine for some precisions, measured only where the cache lacks them.

    `shelf` is where the cache keeps those of another machine than this one.

    Raises:
        ResNetBenchError: they cannot be measured.
    """
    threads = host_threads(device, threads)
    wanted = {arithmetic(precision).ceiling for precision in precisions}
    cached = ceilings_cache.read(environment, device=device, threads=threads, warn=warn, shelf=shelf)
    have = {rate.precision for rate in cached.rates} if cached else set()
    # What a quick run measured on a disturbed machine, and did not repeat, is not what others are held against.
    repeated = cached is not None and (not cached.disturbances or cached.attempts >= attempts)
    if cached is not None and have.issuperset(wanted) and repeated:
        return cached
    known = tuple(rate.precision for rate in cached.rates) if cached else ()
    return measured(
        environment,
        launcher=launcher,
        device=device,
        threads=threads,
        precisions=(*known, *precisions),
        warn=warn,
        budget_s=budget_s,
        attempts=attempts,
        shelf=shelf,
    )


def measured(
    environment: Environment,
    *,
    launcher: Launcher,
    device: str,
    threads: int,
    precisions: Iterable[Precision],
    warn: Warn,
    budget_s: float = BUDGET_S,
    attempts: int = ATTEMPTS,
    shelf: str = "",
) -> Ceilings:
    """Measure the ceilings now, and keep in the cache the best that this machine ever showed, which is returned.

    Raises:
        ResNetBenchError: they cannot be measured.
    """
    threads = host_threads(device, threads)
    beside = f" with {counted(threads, 'CPU thread')}" if threads else ""
    say(f"measuring the ceilings of {device}{beside}")
    request = CeilingsRequest(
        device=device,
        threads=threads,
        precisions=tuple(dict.fromkeys(arithmetic(precision).ceiling for precision in precisions)),
        budget_s=budget_s,
        attempts=attempts,
    )
    found = launcher.ask(request)
    if found.disturbances:
        often = "once and" if found.attempts == 1 else f"{found.attempts} times and each time"
        warn(
            f"the ceilings were measured {often} the machine was disturbed "
            f"({'; '.join(found.disturbances)}): they may be too low. Measure them alone with: "
            "resnet-bench machine --ceilings"
        )
    before = ceilings_cache.read(environment, device=device, threads=threads, warn=lambda _: None, shelf=shelf)
    best = found if before is None else best_of(before, found)
    ceilings_cache.write(best, environment, warn=warn, shelf=shelf)
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
