"""`--batch-sizes auto`: double from 1 until a batch does not fit, then bisect to the largest that does.

Every trial is a process of its own, so that one that runs out of memory takes nothing with it. On the CPU, where the
system would rather swap than refuse, a memory limit and a limit on the seconds of an iteration bound the search.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import psutil

from resnet_bench.executors import table as executors
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import BatchSearch, Case, SearchStop, Skip, SkipReason, Transfer, Trial
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.specs import Spec
from resnet_bench.storage.trials import TrialLog
from resnet_bench.wire.messages import FitRequest

LARGEST_BATCH = 65_536
CPU_MEMORY_SHARE = 0.5
TRIAL_OVERHEAD_S = 120.0


class Limits(NamedTuple):
    """What bounds a search; no memory limit means the device's own memory. A launch may take `launch_s`."""

    memory_bytes: int | None
    iteration_s: float
    launch_s: float = 0.0
    transfer: Transfer = Transfer.EXCLUDED


class Tried(NamedTuple):
    """One trial, and what of it would end a search: None where it fits."""

    trial: Trial
    stop: SearchStop | None


def default_memory_limit(device: str, free_bytes: int | None = None) -> int | None:
    """Return half of `free_bytes`, else of the memory that is free now, on the CPU; None on a device that refuses."""
    if is_accelerator(device):
        return None
    return int((free_bytes or psutil.virtual_memory().available) * CPU_MEMORY_SHARE)


def search(
    case: Case,
    model: Spec | str,
    limits: Limits,
    *,
    launcher: Launcher,
    log: TrialLog,
    on_trial: Callable[[Case, Trial], None],
) -> BatchSearch:
    """Find the largest batch size of `case` that fits within `limits`; what `log` holds is not tried again."""

    def fits(size: int) -> Tried:
        sized = case.with_batch_size(size)
        known = log.get(sized)
        if known is not None:
            return Tried(*known)
        answer = _tried(launcher, sized, model, limits)
        log.add(sized, answer.trial, answer.stop, limits.memory_bytes)
        on_trial(sized, answer.trial)
        return answer

    trials, largest, stop = largest_fit(fits, iteration_limit_s=limits.iteration_s)
    return BatchSearch(
        case=case,
        trials=trials,
        largest=largest,
        stopped_by=stop,
        memory_limit_bytes=limits.memory_bytes,
        iteration_limit_s=limits.iteration_s,
    )


def largest_fit(
    fits: Callable[[int], Tried], *, iteration_limit_s: float
) -> tuple[tuple[Trial, ...], int | None, SearchStop]:
    """Return all trials, the largest batch size that fitted, and what ended the doubling.

    A size beyond the time limit still counts as one that fits, and is the last: bisecting a noisy time would not be
    repeatable. A size that the case refuses for another reason (training on one value per channel) is passed over.
    """
    trials: list[Trial] = []
    largest, smallest_refused, stop = 0, LARGEST_BATCH + 1, SearchStop.MAXIMUM
    for size in _doubling():
        trial, reason = fits(size)
        trials.append(trial)
        if trial.fits:
            largest = size
            if trial.iteration_s is not None and trial.iteration_s > iteration_limit_s:
                stop = SearchStop.TIME_LIMIT
                break
        elif reason is not SearchStop.REFUSED or size > 1:
            smallest_refused, stop = size, reason or SearchStop.REFUSED
            break
    while stop in {SearchStop.OUT_OF_MEMORY, SearchStop.MEMORY_LIMIT} and smallest_refused - largest > 1:
        middle = (largest + smallest_refused) // 2
        trial, _ = fits(middle)
        trials.append(trial)
        if trial.fits:
            largest = middle
        else:
            smallest_refused = middle
    return tuple(trials), largest or None, stop


def _doubling() -> Iterator[int]:
    size = 1
    while size <= LARGEST_BATCH:
        yield size
        size *= 2


def _tried(launcher: Launcher, case: Case, model: Spec | str, limits: Limits) -> Tried:
    # Compiling takes minutes where nothing is wrong: it gets what a launch gets.
    compiles = executors.facts(case.executor).compiles
    overhead_s = max(TRIAL_OVERHEAD_S, limits.launch_s) if compiles else TRIAL_OVERHEAD_S
    request = FitRequest(
        case=case,
        model=model,
        memory_limit_bytes=limits.memory_bytes,
        time_limit_s=overhead_s + 4 * limits.iteration_s,
        transfer=limits.transfer,
    )
    answer = launcher.ask(request)
    if not isinstance(answer, Skip):
        fitting = Trial(
            batch_size=case.batch_size,
            fits=True,
            iteration_s=answer.iteration_s,
            peak_allocated_bytes=answer.peak_allocated_bytes,
        )
        return Tried(fitting, None)
    by_memory = SearchStop.OUT_OF_MEMORY if limits.memory_bytes is None else SearchStop.MEMORY_LIMIT
    stops = {SkipReason.OUT_OF_MEMORY: by_memory, SkipReason.TIMEOUT: SearchStop.TIME_LIMIT}
    refused = Trial(batch_size=case.batch_size, fits=False, detail=answer.detail)
    return Tried(refused, stops.get(answer.reason, SearchStop.REFUSED))
