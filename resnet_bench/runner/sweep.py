"""Launch after launch of a plan, each saved the moment it ends; disturbed ones are repeated after the others."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from resnet_bench.errors import Interrupted, StoreError
from resnet_bench.records import Case, Header, Launch, Protocol, Skip, SkipReason, remarks
from resnet_bench.records.profiles import profile_key
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan, Slot, estimate_s
from resnet_bench.runner.progress import Reporter, reporter
from resnet_bench.storage import run_directory
from resnet_bench.wire.messages import MeasureRequest, Unsupported

# A later launch of the same case would end the same way.
FINAL = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED, SkipReason.DISAGREES, SkipReason.TIMEOUT})
# Results; --resume measures the other skips again.
SETTLED = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED})
Entry = Launch | Skip


def unfinished(slots: Sequence[Slot], entries: Sequence[Entry]) -> tuple[Slot, ...]:
    """Return the launches that are neither measured nor settled by a skip that is a result, in their order."""
    measured = {(entry.case, entry.index) for entry in entries if isinstance(entry, Launch)}
    settled = {entry.case for entry in entries if isinstance(entry, Skip) and entry.reason in SETTLED}
    return tuple(slot for slot in slots if (slot.case, slot.index) not in measured and slot.case not in settled)


def measured(entries: Sequence[Entry]) -> frozenset[Case]:
    """Return the cases that have a launch."""
    return frozenset(entry.case for entry in entries if isinstance(entry, Launch))


def refuse(directory: Path, header: Header, unsupported: Sequence[Unsupported]) -> list[Entry]:
    """Save a skip of each case of which it is known, before its first launch, that it cannot run."""
    why = {it.key: it.detail for it in unsupported}
    refused: list[Entry] = []
    for case in header.cases:
        detail = why.get(profile_key(case))
        if detail is not None:
            refused.append(Skip(case=case, index=0, reason=SkipReason.UNSUPPORTED, detail=detail))
            run_directory.append(directory, refused[-1], run=header.id)
    return refused


def measure(directory: Path, header: Header, plan: Plan, slots: Sequence[Slot], launcher: Launcher) -> list[Entry]:
    """Measure launch after launch, each saved the moment it ends, and return them.

    Raises:
        StoreError: the directory cannot be written.
        Interrupted: the user stopped it; what is finished is saved.
    """
    queue = deque((slot, 0) for slot in slots)
    given_up: set[Case] = set()
    entries: list[Entry] = []
    clock = _Estimate(header.protocol, plan)
    with reporter(tuple(dict.fromkeys(slot.case for slot in slots)), launches=len(slots)) as report:
        while queue:
            slot, attempt = queue.popleft()
            if slot.case in given_up:
                continue
            report.started(slot.case, remaining_s=clock.remaining_s([slot, *(waiting for waiting, _ in queue)]))
            request = MeasureRequest(
                case=slot.case,
                index=slot.index,
                attempt=attempt,
                model=plan.model(slot.case),
                protocol=header.protocol,
            )
            entry = _saved(directory, request, launcher, report, header)
            entries.append(entry)
            if isinstance(entry, Skip) and entry.reason in FINAL:
                given_up.add(slot.case)
            if isinstance(entry, Launch):
                clock.learn(entry)
                if entry.contention.disturbances and attempt < header.protocol.repeats:
                    queue.append((slot, attempt + 1))
            is_done = slot.case in given_up or all(waiting.case != slot.case for waiting, _ in queue)
            report.ended(entry, case_is_done=is_done)
    return entries


def _saved(directory: Path, request: MeasureRequest, launcher: Launcher, report: Reporter, header: Header) -> Entry:
    try:
        entry = _of_this_run(launcher.ask(request), request, header)
    except KeyboardInterrupt:
        stopped = Skip(case=request.case, index=request.index, reason=SkipReason.INTERRUPTED, detail=remarks.STOPPED)
        run_directory.append(directory, stopped, run=header.id)
        report.say("stopping")
        raise Interrupted(
            f"interrupted; everything finished is saved. Go on with: resnet-bench run --resume {directory}"
        ) from None
    try:
        run_directory.append(directory, entry, run=header.id)
    except StoreError as error:
        raise StoreError(
            f"{error} The launch under way is lost, everything before it is saved. "
            f"Make room, then go on with: resnet-bench run --resume {directory}"
        ) from error
    return entry


def _of_this_run(entry: Entry, request: MeasureRequest, header: Header) -> Entry:
    """Return what was measured, unless it is of a machine that the run does not know: it would be read no more."""
    if not isinstance(entry, Launch) or entry.environment in {machine.id for machine in header.environments}:
        return entry
    elsewhere = remarks.another_machine(entry.environment)
    return Skip(case=request.case, index=request.index, reason=SkipReason.CRASHED, detail=elsewhere)


class _Estimate:
    """The time left: what each case's launches took so far, and the plan's guess, scaled, for the others."""

    def __init__(self, protocol: Protocol, plan: Plan) -> None:
        self._protocol = protocol
        self._plan = plan
        self._took: dict[Case, float] = {}
        self._guessed_s = self._needed_s = 0.0

    def learn(self, entry: Launch) -> None:
        """Take in what a launch took."""
        self._took[entry.case] = entry.duration_s
        self._guessed_s += self._guess_s(entry.case)
        self._needed_s += entry.duration_s

    def remaining_s(self, slots: Sequence[Slot]) -> float:
        """Return about how long the given launches will take."""
        scale = self._needed_s / self._guessed_s if self._guessed_s else 1.0
        return sum(self._took.get(slot.case) or scale * self._guess_s(slot.case) for slot in slots)

    def _guess_s(self, case: Case) -> float:
        return estimate_s(case, self._plan.model(case), self._protocol)
