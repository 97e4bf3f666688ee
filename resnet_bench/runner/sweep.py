"""Launch after launch of a plan, each saved the moment it ends; disturbed ones are repeated after the others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from resnet_bench.errors import Interrupted, StoreError
from resnet_bench.records import Case, Header, Launch, Skip, SkipReason, remarks
from resnet_bench.records.profiles import profile_key
from resnet_bench.runner.artifacts import Artifacts, artifacts
from resnet_bench.runner.crew import AnyCaseRequest, Crew, crew
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan, Slot, estimate_s
from resnet_bench.runner.progress import Reporter, reporter
from resnet_bench.runner.reference_use import told
from resnet_bench.runner.work import Pending, WorkLeft
from resnet_bench.storage import run_directory
from resnet_bench.wire.answers import Unsupported
from resnet_bench.wire.messages import MeasureRequest

# A later launch of the same case would end the same way.
FINAL = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED, SkipReason.DISAGREES, SkipReason.TIMEOUT})
# --resume measures the other skips again. What disagrees is no result, but the same commit would disagree again.
SETTLED = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED, SkipReason.DISAGREES})
# Of so many launches in a row no answer came: the machine is lost, and --resume asks it again.
GIVEN_UP_AFTER = 3
Entry = Launch | Skip


def unfinished(slots: Sequence[Slot], entries: Sequence[Entry]) -> tuple[Slot, ...]:
    """Return the launches that are neither measured nor settled by a skip that stays, in their order."""
    measured = {(entry.case, entry.index) for entry in entries if isinstance(entry, Launch)}
    settled = {entry.case for entry in entries if isinstance(entry, Skip) and entry.reason in SETTLED}
    return tuple(slot for slot in slots if (slot.case, slot.index) not in measured and slot.case not in settled)


def measured(entries: Iterable[Entry]) -> frozenset[Case]:
    """Return the cases that have a launch."""
    return frozenset(entry.case for entry in entries if isinstance(entry, Launch))


def refuse(
    directory: Path, header: Header, unsupported: Sequence[Unsupported], without_room: Mapping[Case, str]
) -> list[Entry]:
    """Save a skip of each case of which it is known, before its first launch, that it cannot run."""
    why = {it.key: it.detail for it in unsupported}
    refused: list[Entry] = []
    for case in header.cases:
        detail = without_room.get(case) or why.get(profile_key(case))
        if detail is not None:
            refused.append(Skip(case=case, index=0, reason=SkipReason.UNSUPPORTED, detail=detail))
            run_directory.append(directory, refused[-1], run=header.id)
    return refused


def measure(directory: Path, header: Header, plan: Plan, slots: Sequence[Slot], launcher: Launcher) -> frozenset[Case]:
    """Measure launch after launch, each saved the moment it ends, and return the cases that have one.

    On several machines each has its own order, and they go on beside each other.

    Raises:
        StoreError: the directory cannot be written.
        Interrupted: the user stopped it; what is finished is saved.
    """
    found: set[Case] = set()
    cases = tuple(dict.fromkeys(slot.case for slot in slots))
    with (
        reporter(cases, launches=len(slots)) as report,
        artifacts(launcher, cases) as kept,
        crew(launcher) as makers,
    ):
        sweep = _Sweep(directory, header, plan, slots, makers=makers, report=report, kept=kept)
        try:
            for entry in sweep.entries():
                if isinstance(entry, Launch):
                    found.add(entry.case)
        except BaseException as error:
            sweep.save_the_rest(stopped=isinstance(error, KeyboardInterrupt))
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted(
                    f"interrupted; everything finished is saved. Go on with: resnet-bench run --resume {directory}"
                ) from None
            raise
    return frozenset(found)


class _Sweep:
    """A sweep under way."""

    def __init__(
        self,
        directory: Path,
        header: Header,
        plan: Plan,
        slots: Sequence[Slot],
        *,
        makers: Crew,
        report: Reporter,
        kept: Artifacts,
    ) -> None:
        self._directory = directory
        self._header = header
        self._plan = plan
        self._makers = makers
        self._report = report
        self._kept = kept
        self._told = told(header)
        self._unanswered: Counter[str] = Counter()  # launches without an answer since the last one with one
        self._work = WorkLeft(
            slots, lane_of=makers.lane, guess_s=lambda case: estimate_s(case, plan.model(case), self._told(case))
        )

    def entries(self) -> Iterator[Entry]:
        """Yield what came of each launch, once it is saved."""
        while True:
            while task := self._work.take(self._makers.has_room):
                self._report.started(task.slot.case, remaining_s=self._work.remaining_s)
                self._makers.begin(self._request(task))
            if not self._makers.under_way:
                return
            request, answer = self._makers.next()
            entry = self._saved(_of_this_run(answer, request, self._header))
            self._take_in(entry, request)
            yield entry

    def save_the_rest(self, *, stopped: bool) -> None:
        """Save what was answered meanwhile, and of a sweep that the user stopped what was under way."""
        for request, answer in self._makers.finished():
            self._saved(_of_this_run(answer, request, self._header))
        if stopped:
            for request in self._makers.under_way:
                self._saved(_skip(request.case, request.index, remarks.STOPPED))
            self._report.say("stopping")

    def _request(self, task: Pending) -> MeasureRequest:
        case = task.slot.case
        return MeasureRequest(
            case=case,
            index=task.slot.index,
            attempt=task.attempt,
            model=self._plan.model(case),
            protocol=self._told(case),
            artifacts=self._kept.folder(case),
        )

    def _take_in(self, entry: Entry, request: AnyCaseRequest) -> None:
        """Learn what the entry says of the launches that are left, and show it."""
        work, case = self._work, entry.case
        work.ended(case)
        if isinstance(entry, Skip) and entry.reason in FINAL:
            work.give_up(case)
        again = (
            isinstance(entry, Launch)
            and bool(entry.contention.disturbances)
            and entry.attempt < self._header.protocol.repeats
        )
        if isinstance(entry, Launch):
            work.learn(entry, again=again)
            if again:
                work.add(Pending(Slot(case, request.index), entry.attempt + 1))
        if work.is_done(case):
            self._kept.forget(case)
        self._report.ended(entry, case_is_done=work.is_done(case))
        if isinstance(entry, Launch) and again:
            self._report.again(entry)
        lane = self._makers.lane(case)
        lost = isinstance(entry, Skip) and entry.reason is SkipReason.INTERRUPTED
        self._unanswered[lane] = self._unanswered[lane] + 1 if lost else 0
        if self._unanswered[lane] == GIVEN_UP_AFTER:
            for slot in work.give_up_lane(lane):
                known = self._header.members[lane].machine.name if lane in self._header.members else lane
                why = remarks.given_up(known, GIVEN_UP_AFTER)
                self._report.ended(self._saved(_skip(slot.case, slot.index, why)), case_is_done=True)

    def _saved(self, entry: Entry) -> Entry:
        try:
            run_directory.append(self._directory, entry, run=self._header.id)
        except StoreError as error:
            raise StoreError(
                f"{error} The launch under way is lost, everything before it is saved. "
                f"Make room, then go on with: resnet-bench run --resume {self._directory}"
            ) from error
        return entry


def _skip(case: Case, index: int, detail: str) -> Skip:
    return Skip(case=case, index=index, reason=SkipReason.INTERRUPTED, detail=detail)


def _of_this_run(entry: Entry, request: AnyCaseRequest, header: Header) -> Entry:
    """Return what was measured, unless it is of a machine that the run does not know: it would be read no more.

    On a fleet it must be the very machine that the case names: an engine may give another node than was asked for.
    """
    if not isinstance(entry, Launch):
        return entry
    member = header.members.get(request.case.machine)
    known = {machine.id for machine in header.environments} if member is None else {member.environment.id}
    if entry.environment in known:
        return entry
    elsewhere = remarks.another_machine(entry.environment)
    return Skip(case=request.case, index=request.index, reason=SkipReason.CRASHED, detail=elsewhere)
